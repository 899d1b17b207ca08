import {
  RESOURCE_SCHEMAS,
  type Resource,
  type ResourceInput,
  type ResourceKind,
  type SecurityGroup,
} from '@slash32/shared';

/** Resources as manifests spell them, short. */

type Spec<Kind extends ResourceKind> = ResourceInput<Kind>['spec'];
export type RuleInput = NonNullable<NonNullable<ResourceInput<'SecurityGroup'>['spec']>['rules']>[number];

function parse(kind: ResourceKind, metadata: Record<string, string>, spec: unknown): Resource {
  return RESOURCE_SCHEMAS[kind].parse({ apiVersion: 'slash32.dev/v1', kind, metadata, spec });
}

export function fabric(spec: Spec<'FabricConfiguration'>): Resource {
  return parse('FabricConfiguration', { name: 'default' }, spec);
}

export function host(name: string, spec: Spec<'Host'>): Resource {
  return parse('Host', { name }, spec);
}

export function network(name: string, spec: Spec<'Network'>): Resource {
  return parse('Network', { name }, spec);
}

/** `name`: `NAMESPACE/NAME`. */
export function instance(name: string, spec: Spec<'Instance'>, creationTimestamp?: string): Resource {
  return parse('Instance', { ...namespaced(name), ...(creationTimestamp && { creationTimestamp }) }, spec);
}

export function securityGroup(
  name: string,
  rules: readonly RuleInput[],
  stateful = true,
  more: Pick<NonNullable<Spec<'SecurityGroup'>>, 'counters' | 'logDrops'> = {},
): SecurityGroup {
  const group = parse('SecurityGroup', namespaced(name), { stateful, rules, ...more });
  if (group.kind !== 'SecurityGroup') throw new TypeError('not a SecurityGroup');
  return group;
}

export function addressGroup(name: string, cidrs: string[]): Resource {
  return parse('AddressGroup', namespaced(name), { cidrs });
}

function namespaced(name: string): { namespace: string; name: string } {
  const [namespace = '', short = ''] = name.split('/');
  return { namespace, name: short };
}
