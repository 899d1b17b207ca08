import {
  type AddressFamily,
  type NftSet,
  resolveReference,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@slash32/shared';
import type { Direction, Mode } from '../ir/names.ts';
import type { CompiledRule } from '../ir/rule.ts';
import { nameOf } from '../model/resource-name.ts';
import { allowsAnything } from './rule-boxes.ts';
import { type CounterPlace, RuleFolder } from './rule-folder.ts';
import type { ServiceSet } from './service-sets.ts';
import type { SetReference } from './shared-sets.ts';

/** One direction of a group: what its rules and sets are. */
export interface GroupProgram {
  /** The group's own sets. */
  readonly sets: readonly NftSet[];
  readonly rules: Readonly<Record<Mode, readonly CompiledRule[]>>;
  readonly references: readonly SetReference[];
  readonly serviceSets: readonly ServiceSet[];
}

const FAMILY_NAME: Readonly<Record<AddressFamily, string>> = { 4: 'IPv4', 6: 'IPv6' };

/**
 * Up to so many remote groups, each has a lookup in the set of its members, which all groups of the host share: a member
 * more is one element. With more, their members are elements of the group's own sets: one lookup for all of them. Not
 * where rules are counted, since such an element is of no single rule.
 */
export const MOST_SINGLE_REMOTES = 16;

export interface CompileGroupOptions {
  /** A group's members have prefixes of this family. */
  readonly hasPrefixes: (group: string, family: AddressFamily) => boolean;
  /** Each rule counts what it lets pass. */
  readonly counted: boolean;
  /** Filled if present and `counted`: every rule of the direction. */
  readonly counterPlaces?: Map<SecurityGroupRule, CounterPlace>;
  readonly mostSingleRemotes?: number;
}

/** Folds the rules of one direction: a packet costs one lookup for each kind of rule, whatever their number. */
export function compileGroup(
  group: SecurityGroup,
  direction: Direction,
  { hasPrefixes, counted, counterPlaces, mostSingleRemotes = MOST_SINGLE_REMOTES }: CompileGroupOptions,
): GroupProgram {
  const sets: NftSet[] = [];
  const rules: Record<Mode, CompiledRule[]> = { flow: [], packet: [] };
  const references: SetReference[] = [];
  const serviceSets: ServiceSet[] = [];
  for (const family of [4, 6] as const) {
    const ofFamily = group.spec.rules.filter(
      (some) => some.direction === direction && some.ethertype === FAMILY_NAME[family],
    );
    const folder = new RuleFolder(
      { group: nameOf(group), direction, family, counted },
      { sets, rules, ...(counterPlaces === undefined ? {} : { counterPlaces }) },
    );
    if (ofFamily.some(allowsAnything)) {
      folder.allowAnything(ofFamily, allowsAnything);
      continue; // whatever else they allow is part of that
    }
    folder.foldCidrs(
      ofFamily.filter((some) => some.remote?.group === undefined && some.remote?.addressGroup === undefined),
    );
    for (const kind of ['members', 'address-group'] as const) {
      const remotes = byRemote(ofFamily, kind, group.metadata.namespace);
      const asServices = kind === 'members' && remotes.length > mostSingleRemotes && !counted;
      if (asServices) serviceSets.push(...folder.foldServices(remotes));
      for (const [name, itsRules] of remotes) {
        const shared: SetReference[] = asServices ? [] : [{ kind, name, family }];
        if (kind === 'members' && hasPrefixes(name, family)) shared.push({ kind: 'member-prefixes', name, family });
        references.push(...shared);
        folder.foldRemote(shared, itsRules);
      }
    }
  }
  return { sets, rules, references, serviceSets };
}

function byRemote(
  rules: readonly SecurityGroupRule[],
  kind: 'members' | 'address-group',
  namespace: string,
): [string, SecurityGroupRule[]][] {
  const found = new Map<string, SecurityGroupRule[]>();
  for (const some of rules) {
    const reference = kind === 'members' ? some.remote?.group : some.remote?.addressGroup;
    if (reference === undefined) continue;
    const remote = resolveReference(reference, namespace);
    const list = found.get(remote);
    if (list === undefined) found.set(remote, [some]);
    else list.push(some);
  }
  return [...found].sort(([left], [right]) => (left < right ? -1 : 1));
}
