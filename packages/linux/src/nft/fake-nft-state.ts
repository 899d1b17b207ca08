import {
  FabricError,
  type NftChain,
  type NftChange,
  type NftRule,
  type NftSet,
  type NftTable,
  type NftTableId,
} from '@slash32/shared';
import { isElementComment } from './element-comment.ts';
import { coversOne, type ElementSpan, elementSpan, spansConflict } from './element-span.ts';

interface FakeSet {
  readonly set: Omit<NftSet, 'elements'>;
  readonly elements: Map<string, string>;
  /** Those elements that cover more than one value. */
  readonly ranges: Map<string, ElementSpan>;
}

interface FakeChain {
  readonly chain: Omit<NftChain, 'rules'>;
  rules: readonly NftRule[];
}

interface FakeTable {
  readonly sets: Map<string, FakeSet>;
  readonly chains: Map<string, FakeChain>;
  /** `@set` or `chain` → number of rules and map elements that name it. */
  readonly references: Map<string, number>;
}

type Undo = () => void;

class Refused extends Error {}

/** The tables of {@link FakeNftTransactor}: changes in place, with an undo log, so that a transaction is all or nothing. */
export class FakeNftState {
  readonly #tables = new Map<NftTableId, FakeTable>();

  /** Throws `FabricError` `nft.rejected` with `details.changeIndex`; the state is then as before. */
  apply(changes: readonly NftChange[], refuse: ((change: NftChange) => string | undefined) | undefined): void {
    const undos: Undo[] = [];
    for (const [changeIndex, change] of changes.entries()) {
      try {
        const reason = refuse?.(change);
        if (reason !== undefined) throw new Refused(reason);
        this.#applyOne(change, undos);
      } catch (error) {
        for (const undo of undos.reverse()) undo();
        if (!(error instanceof Refused)) throw error;
        const stderr = `Error: Could not process rule: ${error.message}`;
        throw new FabricError('nft.rejected', `nft refused ${change.op} in table ${change.table}: ${error.message}`, {
          details: { stderr, changeIndex },
        });
      }
    }
  }

  table(id: NftTableId): NftTable | undefined {
    const table = this.#tables.get(id);
    if (table === undefined) return undefined;
    const sets = new Map<string, NftSet>();
    for (const [name, { set, elements }] of table.sets) sets.set(name, { ...set, elements: new Map(elements) });
    const chains = new Map<string, NftChain>();
    for (const [name, { chain, rules }] of table.chains) chains.set(name, { ...chain, rules });
    return { id, sets, chains };
  }

