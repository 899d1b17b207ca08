import { isDeepStrictEqual } from 'node:util';
import {
  type Datastore,
  type DatastoreEntry,
  FabricError,
  hasErrorCode,
  keyOf,
  type Resource,
  type ResourceKey,
  withCreationTimestamp,
} from '@slash32/shared';
import { changedPaths } from './changed-paths.ts';

export interface AppliedResource {
  readonly key: ResourceKey;
  readonly action: 'created' | 'configured' | 'unchanged';
  /** Fields that differ, of a `configured` one. */
  readonly changed?: readonly string[];
}

/** Attempts against others who write the same resource. */
const ATTEMPTS = 3;

/**
 * Makes the datastore say what `resource` says, comparing and swapping, so that what is reported is what was replaced.
 * Keeps when it was created and the `status` that agents wrote. `current`: as it was read; read again after a conflict. Throws `FabricError`
 * `datastore.conflict` if others keep changing it.
 */
export async function applyResource(
  datastore: Datastore,
  resource: Resource,
  current: DatastoreEntry | undefined,
  dryRun: boolean,
): Promise<AppliedResource> {
  let entry = current;
  for (let attempt = 1; ; attempt += 1) {
    const wanted = asVersionOf(entry?.resource, resource);
    const outcome = outcomeOf(wanted, entry?.resource);
    if (dryRun || outcome.action === 'unchanged') return outcome;
    try {
      await datastore.put(wanted, { expectedRevision: entry?.revision ?? null });
      return outcome;
    } catch (error) {
      if (!hasErrorCode(error, 'datastore.conflict')) throw error;
      if (attempt === ATTEMPTS) throw conflict(outcome.key, error);
      entry = await datastore.get(outcome.key);
    }
  }
}

function outcomeOf(wanted: Resource, present: Resource | undefined): AppliedResource {
  const key = keyOf(wanted);
  if (present === undefined) return { key, action: 'created' };
  if (isDeepStrictEqual(present, wanted)) return { key, action: 'unchanged' };
  return { key, action: 'configured', changed: changedPaths(present, wanted) };
}

function asVersionOf(present: Resource | undefined, resource: Resource): Resource {
  const created = withCreationTimestamp(resource, present?.metadata.creationTimestamp);
  return created.status !== undefined || present?.status === undefined
    ? created
    : { ...created, status: present.status };
}

function conflict(key: ResourceKey, cause: unknown): FabricError {
  return new FabricError('datastore.conflict', `${key} keeps being changed by somebody else; run the command again`, {
    details: { key },
    cause,
  });
}
