import type { NftChain, NftRuleset, NftSet, NftTable, NftTableId } from '@slash32/shared';
import type { SetDifference, TableDifference } from '../diff/order-changes.ts';
import { sameRules } from '../diff/ruleset-diff.ts';

interface StoredSet {
  readonly definition: Omit<NftSet, 'elements'>;
  readonly elements: Map<string, string>;
}

interface StoredTable {
  readonly sets: Map<string, StoredSet>;
  readonly chains: Map<string, NftChain>;
}

/** What an object was at the last `forgetChanges`; noted when it is touched first. */
interface TableJournal {
  /** Set name → definition then; `undefined`: was not there. */
  readonly sets: Map<string, Omit<NftSet, 'elements'> | undefined>;
  /** Set name → key → data then; `undefined`: was not there. */
  readonly elements: Map<string, Map<string, string | undefined>>;
  readonly chains: Map<string, NftChain | undefined>;
}

/** The desired state of our tables, and what differs from what the kernel was last told. */
export class ProgramStore {
  readonly #tables = new Map<NftTableId, StoredTable>();
  readonly #journals = new Map<NftTableId, TableJournal>();

  constructor(tables: readonly NftTableId[]) {
    for (const table of tables) {
      this.#tables.set(table, { sets: new Map(), chains: new Map() });
      this.#journals.set(table, emptyJournal());
    }
  }

  /** Makes the set if it is not there. */
  ensureSet(table: NftTableId, definition: Omit<NftSet, 'elements'>): void {
    const { sets } = this.#table(table);
    if (sets.has(definition.name)) return;
    this.#noteSet(table, definition.name);
    sets.set(definition.name, { definition, elements: new Map() });
  }

  /** Makes the set if needed, and its elements these. */
  replaceSet(table: NftTableId, { elements, ...definition }: NftSet): void {
    this.ensureSet(table, definition);
    const present = this.#set(table, definition.name).elements;
    for (const key of [...present.keys()]) if (!elements.has(key)) this.deleteElement(table, definition.name, key);
    for (const [key, data] of elements) this.putElement(table, definition.name, key, data);
  }

  deleteSet(table: NftTableId, name: string): void {
    const { sets } = this.#table(table);
    const set = sets.get(name);
    if (set === undefined) return;
    for (const key of set.elements.keys()) this.#noteElement(table, name, key, set.elements.get(key));
    this.#noteSet(table, name);
    sets.delete(name);
  }

  putElement(table: NftTableId, name: string, key: string, data: string): void {
    const { elements } = this.#set(table, name);
    const before = elements.get(key);
    if (before === data) return;
    this.#noteElement(table, name, key, before);
    elements.set(key, data);
  }

  deleteElement(table: NftTableId, name: string, key: string): void {
    const { elements } = this.#set(table, name);
    const before = elements.get(key);
    if (before === undefined) return;
    this.#noteElement(table, name, key, before);
    elements.delete(key);
  }

  putChain(table: NftTableId, chain: NftChain): void {
    const { chains } = this.#table(table);
    const before = chains.get(chain.name);
    if (before !== undefined && sameRules(before.rules, chain.rules)) return;
    this.#noteChain(table, chain.name);
    chains.set(chain.name, chain);
  }

  deleteChain(table: NftTableId, name: string): void {
    const { chains } = this.#table(table);
    if (!chains.has(name)) return;
    this.#noteChain(table, name);
    chains.delete(name);
  }

  elements(table: NftTableId, name: string): ReadonlyMap<string, string> {
    return this.#set(table, name).elements;
  }

  /** A copy. */
  ruleset(): NftRuleset {
    const ruleset = new Map<NftTableId, NftTable>();
    for (const [id, { sets, chains }] of this.#tables) {
      const copies = [...sets].map(([name, set]): [string, NftSet] => [
        name,
        { ...set.definition, elements: new Map(set.elements) },
      ]);
      ruleset.set(id, { id, sets: new Map(copies), chains: new Map(chains) });
    }
    return ruleset;
  }

  /** What differs since `forgetChanges`. */
  differences(): TableDifference[] {
    return [...this.#journals].flatMap(([id, journal]) => this.#difference(id, journal) ?? []);
  }

  /** From now on, what is here is what the kernel has. */
  forgetChanges(): void {
    for (const id of this.#journals.keys()) this.#journals.set(id, emptyJournal());
  }

  #difference(id: NftTableId, journal: TableJournal): TableDifference | undefined {
    const table = this.#table(id);
    const sets = new Map<string, SetDifference>();
    for (const name of new Set([...journal.sets.keys(), ...journal.elements.keys()])) {
      const now = table.sets.get(name);
      const before = journal.sets.has(name) ? journal.sets.get(name) : now?.definition;
      if (before === undefined && now === undefined) continue;
      const added = new Map<string, string>();
      const deleted: string[] = [];
      if (before === undefined) {
        for (const [key, data] of now?.elements ?? []) added.set(key, data);
      } else if (now !== undefined) {
        for (const [key, data] of journal.elements.get(name) ?? []) {
          const current = now.elements.get(key);
          if (current === data) continue;
          if (data !== undefined) deleted.push(key);
          if (current !== undefined) added.set(key, current);
        }
      }
      if (before !== undefined && now !== undefined && added.size === 0 && deleted.length === 0) continue;
      sets.set(name, { before, after: now?.definition, added, deleted });
    }
    const chains = new Map<string, { before: NftChain | undefined; after: NftChain | undefined }>();
    for (const [name, before] of journal.chains) {
      const after = table.chains.get(name);
      if (before === undefined && after === undefined) continue;
      if (before !== undefined && after !== undefined && sameRules(before.rules, after.rules)) continue;
      chains.set(name, { before, after });
    }
    return sets.size === 0 && chains.size === 0 ? undefined : { table: id, change: 'change', sets, chains };
  }

  #table(id: NftTableId): StoredTable {
    const table = this.#tables.get(id);
    if (table === undefined) throw new RangeError(`no table ${id} in the program`);
    return table;
  }

  #set(table: NftTableId, name: string): StoredSet {
    const set = this.#table(table).sets.get(name);
    if (set === undefined) throw new RangeError(`no set ${name} in table ${table} of the program`);
    return set;
  }

  #journal(table: NftTableId): TableJournal {
    const journal = this.#journals.get(table);
    if (journal === undefined) throw new RangeError(`no table ${table} in the program`);
    return journal;
  }

  #noteSet(table: NftTableId, name: string): void {
    const { sets } = this.#journal(table);
    if (!sets.has(name)) sets.set(name, this.#table(table).sets.get(name)?.definition);
  }

  #noteElement(table: NftTableId, name: string, key: string, before: string | undefined): void {
    const { elements } = this.#journal(table);
    const noted = elements.get(name);
    if (noted === undefined) elements.set(name, new Map([[key, before]]));
    else if (!noted.has(key)) noted.set(key, before);
  }

  #noteChain(table: NftTableId, name: string): void {
    const { chains } = this.#journal(table);
    if (!chains.has(name)) chains.set(name, this.#table(table).chains.get(name));
  }
}

function emptyJournal(): TableJournal {
  return { sets: new Map(), elements: new Map(), chains: new Map() };
}
