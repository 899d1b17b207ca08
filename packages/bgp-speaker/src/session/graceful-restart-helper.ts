import type { BgpFamily, Clock, Timer } from '@slash32/shared';
import { BGP_FAMILIES, isHardReset } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import type { AdjRibIn, RouteChanged } from '../rib/adj-rib-in.ts';
import type { NegotiatedSession } from './negotiated-session.ts';

/**
 * The receiving speaker of graceful restart (RFC 4724 4.2, RFC 8538 4.1) for one peer: keeps its routes while its session
 * is away, as long as it asked for, and removes those that it does not announce again.
 *
 * A TCP connection that ends without a word starts it. If both sides offered it (N bit), so do a NOTIFICATION of either
 * that is no Hard Reset and an expired hold time. Otherwise our own HoldTimer does not: a router that went silent is as
 * likely dead as restarting, and its routes would draw traffic away from the other rack router.
 */
export class GracefulRestartHelper {
  readonly #clock: Clock;
  readonly #adjRibIn: AdjRibIn;
  readonly #settings: () => Pick<PeerSettings, 'stalePathSeconds'>;
  readonly #changed: RouteChanged;
  #timer: Timer | undefined;
  #restarting = false;
  /** Of the oldest stale routes: however often the session comes and goes, they are not kept any longer. */
  #latestEndMs = 0;

  constructor(
    clock: Clock,
    adjRibIn: AdjRibIn,
    settings: () => Pick<PeerSettings, 'stalePathSeconds'>,
    changed: RouteChanged,
  ) {
    this.#clock = clock;
    this.#adjRibIn = adjRibIn;
    this.#settings = settings;
    this.#changed = changed;
  }

  /** The peer is away and its routes are kept. */
  get peerRestarting(): boolean {
    return this.#restarting;
  }

  /** Keeps or removes the routes of the session that ended; returns whether any family's are kept. */
  sessionDown(session: NegotiatedSession, reason: DownReason): boolean {
    this.#cancelTimer();
    const restartMs = (session.remoteGracefulRestart?.restartTimeSeconds ?? 0) * 1000;
    const keepEarlier = session.gracefulNotification;
    const kept = restartMs > 0 && isKeptOver(session, reason) ? offeredFamilies(session) : new Set<BgpFamily>();
    if (!keepEarlier || this.#adjRibIn.staleRoutes() === 0) {
      this.#latestEndMs = this.#clock.monotonicMs() + restartMs + this.#stalePathMs;
    }
    for (const family of BGP_FAMILIES) {
      if (kept.has(family)) this.#adjRibIn.markStale(family, this.#changed, { keepEarlier });
      else this.#adjRibIn.clear(family, this.#changed);
    }
    this.#restarting = kept.size > 0;
    if (this.#restarting) {
      this.#sweepAfter(restartMs, () => {
        this.#restarting = false;
      });
    }
    return this.#restarting;
  }

  /** The peer is back. Families whose forwarding it did not keep lose their stale routes at once. */
  sessionUp(session: NegotiatedSession): void {
    this.#cancelTimer();
    this.#restarting = false;
    const preserved = new Set(
      session.remoteGracefulRestart?.families.flatMap(({ family, forwardingPreserved }) =>
        family !== undefined && forwardingPreserved ? [family] : [],
      ),
    );
    this.#sweep(BGP_FAMILIES.filter((family) => !preserved.has(family) || !session.context.families.has(family)));
    if (this.#adjRibIn.staleRoutes() > 0) this.#sweepAfter(this.#stalePathMs);
  }

  endOfRib(family: BgpFamily): void {
    this.#sweep([family]);
    if (this.#adjRibIn.staleRoutes() === 0) this.#cancelTimer();
  }

  /** The peer is no longer configured: nothing of it stays. */
  clear(): void {
    this.#cancelTimer();
    this.#restarting = false;
    for (const family of BGP_FAMILIES) this.#adjRibIn.clear(family, this.#changed);
  }

  get #stalePathMs(): number {
    return this.#settings().stalePathSeconds * 1000;
  }

  #sweepAfter(delayMs: number, first?: () => void): void {
    const leftMs = Math.max(0, this.#latestEndMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(Math.min(delayMs, leftMs), () => {
      first?.();
      this.#sweep(BGP_FAMILIES);
    });
  }

  #sweep(families: readonly BgpFamily[]): void {
    for (const family of families) this.#adjRibIn.sweepStale(family, this.#changed);
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** RFC 4724 4.2: a connection that ends without a word. RFC 8538 4: a NOTIFICATION of either side, but a Hard Reset. */
function isKeptOver(session: NegotiatedSession, { cause, notification }: DownReason): boolean {
  if (cause === 'tcp') return true;
  if (!session.gracefulNotification || notification === undefined || cause === 'stopped') return false;
  return !isHardReset(notification);
}

function offeredFamilies(session: NegotiatedSession): ReadonlySet<BgpFamily> {
  const offered = session.remoteGracefulRestart?.families ?? [];
  return new Set(
    offered.flatMap(({ family }) => (family !== undefined && session.context.families.has(family) ? [family] : [])),
  );
}
