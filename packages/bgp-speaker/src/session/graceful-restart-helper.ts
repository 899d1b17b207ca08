import type { BgpFamily, Clock, Timer } from '@slash32/shared';
import { BGP_FAMILIES } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { AdjRibIn, RouteChanged } from '../rib/adj-rib-in.ts';
import type { NegotiatedSession } from './negotiated-session.ts';

/** Upper bound on keeping stale routes once the peer is back but sends no End-of-RIB (RFC 4724 4.2). */
const STALE_PATH_MS = 360_000;

/**
 * The receiving speaker of graceful restart (RFC 4724 4.2) for one peer: keeps its routes while it restarts, as long
 * as it asked for, and removes those that it does not announce again.
 *
 * Only a TCP connection that ends without NOTIFICATION starts it. In particular not our own HoldTimer: a router that
 * went silent is as likely dead as restarting, and its routes would draw traffic away from the other rack router.
 */
export class GracefulRestartHelper {
  readonly #clock: Clock;
  readonly #adjRibIn: AdjRibIn;
  readonly #changed: RouteChanged;
  #timer: Timer | undefined;
  #restarting = false;

  constructor(clock: Clock, adjRibIn: AdjRibIn, changed: RouteChanged) {
    this.#clock = clock;
    this.#adjRibIn = adjRibIn;
    this.#changed = changed;
  }

  /** The peer is away and its routes are kept. */
  get peerRestarting(): boolean {
    return this.#restarting;
  }

  /** Keeps or removes the routes of the session that ended; returns whether any family's are kept. */
  sessionDown(session: NegotiatedSession, reason: DownReason): boolean {
    this.#cancelTimer();
    const offer = session.remoteGracefulRestart;
    const restartMs = (offer?.restartTimeSeconds ?? 0) * 1000;
    const kept = reason.cause === 'tcp' && restartMs > 0 ? offeredFamilies(session) : new Set<BgpFamily>();
    for (const family of BGP_FAMILIES) {
      if (kept.has(family)) this.#adjRibIn.markStale(family, this.#changed);
      else this.#adjRibIn.clear(family, this.#changed);
    }
    this.#restarting = kept.size > 0;
    if (this.#restarting) {
      this.#timer = this.#clock.schedule(restartMs, () => {
        this.#restarting = false;
        this.#sweep(BGP_FAMILIES);
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
    if (this.#adjRibIn.staleRoutes() > 0) {
      this.#timer = this.#clock.schedule(STALE_PATH_MS, () => this.#sweep(BGP_FAMILIES));
    }
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

  #sweep(families: readonly BgpFamily[]): void {
    for (const family of families) this.#adjRibIn.sweepStale(family, this.#changed);
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

function offeredFamilies(session: NegotiatedSession): ReadonlySet<BgpFamily> {
  const offered = session.remoteGracefulRestart?.families ?? [];
  return new Set(
    offered.flatMap(({ family }) => (family !== undefined && session.context.families.has(family) ? [family] : [])),
  );
}
