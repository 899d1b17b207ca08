import type { Clock, Timer } from '@slash32/shared';

/** So many rounds of changes go out at once; one more is earned each time this passes. */
const MAX_CREDIT = 8;
const CREDIT_MS = 10;
/** What does not fill a message waits no longer than this in a burst. */
const LINGER_MS = 20;

/**
 * When changes leave: at once while there are few rounds of them; in a burst, when they fill messages, and the rest after
 * a moment. So one route is never delayed, and 100,000 that come one by one do not become 100,000 messages.
 */
export class BurstPacer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #credit = MAX_CREDIT;
  #creditAtMs: number;
  #timer: Timer | undefined;
  #due = false;

  /** `onDue`: what waited may leave; to be answered by asking {@link admit} again. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#creditAtMs = clock.monotonicMs();
  }

  /** How many of `pending` changes may leave now, where `perMessage` fill one. */
  admit(pending: number, perMessage: number): number {
    this.#earn();
    if (this.#due || this.#credit > 0) {
      if (!this.#due) this.#credit -= 1;
      this.stop();
      return pending;
    }
    const whole = pending - (pending % perMessage);
    if (whole === pending) this.stop();
    else this.#timer ??= this.#clock.schedule(LINGER_MS, () => this.#linger());
    return whole;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = false;
  }

  #linger(): void {
    this.#timer = undefined;
    this.#due = true;
    this.#onDue();
    this.#due = false;
  }

  #earn(): void {
    const nowMs = this.#clock.monotonicMs();
    const earned = Math.floor((nowMs - this.#creditAtMs) / CREDIT_MS);
    if (earned <= 0) return;
    this.#credit = Math.min(MAX_CREDIT, this.#credit + earned);
    this.#creditAtMs += earned * CREDIT_MS;
  }
}
