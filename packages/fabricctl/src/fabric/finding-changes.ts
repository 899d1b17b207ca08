import { keyOf, type Resource, type ResourceFinding, type ResourceKey } from '@slash32/shared';
import { modelOf } from './fabric-model.ts';

export interface PlannedChange {
  readonly put?: readonly Resource[];
  readonly delete?: readonly ResourceKey[];
}

/**
 * What the change would bring: findings on the resources it puts, and those that others have because of it (an
 * instance whose group goes away, a second claim on an address), but none that were there before and stay the same.
 */
export function findingsOfChange(present: readonly Resource[], change: PlannedChange): readonly ResourceFinding[] {
  const model = modelOf(present);
  const before = new Set(model.findings().map(findingIdentity));
  for (const key of change.delete ?? []) model.delete(key);
  for (const resource of change.put ?? []) model.put(resource);
  const changed = new Set<string>(change.put?.map(keyOf));
  return model.findings().filter((finding) => changed.has(finding.resource) || !before.has(findingIdentity(finding)));
}

/** Equal for findings that say the same, whoever found them. */
export function findingIdentity({ code, resource, path }: ResourceFinding): string {
  return `${code} ${resource} ${path ?? ''}`;
}
