import type { Resource } from './resource.ts';

/** `resource`, created then, unless it says itself when it was. `undefined`: nobody knows. */
export function withCreationTimestamp<Some extends Resource>(resource: Some, timestamp: string | undefined): Some {
  if (timestamp === undefined || resource.metadata.creationTimestamp !== undefined) return resource;
  return { ...resource, metadata: { ...resource.metadata, creationTimestamp: timestamp } };
}
