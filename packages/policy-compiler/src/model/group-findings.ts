import { keyOf, type ResourceFinding, resolveReference, type SecurityGroup } from '@slash32/shared';

/** What rules refer to. */
interface GroupContext {
  securityGroup(name: string): unknown;
  addressGroup(name: string): unknown;
}

/** Rules that allow nothing because what they refer to does not exist. They close nothing else. */
export function groupFindings(group: SecurityGroup, context: GroupContext): ResourceFinding[] {
  const { namespace, name } = group.metadata;
  return group.spec.rules.flatMap((rule, index): ResourceFinding[] => {
    const reference = rule.remote?.group ?? rule.remote?.addressGroup;
    if (reference === undefined) return [];
    const target = resolveReference(reference, namespace);
    const isGroup = rule.remote?.group !== undefined;
    if ((isGroup ? context.securityGroup(target) : context.addressGroup(target)) !== undefined) return [];
    const [kind, field, code] = isGroup
      ? ['SecurityGroup', 'group', 'unknown-remote-group']
      : ['AddressGroup', 'addressGroup', 'unknown-address-group'];
    return [
      {
        code: `security-group.${code}`,
        resource: keyOf(group),
        path: `spec.rules[${index}].remote.${field}`,
        severity: 'warning',
        message: `SecurityGroup ${namespace}/${name}: rule ${index} allows nothing: there is no ${kind} ${target}; create it or correct the rule`,
      },
    ];
  });
}
