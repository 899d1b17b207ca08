import {
  type Datastore,
  type DatastoreEntry,
  type DatastoreProblem,
  openDatastore,
  SystemClock,
  silentLogger,
} from '@slash32/shared';
import type { GlobalOptions } from '../cli/global-options.ts';

/** Everything in the datastore at one moment. */
export interface FabricContents {
  readonly description: string;
  readonly entries: readonly DatastoreEntry[];
  readonly problems: readonly DatastoreProblem[];
}

/** The datastore that `--datastore` names. The caller disposes of it. */
export function openFabric({ datastore }: Pick<GlobalOptions, 'datastore'>): Promise<Datastore> {
  return openDatastore(datastore, { clock: new SystemClock(), logger: silentLogger });
}

export async function readFabric(options: Pick<GlobalOptions, 'datastore'>): Promise<FabricContents> {
  await using datastore = await openFabric(options);
  const { entries, problems } = await datastore.list();
  return { description: datastore.description, entries, problems };
}
