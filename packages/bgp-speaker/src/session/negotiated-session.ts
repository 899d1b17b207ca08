import type { BgpFamily } from '@slash32/shared';
import {
  type Capability,
  type CodecContext,
  lastCapability,
  negotiate,
  type OpenMessage,
  openAsNumber,
  openFamilies,
  type PeerType,
} from '../codec/index.ts';

export interface LongLivedFamily {
  /** 1–16,777,215. */
  readonly staleTimeSeconds: number;
  /** F bit of the peer. */
  readonly forwardingPreserved: boolean;
}

/** What both OPENs of a session agreed on. */
export interface NegotiatedSession {
  readonly local: OpenMessage;
  readonly remote: OpenMessage;
  readonly context: CodecContext;
  /** What the peer is, by its OPEN (RFC 6793). */
  readonly remoteAsNumber: number;
  /** 0: the session never expires and sends no KEEPALIVEs. */
  readonly holdTimeSeconds: number;
  /** A third of the hold time (RFC 4271 4.4); 0 for none. */
  readonly keepaliveSeconds: number;
  /** The peer answers ROUTE-REFRESH (RFC 2918). */
  readonly remoteRouteRefresh: boolean;
  /** Both mark the begin and the end of such answers (RFC 7313). */
  readonly enhancedRouteRefresh: boolean;
  /** Both keep routes over a NOTIFICATION that is no Hard Reset, and over an expired hold time (RFC 8538). */
  readonly gracefulNotification: boolean;
  /**
   * Families whose routes each side may keep beyond the other's restart time (RFC 9494): both offer it, and graceful
   * restart. The time is the peer's, or ours if that is shorter.
   */
  readonly longLivedFamilies: ReadonlyMap<BgpFamily, LongLivedFamily>;
  /** The peer offers long-lived graceful restart, so that it knows LLGR_STALE. */
  readonly remoteLongLived: boolean;
  readonly remoteGracefulRestart?: Extract<Capability, { kind: 'graceful-restart' }>;
}

export function negotiateSession(local: OpenMessage, remote: OpenMessage, peerType: PeerType): NegotiatedSession {
  const holdTimeSeconds = Math.min(local.holdTimeSeconds, remote.holdTimeSeconds);
  const remoteGracefulRestart = lastCapability(remote.capabilities, 'graceful-restart');
  return {
    local,
    remote,
    context: negotiate(local, remote, peerType),
    remoteAsNumber: openAsNumber(remote),
    holdTimeSeconds,
    keepaliveSeconds: holdTimeSeconds / 3,
    remoteRouteRefresh: lastCapability(remote.capabilities, 'route-refresh') !== undefined,
    enhancedRouteRefresh: [local, remote].every(
      ({ capabilities }) => lastCapability(capabilities, 'enhanced-route-refresh') !== undefined,
    ),
    gracefulNotification: [local, remote].every(
      ({ capabilities }) => lastCapability(capabilities, 'graceful-restart')?.notification === true,
    ),
    remoteLongLived: lastCapability(remote.capabilities, 'long-lived-graceful-restart') !== undefined,
    longLivedFamilies: longLivedFamilies(local, remote),
    ...(remoteGracefulRestart === undefined ? {} : { remoteGracefulRestart }),
  };
}

/** RFC 9494 4.1: the capability counts only beside that of graceful restart; a family with time 0 is not kept. */
function longLivedFamilies(local: OpenMessage, remote: OpenMessage): ReadonlyMap<BgpFamily, LongLivedFamily> {
  const [ours, theirs] = [local, remote].map(({ capabilities }) =>
    lastCapability(capabilities, 'graceful-restart') === undefined
      ? []
      : (lastCapability(capabilities, 'long-lived-graceful-restart')?.families ?? []),
  );
  const negotiated = openFamilies(local).intersection(openFamilies(remote));
  const found = new Map<BgpFamily, LongLivedFamily>();
  for (const { family, staleTimeSeconds, forwardingPreserved } of theirs ?? []) {
    if (family === undefined || !negotiated.has(family)) continue;
    const own = ours?.find((entry) => entry.family === family)?.staleTimeSeconds ?? 0;
    const seconds = Math.min(own, staleTimeSeconds);
    if (seconds > 0) found.set(family, { staleTimeSeconds: seconds, forwardingPreserved });
  }
  return found;
}
