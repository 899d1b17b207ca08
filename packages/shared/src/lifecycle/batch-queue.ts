/**
 * A queue that one consumer drains in batches: whatever was pushed while it was busy comes as its next batch.
 * Unbounded: producers that can outrun their consumer coalesce before they push.
 */
export class BatchQueue<Item> implements AsyncIterable<readonly Item[]> {
  #items: Item[] = [];
  #state: { readonly type: 'open' | 'ended' } | { readonly type: 'failed'; readonly error: unknown } = { type: 'open' };
  #wake: (() => void) | undefined;

  get size(): number {
    return this.#items.length;
  }

  /** Ignored after the end. */
  push(...items: readonly Item[]): void {
    if (this.#state.type !== 'open') return;
    for (const item of items) this.#items.push(item);
    this.#wakeConsumer();
  }

  /** The consumer gets what is queued, then the end. */
  end(): void {
    if (this.#state.type !== 'open') return;
    this.#state = { type: 'ended' };
    this.#wakeConsumer();
  }

  /** The consumer gets what is queued, then the error. */
  fail(error: unknown): void {
    if (this.#state.type !== 'open') return;
    this.#state = { type: 'failed', error };
    this.#wakeConsumer();
  }

  /** Ends when `signal` aborts; what is queued then is dropped. */
  endOn(signal: AbortSignal): this {
    const abort = (): void => {
      this.#items = [];
      this.end();
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Item[], void, undefined> {
    while (true) {
      if (this.#items.length > 0) {
        const batch = this.#items;
        this.#items = [];
        yield batch;
      } else if (this.#state.type === 'failed') {
        throw this.#state.error;
      } else if (this.#state.type === 'ended') {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #wakeConsumer(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
