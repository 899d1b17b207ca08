import { FabricError } from '../errors/fabric-error.ts';
import type { Datastore } from './datastore.ts';
import { type DatastoreOptions, DirDatastore } from './dir-datastore.ts';

/** Opens `dir:PATH`. Throws `FabricError` `datastore.unknown-scheme`, or what the datastore's own `open` throws. */
export async function openDatastore(url: string, options: DatastoreOptions): Promise<Datastore> {
  const match = /^([a-z][a-z0-9-]*):(.*)$/s.exec(url);
  if (match?.[1] === 'dir' && match[2] !== undefined && match[2] !== '') return DirDatastore.open(match[2], options);
  throw new FabricError(
    'datastore.unknown-scheme',
    `"${url}" is not a datastore this release knows; write dir:PATH, for example dir:/etc/slash32/fabric`,
  );
}
