import type { NftChain, NftChange, NftRule, NftRuleset, NftSet, NftTable } from '@slash32/shared';
import { type ChainDifference, orderChanges, type SetDifference, type TableDifference } from './order-changes.ts';

/**
 * The steps from `actual` to `desired`, valid in order, as one transaction; empty if they are equal. Rules are equal if
 * their comments are (the comment holds a digest of the text). Tables that `desired` lacks are deleted: pass only ours.
 */
export function diffRulesets(actual: NftRuleset, desired: NftRuleset): NftChange[] {
  return orderChanges(rulesetDifferences(actual, desired));
}

export function rulesetDifferences(actual: NftRuleset, desired: NftRuleset): TableDifference[] {
  const differences: TableDifference[] = [];
  for (const table of actual.keys()) {
    if (!desired.has(table)) differences.push({ table, change: 'delete', sets: new Map(), chains: new Map() });
  }
  for (const [table, wanted] of desired) {
    const present = actual.get(table);
    if (present === undefined) {
      differences.push({ table, change: 'create', ...differenceOf(undefined, wanted) });
    } else if (isCompatible(present, wanted)) {
      const difference = differenceOf(present, wanted);
      if (difference.sets.size > 0 || difference.chains.size > 0) {
        differences.push({ table, change: 'change', ...difference });
      }
    } else {
      differences.push({ table, change: 'recreate', ...differenceOf(undefined, wanted) });
    }
  }
  return differences;
}

/** Equal comments in equal order. */
export function sameRules(left: readonly NftRule[], right: readonly NftRule[]): boolean {
  return left.length === right.length && left.every((some, index) => some.comment === right[index]?.comment);
}

/** Types of sets and hooks of chains cannot be changed, only made anew with everything that refers to them. */
function isCompatible(present: NftTable, wanted: NftTable): boolean {
  for (const [name, set] of wanted.sets) {
    const other = present.sets.get(name);
    if (other !== undefined && !sameDefinition(other, set)) return false;
  }
  for (const [name, chain] of wanted.chains) {
    const other = present.chains.get(name);
    if (other !== undefined && !sameHook(other.hook, chain.hook)) return false;
  }
  return true;
}

function sameDefinition(left: NftSet, right: NftSet): boolean {
  return (
    left.type === right.type &&
    left.dataType === right.dataType &&
    left.interval === right.interval &&
    left.counted === right.counted
  );
}

function sameHook(left: NftChain['hook'], right: NftChain['hook']): boolean {
  return (
    left?.type === right?.type &&
    left?.hook === right?.hook &&
    left?.priority === right?.priority &&
    left?.policy === right?.policy
  );
}

function differenceOf(
  present: NftTable | undefined,
  wanted: NftTable,
): { sets: Map<string, SetDifference>; chains: Map<string, ChainDifference> } {
  const sets = new Map<string, SetDifference>();
  for (const [name, set] of wanted.sets) {
    const before = present?.sets.get(name);
    const { elements, ...after } = set;
    const added = new Map([...elements].filter(([key, data]) => before?.elements.get(key) !== data));
    const deleted = [...(before?.elements ?? [])]
      .filter(([key, data]) => elements.get(key) !== data)
      .map(([key]) => key);
    if (before === undefined || added.size > 0 || deleted.length > 0) sets.set(name, { before, after, added, deleted });
  }
  for (const [name, before] of present?.sets ?? []) {
    if (!wanted.sets.has(name)) sets.set(name, { before, after: undefined, added: new Map(), deleted: [] });
  }
  const chains = new Map<string, ChainDifference>();
  for (const [name, after] of wanted.chains) {
    const before = present?.chains.get(name);
    if (before === undefined || !sameRules(before.rules, after.rules)) chains.set(name, { before, after });
  }
  for (const [name, before] of present?.chains ?? []) {
    if (!wanted.chains.has(name)) chains.set(name, { before, after: undefined });
  }
  return { sets, chains };
}
