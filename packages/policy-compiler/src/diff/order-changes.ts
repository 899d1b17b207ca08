import type { NftChain, NftChange, NftSet, NftTableId } from '@slash32/shared';

export interface SetDifference {
  readonly before: Omit<NftSet, 'elements'> | undefined;
  readonly after: Omit<NftSet, 'elements'> | undefined;
  /** Elements that are new or have other data. */
  readonly added: ReadonlyMap<string, string>;
  /** Keys that are gone or have other data. */
  readonly deleted: readonly string[];
}

export interface ChainDifference {
  readonly before: NftChain | undefined;
  readonly after: NftChain | undefined;
}

/** What is to be done to one table. Definitions of sets and hooks of chains are equal before and after, where both exist. */
export interface TableDifference {
  readonly table: NftTableId;
  /** `create`: make it first; `recreate`: delete and make it; `delete`: nothing else. */
  readonly change: 'create' | 'recreate' | 'change' | 'delete';
  readonly sets: ReadonlyMap<string, SetDifference>;
  readonly chains: ReadonlyMap<string, ChainDifference>;
}

/**
 * The steps of a change in an order in which each is valid: things are made before what refers to them and deleted
 * after. Within a set, elements go before elements come, so that intervals never overlap.
 */
export function orderChanges(differences: readonly TableDifference[]): NftChange[] {
  return differences.flatMap(orderTable);
}

function orderTable({ table, change, sets, chains }: TableDifference): NftChange[] {
  const steps: NftChange[] = [];
  if (change === 'delete' || change === 'recreate') steps.push({ op: 'delete-table', table });
  if (change === 'delete') return steps;
  if (change !== 'change') steps.push({ op: 'add-table', table });

  for (const { before, after } of sets.values()) {
    if (before === undefined && after !== undefined) steps.push({ op: 'add-set', table, set: after });
  }
  for (const { before, after } of chains.values()) {
    if (before !== undefined || after === undefined) continue;
    const { name, hook } = after;
    steps.push({ op: 'add-chain', table, chain: hook === undefined ? { name } : { name, hook } });
  }
  for (const [set, { after, added, deleted }] of sets) {
    if (after === undefined) continue;
    if (deleted.length > 0) steps.push({ op: 'delete-elements', table, set, keys: deleted });
    if (added.size > 0) steps.push({ op: 'add-elements', table, set, elements: added });
  }
  for (const [chain, { before, after }] of chains) {
    const rules = after?.rules ?? [];
    if (rules.length > 0 || (before?.rules.length ?? 0) > 0) steps.push({ op: 'set-rules', table, chain, rules });
  }
  // All rules that referred to what goes are gone now. Maps go before the chains that their elements name.
  for (const [name, { before, after }] of sets) {
    if (after === undefined && before !== undefined) {
      steps.push({ op: 'delete-set', table, name, map: before.dataType !== undefined });
    }
  }
  for (const [name, { after }] of chains) if (after === undefined) steps.push({ op: 'delete-chain', table, name });
  return steps;
}
