export interface BackoffOptions {
  /** Milliseconds of the first delay. */
  readonly initialMs: number;
  /** No delay is longer, jitter included. */
  readonly maxMs: number;
  /** Growth per attempt; 2 if left out. */
  readonly factor?: number;
  /** 0–1: a delay is drawn evenly from `[1 − jitter, 1] × delay`, so that many that failed at once do not retry at once. 0.5 if left out. */
  readonly jitter?: number;
  /** Evenly distributed in [0, 1); `Math.random` outside tests. */
  readonly random: () => number;
}

/** Exponential back-off with jitter. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = { factor: 2, jitter: 0.5, ...options };
  }

  /** Attempts since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds to wait before the next attempt. */
  nextDelayMs(): number {
    const { initialMs, maxMs, factor, jitter, random } = this.#options;
    const fullMs = Math.min(maxMs, initialMs * factor ** this.#attempts);
    this.#attempts += 1;
    return fullMs * (1 - jitter * random());
  }

  /** After a success. */
  reset(): void {
    this.#attempts = 0;
  }
}
