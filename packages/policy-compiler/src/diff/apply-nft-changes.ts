import {
  FabricError,
  type NftChain,
  type NftChange,
  type NftRule,
  type NftRuleset,
  type NftSet,
  type NftTable,
  type NftTableId,
} from '@slash32/shared';

interface MutableTable {
  readonly sets: Map<string, NftSet & { elements: Map<string, string> }>;
  readonly chains: Map<string, NftChain>;
}

/**
 * The ruleset after `changes`, as the kernel would have it. Throws `FabricError` `nft.invalid-change` at the first step
 * that the kernel would refuse, with `details.changeIndex`: something is missing, there already, or still referred to.
 */
export function applyNftChanges(ruleset: NftRuleset, changes: readonly NftChange[]): NftRuleset {
  const tables = new Map<NftTableId, MutableTable>();
  for (const [id, table] of ruleset) {
    tables.set(id, {
      sets: new Map([...table.sets].map(([name, set]) => [name, { ...set, elements: new Map(set.elements) }])),
      chains: new Map(table.chains),
    });
  }
  changes.forEach((change, changeIndex) => {
    const problem = applyChange(tables, change);
    if (problem === undefined) return;
    throw new FabricError('nft.invalid-change', `change ${changeIndex} (${change.op} in ${change.table}): ${problem}`, {
      details: { changeIndex, op: change.op, table: change.table },
    });
  });
  return new Map([...tables].map(([id, { sets, chains }]): [NftTableId, NftTable] => [id, { id, sets, chains }]));
}

/** Returns what is wrong with the step, if something is. */
function applyChange(tables: Map<NftTableId, MutableTable>, change: NftChange): string | undefined {
  if (change.op === 'add-table') {
    if (tables.has(change.table)) return 'the table exists';
    tables.set(change.table, { sets: new Map(), chains: new Map() });
    return undefined;
  }
  const table = tables.get(change.table);
  if (table === undefined) return 'there is no such table';
  switch (change.op) {
    case 'delete-table':
      tables.delete(change.table);
      return undefined;
    case 'add-set':
      if (table.sets.has(change.set.name)) return `set ${change.set.name} exists`;
      table.sets.set(change.set.name, { ...change.set, elements: new Map() });
      return undefined;
    case 'delete-set':
      return deleteSet(table, change.name, change.map);
    case 'add-chain':
      if (table.chains.has(change.chain.name)) return `chain ${change.chain.name} exists`;
      table.chains.set(change.chain.name, { ...change.chain, rules: [] });
      return undefined;
    case 'delete-chain':
      return deleteChain(table, change.name);
    case 'set-rules':
      return setRules(table, change.chain, change.rules);
    case 'add-elements':
      return addElements(table, change.set, change.elements);
    case 'delete-elements':
      return deleteElements(table, change.set, change.keys);
  }
}

function deleteSet(table: MutableTable, name: string, map: boolean): string | undefined {
  const set = table.sets.get(name);
  if (set === undefined) return `there is no set ${name}`;
  if ((set.dataType !== undefined) !== map) return `${name} is ${map ? 'a set, not a map' : 'a map, not a set'}`;
  const user = [...table.chains.values()].find((chain) => chain.rules.some((rule) => setsOf(rule).includes(name)));
  if (user !== undefined) return `chain ${user.name} refers to set ${name}`;
  table.sets.delete(name);
  return undefined;
}

function deleteChain(table: MutableTable, name: string): string | undefined {
  const chain = table.chains.get(name);
  if (chain === undefined) return `there is no chain ${name}`;
  if (chain.rules.length > 0) return `chain ${name} has rules`;
  const user = [...table.chains.values()].find((some) =>
    some.rules.some((rule) => targetsOf(rule.text).includes(name)),
  );
  if (user !== undefined) return `chain ${user.name} refers to chain ${name}`;
  const map = [...table.sets.values()].find((set) =>
    [...set.elements.values()].some((data) => targetsOfElement(set, data).includes(name)),
  );
  if (map !== undefined) return `map ${map.name} refers to chain ${name}`;
  table.chains.delete(name);
  return undefined;
}

function setRules(table: MutableTable, name: string, rules: readonly NftRule[]): string | undefined {
  const chain = table.chains.get(name);
  if (chain === undefined) return `there is no chain ${name}`;
  for (const rule of rules) {
    for (const set of setsOf(rule)) if (!table.sets.has(set)) return `there is no set ${set}, wanted by "${rule.text}"`;
    for (const target of targetsOf(rule.text)) {
      if (!table.chains.has(target)) return `there is no chain ${target}, wanted by "${rule.text}"`;
    }
    if (Buffer.byteLength(rule.comment) > 120) return `the comment of "${rule.text}" has more than 120 octets`;
  }
  table.chains.set(name, { ...chain, rules });
  return undefined;
}

function addElements(table: MutableTable, name: string, elements: ReadonlyMap<string, string>): string | undefined {
  const set = table.sets.get(name);
  if (set === undefined) return `there is no set ${name}`;
  for (const [key, data] of elements) {
    if (isData(data) !== (set.dataType !== undefined)) return `element ${key} of ${name} has data "${data}"`;
    for (const target of targetsOfElement(set, data))
      if (!table.chains.has(target)) return `there is no chain ${target}`;
    const present = set.elements.get(key);
    if (present !== undefined && present !== data) return `element ${key} of ${name} exists with other data`;
    set.elements.set(key, data);
  }
  return undefined;
}

function deleteElements(table: MutableTable, name: string, keys: readonly string[]): string | undefined {
  const set = table.sets.get(name);
  if (set === undefined) return `there is no set ${name}`;
  for (const key of keys) if (!set.elements.delete(key)) return `there is no element ${key} in ${name}`;
  return undefined;
}

/** `@name`, but not the raw payload expression `@th,64,128`. */
function setsOf(rule: NftRule): string[] {
  return [...unquoted(rule.text).matchAll(/@([a-z][\w./-]*)(?![\w,])/gi)].flatMap(([, name]) => name ?? []);
}

/** Else it is nothing, or a comment. */
function isData(data: string): boolean {
  return data !== '' && !data.startsWith('comment "');
}

/** Comments of sets are words, not verdicts. */
function targetsOfElement(set: NftSet, data: string): string[] {
  return set.dataType === undefined ? [] : targetsOf(data);
}

/** Words in quotation marks are for people. */
function unquoted(text: string): string {
  return text.replaceAll(/"[^"]*"/g, '""');
}

function targetsOf(text: string): string[] {
  return [...unquoted(text).matchAll(/\b(?:jump|goto) (\S+)/g)].flatMap(([, name]) => name ?? []);
}
