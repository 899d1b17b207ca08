import { FabricError } from '../errors/fabric-error.ts';
import type { Logger } from '../logging/logger.ts';
import type { Resource } from '../resources/resource.ts';
import type { ResourceKey } from '../resources/resource-key.ts';
import type { Clock } from '../time/clock.ts';
import type { Datastore, DatastoreEntry, DatastoreEvent, DatastoreProblem, WritePrecondition } from './datastore.ts';

export interface DatastoreOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A directory tree of YAML manifests. */
export class DirDatastore implements Datastore {
  readonly description: string;

  private constructor(path: string) {
    this.description = `dir:${path}`;
  }

  /** Throws `FabricError` `datastore.unreachable` if `path` is no directory. */
  static async open(path: string, _options: DatastoreOptions): Promise<DirDatastore> {
    return new DirDatastore(path);
  }

  async list(): Promise<{
    readonly entries: readonly DatastoreEntry[];
    readonly problems: readonly DatastoreProblem[];
  }> {
    throw new FabricError('datastore.unreachable', 'being written');
  }

  async get(_key: ResourceKey): Promise<DatastoreEntry | undefined> {
    throw new FabricError('datastore.unreachable', 'being written');
  }

  watch(_signal: AbortSignal): AsyncIterable<readonly DatastoreEvent[]> {
    throw new FabricError('datastore.unreachable', 'being written');
  }

  async put(_resource: Resource, _precondition: WritePrecondition = {}): Promise<DatastoreEntry> {
    throw new FabricError('datastore.unreachable', 'being written');
  }

  async delete(_key: ResourceKey, _precondition: WritePrecondition = {}): Promise<boolean> {
    throw new FabricError('datastore.unreachable', 'being written');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
