import {
  blockOverlapFindings,
  keyOf,
  type Resource,
  type ResourceFinding,
  type ResourceKey,
  SystemClock,
  unknownPolicyFindings,
  withCreationTimestamp,
} from '@slash32/shared';
import { modelOf } from './fabric-model.ts';
import { findingIdentity } from './finding-identity.ts';

export interface PlannedChange {
  readonly put?: readonly Resource[];
  readonly delete?: readonly ResourceKey[];
}

/**
 * What the change would bring: findings on the resources it puts, and those that others have because of it (an
 * instance whose group goes away, a second claim on an address), but none that were there before and stay the same. What
 * is new counts as created now, as when it is applied.
 */
export function findingsOfChange(present: readonly Resource[], change: PlannedChange): readonly ResourceFinding[] {
  const model = modelOf(present);
  const resources = new Map(present.map((resource) => [keyOf(resource), resource]));
  const before = new Set([...model.findings(), ...speakerFindings(resources.values())].map(findingIdentity));
  for (const key of change.delete ?? []) {
    model.delete(key);
    resources.delete(key);
  }
  const created = new Map(present.map((resource) => [keyOf(resource), resource.metadata.creationTimestamp]));
  const now = new Date(new SystemClock().wallMs()).toISOString();
  for (const resource of change.put ?? []) {
    const key = keyOf(resource);
    resources.set(key, resource);
    model.put(withCreationTimestamp(resource, created.has(key) ? created.get(key) : now));
  }
  const changed = new Set<string>(change.put?.map(keyOf));
  const after = [...model.findings(), ...speakerFindings(resources.values())];
  return after.filter((finding) => changed.has(finding.resource) || !before.has(findingIdentity(finding)));
}

/** What BGPPeers refer to, and the blocks of Hosts, are the speaker's business, not the model's. */
function speakerFindings(resources: Iterable<Resource>): readonly ResourceFinding[] {
  const all = [...resources];
  const policies = new Set(all.flatMap(({ kind, metadata }) => (kind === 'RoutePolicy' ? [metadata.name] : [])));
  const hosts = all.filter((resource) => resource.kind === 'Host');
  return all.flatMap((resource) => {
    if (resource.kind === 'BGPPeer') return unknownPolicyFindings(resource, policies);
    return resource.kind === 'Host' ? blockOverlapFindings(resource, hosts) : [];
  });
}
