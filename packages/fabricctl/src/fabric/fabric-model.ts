import { FabricModel } from '@slash32/policy-compiler';
import type { DatastoreEntry, Resource } from '@slash32/shared';

/** The resources resolved against each other, as the agents see them. */
export function modelOf(resources: Iterable<Resource>): FabricModel {
  const model = new FabricModel();
  for (const resource of resources) model.put(resource);
  return model;
}

export function resourcesOf(entries: readonly DatastoreEntry[]): readonly Resource[] {
  return entries.map(({ resource }) => resource);
}
