import type { Clock, Logger, Timer } from '@slash32/shared';

/** Actions that repeat; the interval begins anew when an action has ended, so that they never overlap themselves. */
export class PeriodicTasks {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers = new Set<Timer>();
  #stopped = false;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  every(intervalMs: number, action: () => void | Promise<void>): void {
    const timer = this.#clock.schedule(intervalMs, () => {
      this.#timers.delete(timer);
      void this.#run(action).then(() => {
        if (!this.#stopped) this.every(intervalMs, action);
      });
    });
    this.#timers.add(timer);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
  }

  async #run(action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#logger.warn({ err: error }, 'periodic check failed');
    }
  }
}
