/** Which families' routes outlive a session, and the next one's beginning. Pure. */
import type { BgpFamily } from '@slash32/shared';
import { CEASE, ERROR_CODE, isHardReset, type NotificationMessage } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { NegotiatedSession } from './negotiated-session.ts';

export interface KeptFamilies {
  /** The peer's restart time; 0 if nothing is kept, or the long-lived stale time begins at once. */
  readonly restartMs: number;
  /** Kept for the restart time (RFC 4724). */
  readonly restarting: ReadonlySet<BgpFamily>;
  /** Kept after it, or at once if not among `restarting`, for so long (RFC 9494). */
  readonly longLivedMs: ReadonlyMap<BgpFamily, number>;
}

const NOTHING: KeptFamilies = { restartMs: 0, restarting: new Set(), longLivedMs: new Map() };

/** Of a session that ended for this reason. */
export function keptFamilies(session: NegotiatedSession, reason: DownReason): KeptFamilies {
  const offer = session.remoteGracefulRestart;
  if (offer === undefined || !isKeptOver(session, reason)) return NOTHING;
  const restartMs = offer.restartTimeSeconds * 1000;
  const offered = offer.families.flatMap(({ family }) => (family === undefined ? [] : [family]));
  return {
    restartMs,
    restarting: restartMs === 0 ? new Set() : new Set(offered).intersection(session.context.families),
    longLivedMs: new Map(
      [...session.longLivedFamilies].map(([family, { staleTimeSeconds }]) => [family, staleTimeSeconds * 1000]),
    ),
  };
}

/**
 * Families of which the peer, back with this session, has kept the forwarding (F bits): what is stale of them stays until
 * it is announced again. `longLived`: the capability of RFC 9494 counts for these.
 */
export function preservedFamilies(
  session: NegotiatedSession,
  longLived: { has(family: BgpFamily): boolean },
): ReadonlySet<BgpFamily> {
  const restarted = (session.remoteGracefulRestart?.families ?? []).flatMap(({ family, forwardingPreserved }) =>
    family !== undefined && forwardingPreserved ? [family] : [],
  );
  return new Set(
    [...session.context.families].filter((family) =>
      longLived.has(family)
        ? session.longLivedFamilies.get(family)?.forwardingPreserved === true
        : restarted.includes(family),
    ),
  );
}

/** The peer said nothing for the hold time, or read nothing for the send hold time (RFC 9687). */
export function isSilence({ cause, notification }: DownReason): boolean {
  if (cause !== 'notification-sent' || notification === undefined) return false;
  return notification.code === ERROR_CODE.holdTimerExpired || notification.code === ERROR_CODE.sendHoldTimerExpired;
}

/**
 * RFC 4724 4.2: a connection that ends without a word. RFC 8538 4: a NOTIFICATION of either side, but a Hard Reset. Nor is
 * anything kept where BFD says that packets do not arrive (RFC 9384), though some routers say so without a Hard Reset.
 */
function isKeptOver(session: NegotiatedSession, { cause, notification }: DownReason): boolean {
  if (cause === 'tcp') return true;
  if (!session.gracefulNotification || notification === undefined || cause === 'stopped') return false;
  return !isHardReset(notification) && !isBfdDown(notification);
}

function isBfdDown({ code, subcode }: NotificationMessage): boolean {
  return code === ERROR_CODE.cease && subcode === CEASE.bfdDown;
}
