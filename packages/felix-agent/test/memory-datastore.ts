import {
  BatchQueue,
  type Datastore,
  type DatastoreEntry,
  type DatastoreEvent,
  type DatastoreProblem,
  keyOf,
  type Resource,
  type ResourceKey,
} from '@slash32/shared';

/** A datastore in memory. `goDown` breaks the watches and every later one, until `comeBack`. */
export class MemoryDatastore implements Datastore {
  readonly description = 'memory:';
  readonly #entries = new Map<ResourceKey, DatastoreEntry>();
  readonly #watches = new Set<BatchQueue<DatastoreEvent>>();
  #revision = 0;
  #isDown = false;
  #problems: readonly DatastoreProblem[] = [];

  async list() {
    return { entries: [...this.#entries.values()], problems: this.#problems };
  }

  async get(key: ResourceKey): Promise<DatastoreEntry | undefined> {
    return this.#entries.get(key);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<readonly DatastoreEvent[]> {
    if (this.#isDown) throw new Error('datastore is down');
    const queue = new BatchQueue<DatastoreEvent>().endOn(signal);
    this.#watches.add(queue);
    for (const entry of this.#entries.values()) queue.push({ type: 'put', entry });
    queue.push({ type: 'problems', problems: this.#problems }, { type: 'in-sync' });
    try {
      yield* queue;
    } finally {
      this.#watches.delete(queue);
    }
  }

  async put(resource: Resource): Promise<DatastoreEntry> {
    const [entry] = this.putAll([resource]);
    if (entry === undefined) throw new Error('unreachable');
    return entry;
  }

  /** All of them as one batch of events. */
  putAll(resources: readonly Resource[]): readonly DatastoreEntry[] {
    const entries = resources.map((resource) => {
      this.#revision += 1;
      const entry = { key: keyOf(resource), resource, revision: String(this.#revision) };
      this.#entries.set(entry.key, entry);
      return entry;
    });
    this.#emit(entries.map((entry) => ({ type: 'put', entry })));
    return entries;
  }

  async delete(key: ResourceKey): Promise<boolean> {
    const existed = this.#entries.delete(key);
    if (existed) this.#emit([{ type: 'delete', key }]);
    return existed;
  }

  reportProblems(problems: readonly DatastoreProblem[]): void {
    this.#problems = problems;
    this.#emit([{ type: 'problems', problems }]);
  }

  goDown(): void {
    this.#isDown = true;
    for (const queue of this.#watches) queue.fail(new Error('datastore is down'));
  }

  comeBack(): void {
    this.#isDown = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const queue of this.#watches) queue.end();
  }

  #emit(events: readonly DatastoreEvent[]): void {
    for (const queue of this.#watches) queue.push(...events);
  }
}
