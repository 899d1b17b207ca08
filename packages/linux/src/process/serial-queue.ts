/** Runs asynchronous work one after the other, in the order of the calls; one that fails stops none after it. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all work that was given so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
