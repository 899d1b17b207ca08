import type { Resource } from '../resources/resource.ts';
import type { ResourceKey } from '../resources/resource-key.ts';

/** Where a resource was read, for messages: a file and the line its document starts at (from 1). */
export interface ResourceOrigin {
  readonly file: string;
  readonly line: number;
}

export interface DatastoreEntry {
  readonly key: ResourceKey;
  readonly resource: Resource;
  /** Opaque; changes with every change of the resource. For compare-and-swap. */
  readonly revision: string;
  readonly origin?: ResourceOrigin;
}

/** Something in the datastore that cannot be used as it is. The last good version of what it was stays in force. */
export interface DatastoreProblem {
  /** Stable code, for example `manifest.unknown-field`. */
  readonly code: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
  readonly key?: ResourceKey;
  /** Path of the field: `spec.rules[2].ports`. */
  readonly path?: string;
  /** What is wrong and what to do, as one sentence. */
  readonly message: string;
}

export type DatastoreEvent =
  | { readonly type: 'put'; readonly entry: DatastoreEntry }
  | { readonly type: 'delete'; readonly key: ResourceKey }
  /** All problems that there are now; replaces what was reported before. */
  | { readonly type: 'problems'; readonly problems: readonly DatastoreProblem[] }
  /** Everything that existed when the watch began has been delivered. Sent once per watch. */
  | { readonly type: 'in-sync' };

export interface WritePrecondition {
  /** Write only if the resource has this revision now; `null`: only if it does not exist. Else `datastore.conflict`. */
  readonly expectedRevision?: string | null;
}

/** One compliance suite runs against every implementation. Methods throw `FabricError` with `datastore.*` codes. */
export interface Datastore extends AsyncDisposable {
  /** For messages: `dir:/etc/slash32/fabric`. */
  readonly description: string;
  list(): Promise<{ readonly entries: readonly DatastoreEntry[]; readonly problems: readonly DatastoreProblem[] }>;
  /** One resource, without loading and judging the rest: what a write compares with. `undefined` if there is none. */
  get(key: ResourceKey): Promise<DatastoreEntry | undefined>;
  /**
   * The present state as `put`s, then `in-sync`, then every later change, in batches that belong together. Events of a
   * resource are never reordered; intermediate states may be skipped. Ends when `signal` aborts.
   */
  watch(signal: AbortSignal): AsyncIterable<readonly DatastoreEvent[]>;
  /**
   * Creates or replaces. A resource without `metadata.creationTimestamp` gets the present time when it is created and
   * keeps what is stored when it is replaced; the entry that is returned has it.
   */
  put(resource: Resource, precondition?: WritePrecondition): Promise<DatastoreEntry>;
  /** Returns false if there was none. */
  delete(key: ResourceKey, precondition?: WritePrecondition): Promise<boolean>;
}
