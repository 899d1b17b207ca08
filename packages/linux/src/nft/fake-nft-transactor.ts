import type { FabricError, NftChange, NftElementCounter, NftRuleset, NftTable, NftTableId } from '@slash32/shared';
import { FakeNftState } from './fake-nft-state.ts';
import type { NftApplyResult, NftTransactor } from './nft-transactor.ts';
import { renderChanges } from './render-changes.ts';

/** Why a change is refused, in the kernel's place; `undefined`: it is not. */
export type NftRefusal = (change: NftChange) => string | undefined;

interface Watcher {
  readonly tables: ReadonlySet<NftTableId>;
  readonly onForeignChange: () => void;
}

/** An {@link NftTransactor} in memory that refuses what the kernel would refuse, whole transaction or nothing. */
export class FakeNftTransactor implements NftTransactor {
  /** Set by tests: lets the kernel refuse changes that it would otherwise take. */
  refuse: NftRefusal | undefined;
  /** Set by tests: the next `apply` throws this and applies nothing (`nft.timeout`, `nft.unavailable`). */
  failNext: FabricError | undefined;
  /** Set by tests: what an element of a counted set has counted; nothing if left alone. */
  counted: (set: string, key: string) => NftElementCounter = () => ({ packets: 0, octets: 0 });
  readonly #state = new FakeNftState();
  readonly #watchers = new Set<Watcher>();
  readonly #onApplied: (changes: readonly NftChange[]) => void;

  constructor(onApplied: (changes: readonly NftChange[]) => void = () => {}) {
    this.#onApplied = onApplied;
  }

  async apply(changes: readonly NftChange[]): Promise<NftApplyResult> {
    if (changes.length === 0) return { bytes: 0, durationMs: 0 };
    const failure = this.failNext;
    if (failure !== undefined) {
      this.failNext = undefined;
      throw failure;
    }
    this.#state.apply(changes, this.refuse);
    this.#onApplied(changes);
    return { bytes: Buffer.byteLength(renderChanges(changes).text), durationMs: 0 };
  }

  async list(tables: readonly NftTableId[]): Promise<NftRuleset> {
    const ruleset = new Map<NftTableId, NftTable>();
    for (const id of tables) {
      const table = this.#state.table(id);
      if (table !== undefined) ruleset.set(id, table);
    }
    return ruleset;
  }

  async counters(
    table: NftTableId,
    sets: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, NftElementCounter>>> {
    const counters = new Map<string, ReadonlyMap<string, NftElementCounter>>();
    for (const name of sets) {
      const set = this.#state.table(table)?.sets.get(name);
      if (set === undefined) continue;
      const keys = set.counted === true ? [...set.elements.keys()] : [];
      counters.set(name, new Map(keys.map((key) => [key, this.counted(name, key)])));
    }
    return counters;
  }

  async watch(tables: readonly NftTableId[], onForeignChange: () => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const watcher = { tables: new Set(tables), onForeignChange };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
  }

  /** What another program does: applied like ours, but watchers hear of it. */
  applyForeign(changes: readonly NftChange[]): void {
    this.#state.apply(changes, undefined);
    this.#announce(new Set(changes.map((change) => change.table)));
  }

  /** `nft flush ruleset` by another program. */
  flushForeign(): void {
    this.#announce(new Set(this.#state.flush()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchers.clear();
  }

  #announce(tables: ReadonlySet<NftTableId>): void {
    for (const watcher of [...this.#watchers]) {
      if (!tables.isDisjointFrom(watcher.tables)) {
        queueMicrotask(() => {
          if (this.#watchers.has(watcher)) watcher.onForeignChange();
        });
      }
    }
  }
}
