import type { Clock, Timer } from '@slash32/shared';
import type { FsmTimer } from '../fsm/fsm-action.ts';

/** Extra time that a HoldTimer gets before it counts: one turn of the event loop reads what is already there. */
const HOLD_GRACE_MS = 20;

/** The timers of one FSM. */
export class SessionTimers {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #expired: (timer: FsmTimer) => void;
  readonly #running = new Map<FsmTimer, Timer>();

  constructor(clock: Clock, random: () => number, expired: (timer: FsmTimer) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#expired = expired;
  }

  /** Starts it, or starts it anew. */
  start(timer: FsmTimer, delayMs: number): void {
    this.#running.get(timer)?.cancel();
    this.#running.set(
      timer,
      this.#clock.schedule(delayMs, () => {
        // A process that was busy for longer than the hold time finds the timer due before it has read the KEEPALIVEs
        // that wait in its socket; they come first.
        if (timer === 'Hold')
          this.#running.set(
            timer,
            this.#clock.schedule(HOLD_GRACE_MS, () => this.#expire(timer)),
          );
        else this.#expire(timer);
      }),
    );
  }

  /** 75–100 % of the time (RFC 4271 10): sessions that started together must not stay in step. */
  startWithJitter(timer: FsmTimer, delayMs: number): void {
    this.start(timer, delayMs * (0.75 + 0.25 * this.#random()));
  }

  stop(timer: FsmTimer): void {
    this.#running.get(timer)?.cancel();
    this.#running.delete(timer);
  }

  isRunning(timer: FsmTimer): boolean {
    return this.#running.has(timer);
  }

  stopAll(): void {
    for (const timer of this.#running.values()) timer.cancel();
    this.#running.clear();
  }

  #expire(timer: FsmTimer): void {
    this.#running.delete(timer);
    this.#expired(timer);
  }
}
