import type { Datastore, DatastoreEntry, DatastoreEvent, DatastoreProblem, ResourceKey } from '../../src/index.ts';
import { until } from './until.ts';

/** Follows a watch and keeps what it said: all batches, and the state they add up to. */
export class WatchRecorder implements AsyncDisposable {
  readonly batches: (readonly DatastoreEvent[])[] = [];
  readonly state = new Map<ResourceKey, DatastoreEntry>();
  problems: readonly DatastoreProblem[] = [];
  inSync = false;
  ended = false;
  readonly #controller = new AbortController();
  readonly #done: Promise<void>;

  constructor(datastore: Datastore) {
    this.#done = this.#follow(datastore);
  }

  get events(): readonly DatastoreEvent[] {
    return this.batches.flat();
  }

  untilInSync(): Promise<void> {
    return until('the watch is in sync', () => this.inSync);
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.#done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #follow(datastore: Datastore): Promise<void> {
    for await (const batch of datastore.watch(this.#controller.signal)) {
      this.batches.push(batch);
      for (const event of batch) {
        if (event.type === 'put') this.state.set(event.entry.key, event.entry);
        if (event.type === 'delete') this.state.delete(event.key);
        if (event.type === 'problems') this.problems = event.problems;
        if (event.type === 'in-sync') this.inSync = true;
      }
    }
    this.ended = true;
  }
}
