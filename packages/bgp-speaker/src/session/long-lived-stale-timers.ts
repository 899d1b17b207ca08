import type { BgpFamily, Clock, Timer } from '@slash32/shared';

/**
 * The timers of long-lived graceful restart, one per family (RFC 9494 4.2). One that runs is not started anew: however
 * often the session comes and goes, its routes are not kept any longer.
 */
export class LongLivedStaleTimers {
  readonly #clock: Clock;
  readonly #expired: (family: BgpFamily) => void;
  readonly #running = new Map<BgpFamily, { readonly timer: Timer; readonly endMs: number }>();

  constructor(clock: Clock, expired: (family: BgpFamily) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  get size(): number {
    return this.#running.size;
  }

  has(family: BgpFamily): boolean {
    return this.#running.has(family);
  }

  start(family: BgpFamily, staleMs: number): void {
    if (this.#running.has(family)) return;
    const timer = this.#clock.schedule(staleMs, () => {
      this.#running.delete(family);
      this.#expired(family);
    });
    this.#running.set(family, { timer, endMs: this.#clock.monotonicMs() + staleMs });
  }

  stop(family: BgpFamily): void {
    this.#running.get(family)?.timer.cancel();
    this.#running.delete(family);
  }

  secondsLeft(): ReadonlyMap<BgpFamily, number> {
    const nowMs = this.#clock.monotonicMs();
    return new Map([...this.#running].map(([family, { endMs }]) => [family, (endMs - nowMs) / 1000]));
  }
}
