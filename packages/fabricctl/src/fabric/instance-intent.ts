import { type FabricModel, type ResolvedInstance, ruleText } from '@slash32/policy-compiler';
import { manifestOf, resolveReference, type SecurityGroup } from '@slash32/shared';
import { withoutSubject } from '../manifest/problem-line.ts';

/** What the resources say about an instance. */
export interface InstanceIntent {
  readonly instance: string;
  readonly host: string;
  readonly state: ResolvedInstance['state'];
  /** Why it is closed, one sentence each. */
  readonly reasons?: readonly string[];
  readonly reach?: 'internet' | 'site';
  /** False: `portSecurity: false`. */
  readonly filtered?: boolean;
  readonly stateful?: boolean;
  readonly groups: readonly string[];
  readonly rules: readonly IntendedRule[];
}

export interface IntendedRule {
  readonly group: string;
  /** In the group's `spec.rules`, from 0. */
  readonly index: number;
  /** As in a manifest. */
  readonly rule: unknown;
  readonly text: string;
  readonly description?: string;
  /** Addresses and prefixes that a remote group stands for now. */
  readonly remoteMembers?: number;
}

/** `instance`: `NAMESPACE/NAME`; `undefined` if there is none. */
export function intentOf(model: FabricModel, name: string): InstanceIntent | undefined {
  const instance = model.instance(name);
  if (instance === undefined) return undefined;
  const common = { instance: name, host: instance.host, state: instance.state };
  if (instance.state === 'closed') {
    const reasons = instance.findings.map(({ message }) => withoutSubject(message, instance.key));
    return { ...common, reasons, groups: [], rules: [] };
  }
  return {
    ...common,
    reach: instance.reach,
    filtered: instance.portSecurity,
    stateful: instance.stateful,
    groups: instance.groups,
    rules: instance.groups.flatMap((name) => {
      const group = model.securityGroup(name);
      return group === undefined ? [] : intendedRules(model, name, group);
    }),
  };
}

function intendedRules(model: FabricModel, name: string, group: SecurityGroup): readonly IntendedRule[] {
  const manifests = (manifestOf(group) as { readonly spec?: { readonly rules?: readonly unknown[] } }).spec?.rules;
  return group.spec.rules.map((rule, index) => {
    const remote = rule.remote?.group;
    const members = remote && model.membersOf(resolveReference(remote, group.metadata.namespace));
    return {
      group: name,
      index,
      rule: manifests?.[index],
      text: ruleText(rule),
      ...(rule.description === undefined ? {} : { description: rule.description }),
      ...(members ? { remoteMembers: members.addresses.size + members.prefixes.size } : {}),
    };
  });
}
