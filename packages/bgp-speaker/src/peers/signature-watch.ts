import type { SignatureCounters } from '@slash32/linux';
import type { Clock, Timer } from '@slash32/shared';

export interface SignatureWatchOptions {
  readonly clock: Clock;
  readonly read: () => Promise<SignatureCounters | undefined>;
  /** False: nobody would ask, so nothing is read. */
  readonly isNeeded: () => boolean;
}

const READ_INTERVAL_MS = 5000;
/** A router calls again within this time, so that what is wrong shows until it is right. */
const WINDOW_MS = 120_000;

interface Sample {
  readonly atMs: number;
  readonly counters: SignatureCounters;
}

export const NO_FAULTS: SignatureCounters = { missing: 0, unexpected: 0, wrong: 0 };

/**
 * Segments with bad MD5 signatures that came lately. The kernel drops them without a word and counts them for the host as a
 * whole; that is all that there is to see of a router that calls us with the wrong password.
 */
export class SignatureWatch {
  readonly #options: SignatureWatchOptions;
  #samples: readonly Sample[] = [];
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: SignatureWatchOptions) {
    this.#options = options;
  }

  start(signal: AbortSignal): void {
    signal.addEventListener(
      'abort',
      () => {
        this.#stopped = true;
        this.#timer?.cancel();
      },
      { once: true },
    );
    void this.#sample();
  }

  /** Within the last two minutes, as far as they were watched. */
  recent(): SignatureCounters {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return NO_FAULTS;
    return {
      missing: last.counters.missing - first.counters.missing,
      unexpected: last.counters.unexpected - first.counters.unexpected,
      wrong: last.counters.wrong - first.counters.wrong,
    };
  }

  async #sample(): Promise<void> {
    const { clock, read, isNeeded } = this.#options;
    if (!isNeeded()) this.#samples = [];
    else {
      const counters = await read();
      const nowMs = clock.monotonicMs();
      const kept = this.#samples.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
      this.#samples = counters === undefined ? [] : [...kept, { atMs: nowMs, counters }];
    }
    if (!this.#stopped) this.#timer = clock.schedule(READ_INTERVAL_MS, () => void this.#sample());
  }
}
