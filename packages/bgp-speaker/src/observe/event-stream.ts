import { BatchQueue } from '@slash32/shared';

/** Says in the place of events that were left out how many they were. */
export interface LostEvents {
  readonly type: 'lost';
  readonly events: number;
}

/**
 * Events on their way to one reader, at most `limit` of them (twice that while the reader is at it). What comes while it
 * is full is left out and counted: a slow reader costs neither memory nor time of the sessions.
 */
export class EventStream<Event> {
  readonly #queue = new BatchQueue<Event>();
  readonly #limit: number;
  #lost = 0;

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  push(event: Event): void {
    if (this.#queue.size >= this.#limit) this.#lost += 1;
    else this.#queue.push(event);
  }

  /** Ends when `signal` aborts. */
  async *read(signal: AbortSignal): AsyncGenerator<Event | LostEvents, void, undefined> {
    for await (const batch of this.#queue.endOn(signal)) {
      // Counted up to here, these are missing behind this batch and before the next one.
      const events = this.#lost;
      this.#lost = 0;
      yield* batch;
      if (events > 0) yield { type: 'lost', events };
    }
  }
}
