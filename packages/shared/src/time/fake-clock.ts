import type { Clock, Timer } from './clock.ts';

interface PendingTimer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly action: () => void;
}

/** A clock that stands still until told to advance. Timers run in order of due time, ties in order of scheduling. */
export class FakeClock implements Clock {
  readonly #wallOffsetMs: number;
  readonly #pending = new Set<PendingTimer>();
  #nowMs = 0;
  #sequence = 0;

  /** `wallStartMs`: what `wallMs()` says at first; 2026-01-01T00:00:00Z if left out. */
  constructor(options: { readonly wallStartMs?: number } = {}) {
    this.#wallOffsetMs = options.wallStartMs ?? 1_767_225_600_000;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  schedule(delayMs: number, action: () => void): Timer {
    this.#sequence += 1;
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence, action };
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  /** Number of timers that wait. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer is due; `undefined` if none waits. */
  get nextTimerMs(): number | undefined {
    const next = this.#earliest(Number.POSITIVE_INFINITY);
    return next === undefined ? undefined : next.dueMs - this.#nowMs;
  }

  /** Moves time on and runs what falls due on the way, timers that these schedule included. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (let timer = this.#earliest(endMs); timer !== undefined; timer = this.#earliest(endMs)) this.#run(timer);
    this.#nowMs = endMs;
  }

  /** As {@link advance}, but lets promises settle before, between and after the timers. */
  async advanceAsync(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await settlePromises();
    for (let timer = this.#earliest(endMs); timer !== undefined; timer = this.#earliest(endMs)) {
      this.#run(timer);
      await settlePromises();
    }
    this.#nowMs = endMs;
    await settlePromises();
  }

  #run(timer: PendingTimer): void {
    this.#pending.delete(timer);
    this.#nowMs = timer.dueMs;
    timer.action();
  }

  #earliest(limitMs: number): PendingTimer | undefined {
    let earliest: PendingTimer | undefined;
    for (const timer of this.#pending) {
      if (timer.dueMs > limitMs) continue;
      if (
        earliest === undefined ||
        timer.dueMs < earliest.dueMs ||
        (timer.dueMs === earliest.dueMs && timer.sequence < earliest.sequence)
      ) {
        earliest = timer;
      }
    }
    return earliest;
  }
}

/** A turn of the event loop's check phase comes after every microtask that is queued now, nested ones included. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
