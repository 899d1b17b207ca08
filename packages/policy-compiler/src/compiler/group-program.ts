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
import type { SetReference } from './shared-sets.ts';

/** One direction of a group: what its rules and sets are. */
export interface GroupProgram {
  /** The group's own sets. */
  readonly sets: readonly NftSet[];
  readonly rules: Readonly<Record<Mode, readonly CompiledRule[]>>;
  readonly references: readonly SetReference[];
}

const FAMILY_NAME: Readonly<Record<AddressFamily, string>> = { 4: 'IPv4', 6: 'IPv6' };

export interface CompileGroupOptions {
  /** A group's members have prefixes of this family. */
  readonly hasPrefixes: (group: string, family: AddressFamily) => boolean;
  /** Each rule counts what it lets pass. */
  readonly counted: boolean;
  /** Filled if present and `counted`: every rule of the direction. */
  readonly counterPlaces?: Map<SecurityGroupRule, CounterPlace>;
}

/** Folds the rules of one direction: a packet costs one lookup for each kind of rule, whatever their number. */
export function compileGroup(
  group: SecurityGroup,
  direction: Direction,
  { hasPrefixes, counted, counterPlaces }: CompileGroupOptions,
): GroupProgram {
  const sets: NftSet[] = [];
  const rules: Record<Mode, CompiledRule[]> = { flow: [], packet: [] };
  const references: SetReference[] = [];
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
      for (const [name, itsRules] of byRemote(ofFamily, kind, group.metadata.namespace)) {
        const shared: SetReference[] = [{ kind, name, family }];
        if (kind === 'members' && hasPrefixes(name, family)) shared.push({ kind: 'member-prefixes', name, family });
        references.push(...shared);
        folder.foldRemote(shared, itsRules);
      }
    }
  }
  return { sets, rules, references };
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
