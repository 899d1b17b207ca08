import type { Clock, Timer } from '@slash32/shared';

/**
 * Turns a burst of hints that something is wrong into one check: `delayMs` after the first hint, and never more often
 * than every `intervalMs`, so that a program that fights over the same objects cannot take the processor.
 */
export class SuspicionTimer {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #intervalMs: number;
  readonly #check: () => void;
  #timer: Timer | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, options: { readonly delayMs: number; readonly intervalMs: number }, check: () => void) {
    this.#clock = clock;
    this.#delayMs = options.delayMs;
    this.#intervalMs = options.intervalMs;
    this.#check = check;
  }

  get isPending(): boolean {
    return this.#timer !== undefined;
  }

  hint(): void {
    if (this.#timer !== undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const dueMs = Math.max(nowMs + this.#delayMs, this.#lastMs + this.#intervalMs);
    this.#timer = this.#clock.schedule(dueMs - nowMs, () => {
      this.#timer = undefined;
      this.#lastMs = this.#clock.monotonicMs();
      this.#check();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
