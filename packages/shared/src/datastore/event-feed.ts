import type { DatastoreEvent } from './datastore.ts';

/**
 * The events of one watcher. Whatever happens while the watcher is busy becomes one batch, and of several events of a
 * resource only the last stays, so a slow watcher costs no more than the datastore itself.
 */
export class EventFeed {
  #waiting = new Map<string, DatastoreEvent>();
  #wake: (() => void) | undefined;

  add(events: readonly DatastoreEvent[]): void {
    for (const event of events) this.#waiting.set(identityOf(event), event);
    if (this.#waiting.size === 0) return;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Ends when `signal` aborts. */
  async *batches(signal: AbortSignal): AsyncGenerator<readonly DatastoreEvent[], void, undefined> {
    const abort = (): void => {
      const wake = this.#wake;
      this.#wake = undefined;
      wake?.();
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      while (!signal.aborted) {
        if (this.#waiting.size === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        const batch = [...this.#waiting.values()];
        this.#waiting = new Map();
        yield batch;
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

function identityOf(event: DatastoreEvent): string {
  switch (event.type) {
    case 'put':
      return event.entry.key;
    case 'delete':
      return event.key;
    case 'problems':
    case 'in-sync':
      return event.type;
  }
}
