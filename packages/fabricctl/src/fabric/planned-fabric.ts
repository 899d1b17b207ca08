import { keyOf, type Resource, type ResourceKey, withCreationTimestamp } from '@slash32/shared';

/** The resources as they are, and as they would be. */
export interface PlannedFabric {
  readonly before: readonly Resource[];
  readonly after: readonly Resource[];
  /** What would be written. */
  readonly put: readonly Resource[];
  /** What would be deleted, of those that there are. */
  readonly deleted: readonly ResourceKey[];
}

/** What `apply -f` (or `delete -f`) of the manifests would make of the fabric. */
export function planFabric(
  before: readonly Resource[],
  manifests: readonly Resource[],
  deletes: boolean,
): PlannedFabric {
  const present = new Map(before.map((resource) => [keyOf(resource), resource]));
  const after = new Map(present);
  if (deletes) {
    const deleted = manifests.map(keyOf).filter((key) => present.has(key));
    for (const key of deleted) after.delete(key);
    return { before, after: [...after.values()], put: [], deleted };
  }
  // As `apply` does: what exists stays as old as it is.
  const put = manifests.map((resource) =>
    withCreationTimestamp(resource, present.get(keyOf(resource))?.metadata.creationTimestamp),
  );
  for (const resource of put) after.set(keyOf(resource), resource);
  return { before, after: [...after.values()], put, deleted: [] };
}
