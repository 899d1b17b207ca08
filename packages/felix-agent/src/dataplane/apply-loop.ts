import { Backoff, type Clock, type Logger, type Timer } from '@slash32/shared';

/**
 * Runs one round at a time. What arrives during a round is taken by the next one, all of it, at once: load makes the
 * batches larger, and an idle loop adds no delay. A round that throws is repeated with back-off.
 */
export class ApplyLoop {
  readonly #round: () => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  #pending = false;
  #running: Promise<void> | undefined;
  #retry: Timer | undefined;
  #stopped = false;
  #failing: unknown;

  constructor(
    round: () => Promise<void>,
    context: { readonly clock: Clock; readonly logger: Logger; readonly random: () => number },
  ) {
    this.#round = round;
    this.#clock = context.clock;
    this.#logger = context.logger;
    this.#backoff = new Backoff({ initialMs: 100, maxMs: 10_000, random: context.random });
  }

  /** What the last round failed with; `undefined` if it did not. */
  get failure(): unknown {
    return this.#failing;
  }

  get isIdle(): boolean {
    return this.#running === undefined && !this.#pending;
  }

  kick(): void {
    this.#pending = true;
    if (this.#stopped || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#pending && !this.#stopped) this.kick();
    });
  }

  /** Lets the present round end, and begins no other. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#pending && !this.#stopped) {
      this.#pending = false;
      this.#retry?.cancel();
      try {
        await this.#round();
        if (this.#failing !== undefined) this.#logger.info('dataplane round succeeded again');
        this.#failing = undefined;
        this.#backoff.reset();
      } catch (error) {
        this.#failing = error;
        const delayMs = this.#backoff.nextDelayMs();
        this.#logger.error({ err: error, retryInMs: Math.round(delayMs) }, 'dataplane round failed; what was stays');
        this.#retry = this.#clock.schedule(delayMs, () => this.kick());
      }
    }
  }
}
