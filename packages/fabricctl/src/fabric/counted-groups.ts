import { FabricError, type Resource, resolveReference } from '@slash32/shared';

/**
 * The groups that `text` is about, as `NAMESPACE/NAME`: the SecurityGroup of that name, or the groups of the Instance.
 * `sg/NAME` and `inst/NAME` say which where both are there. `namespace`: of names without one. Throws `FabricError`
 * `counters.unknown` or `counters.ambiguous`.
 */
export function countedGroups(resources: readonly Resource[], text: string, namespace = 'default'): readonly string[] {
  const [, prefix = '', name = text] =
    /^(sg|group|securitygroup|inst|instance|vm)\/([^/]+(?:\/[^/]+)?)$/i.exec(text) ?? [];
  const wanted = name.includes('/') ? name : `${namespace}/${name}`;
  const isGroup = /^s|^g/i.test(prefix);
  const group = resources.find((some) => some.kind === 'SecurityGroup' && nameOf(some) === wanted);
  const instance = resources.find((some) => some.kind === 'Instance' && nameOf(some) === wanted);
  if (group !== undefined && instance !== undefined && prefix === '') {
    throw new FabricError(
      'counters.ambiguous',
      `${wanted} is a SecurityGroup and an Instance; write sg/${wanted} or inst/${wanted}`,
      { details: { name: wanted } },
    );
  }
  if (group !== undefined && (isGroup || prefix === '')) return [wanted];
  if (instance?.kind === 'Instance' && !isGroup) {
    const { namespace: tenant } = instance.metadata;
    return instance.spec.securityGroups.map((reference) => resolveReference(reference, tenant));
  }
  throw new FabricError(
    'counters.unknown',
    `there is no ${prefix === '' ? 'SecurityGroup or Instance' : isGroup ? 'SecurityGroup' : 'Instance'} ${wanted}; \`fabricctl get sg -A\` and \`get inst -A\` list those there are`,
    { details: { name: wanted } },
  );
}

function nameOf({ metadata }: Extract<Resource, { kind: 'SecurityGroup' | 'Instance' }>): string {
  return `${metadata.namespace}/${metadata.name}`;
}
