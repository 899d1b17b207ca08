import type { BgpFamily, Clock, Timer } from '@slash32/shared';
import { BGP_FAMILIES } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import type { AdjRibIn, RouteChanged } from '../rib/adj-rib-in.ts';
import { isSilence, keptFamilies, preservedFamilies } from './kept-families.ts';
import { LongLivedStaleTimers } from './long-lived-stale-timers.ts';
import type { NegotiatedSession } from './negotiated-session.ts';

/**
 * The receiving speaker of graceful restart (RFC 4724 4.2, RFC 8538 4.1, RFC 9494 4.2) for one peer: keeps its routes
 * while its session is away, as long as it asked for, and removes those that it does not announce again. kept-families.ts
 * has which routes; here is until when:
 *
 *   session down ─► restart time ─┬─► long-lived stale time, as the last resort ─► gone
 *                                 └─► gone, without LLGR
 *   session up ─► End-of-RIB, or stalePathSeconds ─► what was not announced again is gone
 *
 * What is kept of a peer that fell silent is the last resort at once: it is as likely dead as restarting.
 */
export class GracefulRestartHelper {
  readonly #clock: Clock;
  readonly #adjRibIn: AdjRibIn;
  readonly #settings: () => Pick<PeerSettings, 'stalePathSeconds'>;
  readonly #changed: RouteChanged;
  readonly #longLived: LongLivedStaleTimers;
  #timer: Timer | undefined;
  #peerIsAway = false;
  /** Of the oldest stale routes: however often the session comes and goes, they are not kept any longer without LLGR. */
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
    this.#longLived = new LongLivedStaleTimers(clock, (family) => this.#adjRibIn.sweepStale(family, changed));
  }

  /** The peer is away and routes of it are kept. */
  get peerRestarting(): boolean {
    return this.#peerIsAway && (this.#timer !== undefined || this.#longLived.size > 0);
  }

  /** Families whose routes are kept beyond the restart time, with the seconds that are left. */
  get longLived(): ReadonlyMap<BgpFamily, number> {
    return this.#longLived.secondsLeft();
  }

  /** Keeps or removes the routes of the session that ended; returns whether any family's are kept. */
  sessionDown(session: NegotiatedSession, reason: DownReason): boolean {
    this.#cancelTimer();
    this.#peerIsAway = true;
    const { restartMs, restarting, longLivedMs } = keptFamilies(session, reason);
    if (!session.gracefulNotification || this.#adjRibIn.staleRoutes() === 0) {
      this.#latestEndMs = this.#clock.monotonicMs() + restartMs + this.#stalePathMs;
    }
    for (const family of BGP_FAMILIES) {
      const isKept = restarting.has(family) || longLivedMs.has(family);
      if (!isKept) this.#drop(family);
      else {
        const keepEarlier = session.gracefulNotification || this.#longLived.has(family);
        this.#adjRibIn.markStale(family, this.#changed, { keepEarlier });
        if (isSilence(reason)) this.#adjRibIn.keepStaleAs(family, 'silent', this.#changed);
        if (!restarting.has(family)) this.#endRestartTime([family], longLivedMs);
      }
    }
    if (restarting.size > 0) this.#startTimer(restartMs, () => this.#endRestartTime([...restarting], longLivedMs));
    return this.peerRestarting;
  }

  /** The peer is back. Families whose forwarding it did not keep lose their stale routes at once. */
  sessionUp(session: NegotiatedSession): void {
    this.#cancelTimer();
    this.#peerIsAway = false;
    const preserved = preservedFamilies(session, this.#longLived);
    for (const family of BGP_FAMILIES) if (!preserved.has(family)) this.#sweep(family);
    if (this.#adjRibIn.staleRoutes() === 0) return;
    // The long-lived stale time goes on until End-of-RIB (RFC 9494 4.2).
    const restarted = BGP_FAMILIES.filter((family) => !this.#longLived.has(family));
    this.#startTimer(this.#stalePathMs, () => this.#endRestartTime(restarted, new Map()));
  }

  endOfRib(family: BgpFamily): void {
    this.#sweep(family);
    if (this.#adjRibIn.staleRoutes() === 0) this.#cancelTimer();
  }

  /** The peer is no longer configured: nothing of it stays. */
  clear(): void {
    this.#cancelTimer();
    this.#peerIsAway = false;
    for (const family of BGP_FAMILIES) this.#drop(family);
  }

  get #stalePathMs(): number {
    return this.#settings().stalePathSeconds * 1000;
  }

  #startTimer(delayMs: number, expired: () => void): void {
    const leftMs = Math.max(0, this.#latestEndMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(Math.min(delayMs, leftMs), () => {
      this.#timer = undefined;
      expired();
    });
  }

  /** What is still stale goes, or goes on as the last resort for so long. */
  #endRestartTime(families: readonly BgpFamily[], longLivedMs: ReadonlyMap<BgpFamily, number>): void {
    for (const family of families) {
      const staleMs = longLivedMs.get(family);
      if (staleMs === undefined) this.#sweep(family);
      else {
        this.#adjRibIn.keepStaleAs(family, 'long-lived', this.#changed);
        this.#longLived.start(family, staleMs);
      }
    }
  }

  /** Nothing stale stays of the family. */
  #sweep(family: BgpFamily): void {
    this.#longLived.stop(family);
    this.#adjRibIn.sweepStale(family, this.#changed);
  }

  /** Nothing stays of the family. */
  #drop(family: BgpFamily): void {
    this.#longLived.stop(family);
    this.#adjRibIn.clear(family, this.#changed);
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
