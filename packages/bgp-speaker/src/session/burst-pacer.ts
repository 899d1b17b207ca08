import type { Clock, Timer } from '@slash32/shared';

/** Changes that come within this of each other belong together; so long is waited for another one. */
const QUIET_MS = 10;
/** No change waits longer than this, however many follow it. */
const LIMIT_MS = 50;

/**
 * When changes leave. One that comes after a pause leaves at once. Those that follow it closely leave when they fill
 * messages, and the rest when no more came for {@link QUIET_MS}, or the oldest has waited for {@link LIMIT_MS}. So one
 * route is never delayed, and 100,000 that come one by one become one message more than a full table does.
 */
export class BurstPacer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  /** How many are waiting. */
  #held = 0;
  /** When the latest change came. */
  #latestMs = Number.NEGATIVE_INFINITY;
  /** Since when the oldest of those that wait does. */
  #oldestMs = 0;
  #timer: Timer | undefined;
  #due = false;

  /** `onDue`: what waited may leave; to be answered by asking {@link admit} again. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** How many of `pending` changes may leave now, where `perMessage()` fill one; only asked if it matters. */
  admit(pending: number, perMessage: () => number): number {
    const nowMs = this.#clock.monotonicMs();
    const isFirst = this.#held === 0 && nowMs - this.#latestMs >= QUIET_MS;
    if (pending !== this.#held) this.#latestMs = nowMs;
    if (isFirst || this.#due) {
      this.stop();
      return pending;
    }
    const left = pending % perMessage();
    // What is left of a whole message and more is of the newest.
    if (this.#held === 0 || left < pending) this.#oldestMs = nowMs;
    this.#held = left;
    if (left === 0) this.stop();
    else this.#timer ??= this.#clock.schedule(this.#remainingMs(nowMs), () => this.#wake());
    return pending - left;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held = 0;
    this.#due = false;
  }

  #remainingMs(nowMs: number): number {
    return Math.min(this.#latestMs + QUIET_MS, this.#oldestMs + LIMIT_MS) - nowMs;
  }

  #wake(): void {
    const remainingMs = this.#remainingMs(this.#clock.monotonicMs());
    if (remainingMs > 0) {
      this.#timer = this.#clock.schedule(remainingMs, () => this.#wake());
      return;
    }
    // A process that was busy, or had to wait for a processor, has its timers run before it reads: what came meanwhile
    // is looked at first.
    this.#timer = this.#clock.schedule(0, () => {
      this.#timer = undefined;
      if (this.#remainingMs(this.#clock.monotonicMs()) > 0) this.#wake();
      else this.#release();
    });
  }

  #release(): void {
    this.#due = true;
    this.#onDue();
    this.#due = false;
  }
}
