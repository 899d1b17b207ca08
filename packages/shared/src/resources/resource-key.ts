import { FabricError } from '../errors/fabric-error.ts';
import { NAMESPACED_KINDS, RESOURCE_KINDS, type Resource, type ResourceKind } from './resource.ts';

/** `KIND/NAME` for cluster-wide kinds, `KIND/NAMESPACE/NAME` for namespaced ones. Unique in a datastore. */
export type ResourceKey = `${ResourceKind}/${string}`;

export interface ResourceKeyParts {
  readonly kind: ResourceKind;
  /** Absent for cluster-wide kinds. */
  readonly namespace?: string;
  readonly name: string;
}

export function resourceKey(kind: ResourceKind, namespace: string | undefined, name: string): ResourceKey {
  return NAMESPACED_KINDS.has(kind) ? `${kind}/${namespace ?? 'default'}/${name}` : `${kind}/${name}`;
}

export function keyOf(resource: Resource): ResourceKey {
  return 'namespace' in resource.metadata
    ? `${resource.kind}/${resource.metadata.namespace}/${resource.metadata.name}`
    : `${resource.kind}/${resource.metadata.name}`;
}

/** Throws `FabricError` `resource-key.invalid`. */
export function parseResourceKey(key: string): ResourceKeyParts {
  const [kind, ...names] = key.split('/');
  const known = RESOURCE_KINDS.find((candidate) => candidate === kind);
  const [first, second] = names;
  if (known !== undefined && first !== undefined) {
    if (NAMESPACED_KINDS.has(known) && second !== undefined && names.length === 2) {
      return { kind: known, namespace: first, name: second };
    }
    if (!NAMESPACED_KINDS.has(known) && names.length === 1) return { kind: known, name: first };
  }
  throw new FabricError('resource-key.invalid', `"${key}" is not KIND/NAME or KIND/NAMESPACE/NAME of a known kind`);
}

/** `NAMESPACE/NAME` of a reference `NAME | NAMESPACE/NAME` that stands in a resource of `namespace`. */
export function resolveReference(reference: string, namespace: string): string {
  return reference.includes('/') ? reference : `${namespace}/${reference}`;
}
