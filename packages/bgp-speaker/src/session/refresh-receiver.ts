import type { BgpFamily, Clock, Timer } from '@slash32/shared';
import type { AdjRibIn, RouteChanged } from '../rib/adj-rib-in.ts';

/** Upper bound on waiting for the end of an answer (RFC 7313 4.2 leaves it to us; as for End-of-RIB). */
const REFRESH_MS = 360_000;

/**
 * The asking side of enhanced route refresh (RFC 7313 4.2): between the peer's marks its routes are stale until it has
 * sent them again, and those that it has not are gone at the end. They stay in use meanwhile.
 */
export class RefreshReceiver {
  readonly #clock: Clock;
  readonly #adjRibIn: AdjRibIn;
  readonly #changed: RouteChanged;
  readonly #timers = new Map<BgpFamily, Timer>();

  constructor(clock: Clock, adjRibIn: AdjRibIn, changed: RouteChanged) {
    this.#clock = clock;
    this.#adjRibIn = adjRibIn;
    this.#changed = changed;
  }

  /** The peer is in the middle of such an answer. */
  get isActive(): boolean {
    return this.#timers.size > 0;
  }

  begin(family: BgpFamily): void {
    this.#timers.get(family)?.cancel();
    this.#adjRibIn.markRefreshing(family, this.#changed);
    this.#timers.set(
      family,
      this.#clock.schedule(REFRESH_MS, () => this.end(family)),
    );
  }

  /** An end without a begin means nothing (RFC 7313 4.2). */
  end(family: BgpFamily): void {
    const timer = this.#timers.get(family);
    if (timer === undefined) return;
    timer.cancel();
    this.#timers.delete(family);
    this.#adjRibIn.sweepStale(family, this.#changed);
  }

  /** The session is down: what was not sent again is as good as the rest. */
  abandon(): void {
    for (const [family, timer] of this.#timers) {
      timer.cancel();
      this.#adjRibIn.unmarkStale(family, this.#changed);
    }
    this.#timers.clear();
  }
}
