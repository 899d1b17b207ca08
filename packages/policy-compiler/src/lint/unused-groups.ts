import { keyOf } from '@slash32/shared';
import { ruleText } from '../evaluator/rule-text.ts';
import { nameOf } from '../model/resource-name.ts';
import type { LintContext, LintGroup } from './lint-context.ts';
import { type LintFinding, lintFinding } from './lint-finding.ts';

/** A group that filters nobody and that no rule means. */
export function groupWithoutMembers({ name, key }: LintGroup, context: LintContext): LintFinding[] {
  if (context.listedBy.has(name) || context.remotes.has(`group ${name}`)) return [];
  const message = `SecurityGroup ${name}: no Instance is in it and no rule refers to it; add it to spec.securityGroups of an Instance, or delete it`;
  return [lintFinding('lint.group-without-members', key, undefined, message)];
}

/** Rules whose remote exists but has no address of the rule's family now. What does not exist is a finding of the model. */
export function emptyRemotes(group: LintGroup, { model }: LintContext): LintFinding[] {
  return group.rules.flatMap(({ rule, path, remote, addresses }): LintFinding[] => {
    const { group: remoteGroup, addressGroup } = rule.remote ?? {};
    if (!addresses.isEmpty || (remoteGroup ?? addressGroup) === undefined) return [];
    const name = remote.slice(remote.lastIndexOf(' ') + 1);
    const target = remoteGroup === undefined ? model.addressGroup(name) : model.securityGroup(name);
    if (target === undefined) return [];
    const [field, what] =
      remoteGroup === undefined
        ? ['addressGroup', `AddressGroup ${name} has no ${rule.ethertype} prefix`]
        : ['group', `no open instance with an ${rule.ethertype} address is in SecurityGroup ${name}`];
    const message = `SecurityGroup ${group.name}: ${path} (${ruleText(rule)}) allows nothing now: ${what}; fill it, or delete the rule`;
    return [lintFinding('lint.remote-without-members', group.key, `${path}.remote.${field}`, message)];
  });
}

export function unusedAddressGroups({ addressGroups, remotes }: LintContext): LintFinding[] {
  return addressGroups
    .filter((group) => !remotes.has(`address group ${nameOf(group)}`))
    .map((group) => {
      const message = `AddressGroup ${nameOf(group)}: no rule refers to it; use it as remote.addressGroup of a rule, or delete it`;
      return lintFinding('lint.unused-address-group', keyOf(group), undefined, message);
    });
}