  /** Removes everything; returns which tables there were. */
  flush(): readonly NftTableId[] {
    const ids = [...this.#tables.keys()];
    this.#tables.clear();
    return ids;
  }

  #applyOne(change: NftChange, undos: Undo[]): void {
    if (change.op === 'add-table') {
      if (this.#tables.has(change.table)) return;
      put(this.#tables, change.table, { sets: new Map(), chains: new Map(), references: new Map() }, undos);
      return;
    }
    const table = found(this.#tables.get(change.table));
    switch (change.op) {
      case 'delete-table':
        remove(this.#tables, change.table, undos);
        return;
      case 'add-set': {
        const present = table.sets.get(change.set.name)?.set;
        const empty = { set: change.set, elements: new Map(), ranges: new Map() };
        if (present === undefined) put(table.sets, change.set.name, empty, undos);
        else if (!sameSet(present, change.set)) throw new Refused('File exists');
        return;
      }
      case 'delete-set': {
        const set = found(table.sets.get(change.name));
        if ((set.set.dataType !== undefined) !== change.map) throw new Refused('No such file or directory');
        if ((table.references.get(`@${change.name}`) ?? 0) > 0) throw new Refused('Device or resource busy');
        for (const data of set.elements.values()) refer(table, elementTargets(set.set, data), -1, undos);
        remove(table.sets, change.name, undos);
        return;
      }
      case 'add-chain': {
        const present = table.chains.get(change.chain.name)?.chain;
        if (present === undefined) put(table.chains, change.chain.name, { chain: change.chain, rules: [] }, undos);
        else if (JSON.stringify(present.hook) !== JSON.stringify(change.chain.hook)) throw new Refused('File exists');
        return;
      }
      case 'delete-chain': {
        const chain = found(table.chains.get(change.name));
        setRules(table, chain, [], undos);
        if ((table.references.get(change.name) ?? 0) > 0) throw new Refused('Device or resource busy');
        remove(table.chains, change.name, undos);
        return;
      }
      case 'set-rules':
        setRules(table, found(table.chains.get(change.chain)), change.rules, undos);
        return;
      case 'add-elements': {
        const target = found(table.sets.get(change.set));
        const { set, elements } = target;
        for (const [key, data] of change.elements) {
          if ((set.dataType !== undefined) !== (data !== '' && !isElementComment(data))) {
            throw new Refused('Invalid argument');
          }
          const present = elements.get(key);
          // A comment does not make it another element: the kernel keeps the one that is there.
          if (present === data || (present !== undefined && set.dataType === undefined)) continue;
          if (present !== undefined) throw new Refused('File exists');
          refer(table, elementTargets(set, data), 1, undos);
          addSpan(key, target, undos);
          put(elements, key, data, undos);
        }
        return;
      }
      case 'delete-elements': {
        const { set, elements, ranges } = found(table.sets.get(change.set));
        for (const key of change.keys) {
          refer(table, elementTargets(set, found(elements.get(key))), -1, undos);
          if (ranges.has(key)) remove(ranges, key, undos);
          remove(elements, key, undos);
        }
        return;
      }
    }
  }
}

function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Refused('No such file or directory');
  return value;
}

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, undos: Undo[]): void {
  map.set(key, value);
  undos.push(() => map.delete(key));
}

function remove<Key, Value>(map: Map<Key, Value>, key: Key, undos: Undo[]): void {
  const value = found(map.get(key));
  map.delete(key);
  undos.push(() => map.set(key, value));
}

function sameSet(left: Omit<NftSet, 'elements'>, right: Omit<NftSet, 'elements'>): boolean {
  return (
    left.type === right.type &&
    left.dataType === right.dataType &&
    left.interval === right.interval &&
    left.counted === right.counted
  );
}

function setRules(table: FakeTable, chain: FakeChain, rules: readonly NftRule[], undos: Undo[]): void {
  const before = chain.rules;
  for (const rule of before) refer(table, ruleTargets(rule.text), -1, undos);
  for (const rule of rules) refer(table, ruleTargets(rule.text), 1, undos);
  chain.rules = rules;
  undos.push(() => {
    chain.rules = before;
  });
}

/** Elements of one value each conflict only if they are equal, so ranges alone are compared with all others. */
function addSpan(key: string, { set, elements, ranges }: FakeSet, undos: Undo[]): void {
  const span = elementSpan(key);
  const single = coversOne(span);
  if (!single && !set.interval) throw new Refused("You must add 'flags interval' to your set declaration");
  if (ranges.values().some((other) => spansConflict(span, other))) throw new Refused('File exists');
  if (single) return;
  if (elements.keys().some((other) => spansConflict(span, elementSpan(other)))) throw new Refused('File exists');
  put(ranges, key, span, undos);
}

/** Counts references up or down; what is newly referred to must exist. */
function refer(table: FakeTable, targets: readonly string[], step: 1 | -1, undos: Undo[]): void {
  for (const target of targets) {
    if (step === 1) found(target.startsWith('@') ? table.sets.get(target.slice(1)) : table.chains.get(target));
    table.references.set(target, (table.references.get(target) ?? 0) + step);
    undos.push(() => table.references.set(target, (table.references.get(target) ?? 0) - step));
  }
}

/** Raw payload (`@th,64,128`) is no set. */
function ruleTargets(text: string): readonly string[] {
  const unquoted = text.replaceAll(/"[^"]*"/g, '""');
  return [
    ...[...unquoted.matchAll(/@(?!(?:ll|nh|th|ih),)([A-Za-z_][\w./\\-]*)/g)].map((match) => match[0]),
    ...verdictTargets(unquoted),
  ];
}

/** Comments of sets are words, not verdicts. */
function elementTargets(set: Omit<NftSet, 'elements'>, data: string): readonly string[] {
  return set.dataType === undefined ? [] : verdictTargets(data);
}

function verdictTargets(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:jump|goto) ([A-Za-z_][\w./\\-]*)/g)].map((match) => match[1] ?? '');
}
