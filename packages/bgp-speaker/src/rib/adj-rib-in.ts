import { type BgpFamily, PrefixMap } from '@slash32/shared';
import { BGP_FAMILIES, type NextHop, type NlriBlock, type PathAttributes, type PrefixKey } from '../codec/index.ts';
import type { ImportPolicy, ImportVerdict } from './import-policy.ts';
import type { Path, PathSource } from './path.ts';
import { PathTable } from './path-table.ts';

export interface AdjRibInEntry {
  readonly path: Path;
  readonly stale: boolean;
}

interface FamilyTable {
  current: PrefixMap<PrefixKey, Path>;
  /** What the peer announced before its restart and has not confirmed since (RFC 4724 4.2). */
  stale: PrefixMap<PrefixKey, Path>;
  /** Of both, those that the import policy accepted. */
  accepted: number;
}

/**
 * Adj-RIB-In of one peer (RFC 4271 3.2). Marking all routes stale is O(1): the table becomes the stale one, and each
 * route that is announced again moves over. Methods that change routes return or report the prefixes concerned, for
 * the caller to decide again.
 */
export class AdjRibIn {
  #policy: ImportPolicy;
  readonly #paths: PathTable;
  readonly #tables: Readonly<Record<BgpFamily, FamilyTable>> = {
    'ipv4-unicast': { current: new PrefixMap(), stale: new PrefixMap(), accepted: 0 },
    'ipv6-unicast': { current: new PrefixMap(), stale: new PrefixMap(), accepted: 0 },
  };

  constructor(source: PathSource, policy: ImportPolicy) {
    this.#policy = policy;
    this.#paths = new PathTable(source);
  }

  /** Number of prefixes, rejected ones included. */
  received(family: BgpFamily): number {
    const table = this.#tables[family];
    return table.current.size + table.stale.size;
  }

  accepted(family: BgpFamily): number {
    return this.#tables[family].accepted;
  }

  staleRoutes(family?: BgpFamily): number {
    if (family !== undefined) return this.#tables[family].stale.size;
    return BGP_FAMILIES.reduce((sum, each) => sum + this.#tables[each].stale.size, 0);
  }

  /** Number of different paths that its prefixes have. */
  get paths(): number {
    return this.#paths.size;
  }

  /** The path of a prefix as it competes: `undefined` if there is none or it was rejected. */
  candidate(key: PrefixKey): Path | undefined {
    const table = this.#tableOf(key);
    const path = table.current.get(key) ?? table.stale.get(key);
    return path?.rejection === undefined ? path : undefined;
  }

  entry(key: PrefixKey): AdjRibInEntry | undefined {
    const table = this.#tableOf(key);
    const current = table.current.get(key);
    if (current !== undefined) return { path: current, stale: false };
    const stale = table.stale.get(key);
    return stale === undefined ? undefined : { path: stale, stale: true };
  }

  *keys(): Generator<PrefixKey> {
    for (const family of BGP_FAMILIES) {
      yield* this.#tables[family].current.keys();
      yield* this.#tables[family].stale.keys();
    }
  }

  announce(block: NlriBlock, attributes: PathAttributes, nextHop: NextHop, changed: (key: PrefixKey) => void): void {
    const table = this.#tables[block.family];
    const verdictOf = this.#policy.forRoute(block.family, attributes, nextHop);
    let verdict: ImportVerdict | undefined;
    let path: Path | undefined;
    for (const key of block.prefixes) {
      const before = verdict;
      verdict = verdictOf(key);
      if (path === undefined || verdict !== before) path = this.#paths.intern(attributes, nextHop, verdict);
      const current = table.current.get(key);
      if (current === path) continue;
      const previous = current ?? table.stale.get(key);
      this.#paths.retain(path);
      table.current.set(key, path);
      if (path.rejection === undefined) table.accepted += 1;
      if (previous !== undefined) {
        if (current === undefined) table.stale.delete(key);
        this.#forget(table, previous);
      }
      if (previous !== path) changed(key);
    }
  }

  /** Another import policy: every route is judged anew, as it came. No session is needed for it. */
  setPolicy(policy: ImportPolicy, changed: (key: PrefixKey) => void): void {
    this.#policy = policy;
    // Let go at the end: a path that one prefix leaves may be what the next one gets.
    const left: [FamilyTable, Path][] = [];
    for (const family of BGP_FAMILIES) {
      const table = this.#tables[family];
      const judge = this.#judge(family);
      for (const routes of [table.current, table.stale]) {
        for (const [key, before] of routes) {
          const path = judge(before, key);
          if (path === before) continue;
          this.#paths.retain(path);
          routes.set(key, path);
          if (path.rejection === undefined) table.accepted += 1;
          left.push([table, before]);
          changed(key);
        }
      }
    }
    for (const [table, path] of left) this.#forget(table, path);
  }

  /** What the policy makes of a path for a prefix; worked out once per path and verdict. */
  #judge(family: BgpFamily): (path: Path, key: PrefixKey) => Path {
    const verdictsOf = new Map<Path, (key: PrefixKey) => ImportVerdict>();
    const paths = new Map<ImportVerdict, Path>();
    return (before, key) => {
      let verdictOf = verdictsOf.get(before);
      if (verdictOf === undefined) {
        verdictOf = this.#policy.forRoute(family, before.received, before.nextHop);
        verdictsOf.set(before, verdictOf);
      }
      const verdict = verdictOf(key);
      let path = paths.get(verdict);
      if (path === undefined) {
        path = this.#paths.intern(before.received, before.nextHop, verdict);
        paths.set(verdict, path);
      }
      return path;
    };
  }

  withdraw(block: NlriBlock, changed: (key: PrefixKey) => void): void {
    const table = this.#tables[block.family];
    for (const key of block.prefixes) {
      const path = table.current.get(key) ?? table.stale.get(key);
      if (path === undefined) continue;
      table.current.delete(key);
      table.stale.delete(key);
      this.#forget(table, path);
      changed(key);
    }
  }

  /** The session is down and the peer restarts: everything is stale. What was stale already goes (RFC 4724 4.2). */
  markStale(family: BgpFamily, changed: (key: PrefixKey) => void): void {
    const table = this.#tables[family];
    this.sweepStale(family, changed);
    table.stale = table.current;
    table.current = new PrefixMap();
  }

  /** The peer begins to send everything again (RFC 7313 4.2): as {@link markStale}, but nothing goes yet. */
  markRefreshing(family: BgpFamily): void {
    const table = this.#tables[family];
    this.unmarkStale(family);
    table.stale = table.current;
    table.current = new PrefixMap();
  }

  /** What is stale counts as announced. */
  unmarkStale(family: BgpFamily): void {
    const table = this.#tables[family];
    for (const [key, path] of table.stale) table.current.set(key, path);
    table.stale = new PrefixMap();
  }

  /** Removes what is still stale. */
  sweepStale(family: BgpFamily, changed: (key: PrefixKey) => void): void {
    const table = this.#tables[family];
    const stale = table.stale;
    table.stale = new PrefixMap();
    this.#drop(table, stale, changed);
  }

  clear(family: BgpFamily, changed: (key: PrefixKey) => void): void {
    const table = this.#tables[family];
    this.sweepStale(family, changed);
    const current = table.current;
    table.current = new PrefixMap();
    this.#drop(table, current, changed);
  }

  #drop(table: FamilyTable, routes: ReadonlyMap<PrefixKey, Path>, changed: (key: PrefixKey) => void): void {
    for (const [key, path] of routes) {
      this.#forget(table, path);
      changed(key);
    }
  }

  #forget(table: FamilyTable, path: Path): void {
    if (path.rejection === undefined) table.accepted -= 1;
    this.#paths.release(path);
  }

  #tableOf(key: PrefixKey): FamilyTable {
    return this.#tables[typeof key === 'number' ? 'ipv4-unicast' : 'ipv6-unicast'];
  }
}
