import type { BgpFamily } from '@slash32/shared';
import { BGP_FAMILIES, type NextHop, type NlriBlock, type PathAttributes, type PrefixKey } from '../codec/index.ts';
import type { ImportPolicy, ImportVerdict } from './import-policy.ts';
import type { KeptAs } from './kept-paths.ts';
import type { Path, PathSource } from './path.ts';
import { judgePaths, keepPathsAs, type PathSuccessor, renewPaths } from './path-successors.ts';
import { type PathGroup, PathTable } from './path-table.ts';
import { PrefixPaths } from './prefix-paths.ts';

export interface AdjRibInEntry {
  readonly path: Path;
  readonly stale: boolean;
}

/** Told of a path that came, went, or is another one now. `pathId`: with ADD-PATH. */
export type RouteChanged = (key: PrefixKey, pathId?: number) => void;

interface FamilyTable {
  current: PrefixPaths;
  /** What the peer announced before its restart and has not confirmed since (RFC 4724 4.2). */
  stale: PrefixPaths;
  /** Of both, those that the import policy accepted. */
  accepted: number;
}

/**
 * Adj-RIB-In of one peer (RFC 4271 3.2), by prefix and Path Identifier. Marking all routes stale is O(1): the table
 * becomes the stale one, and each route that is announced again moves over. With ADD-PATH some paths of a prefix can be
 * stale and others not. Methods that change routes report them, for the caller to decide again.
 */
export class AdjRibIn {
  #policy: ImportPolicy;
  readonly #paths: PathTable;
  readonly #tables: Readonly<Record<BgpFamily, FamilyTable>> = {
    'ipv4-unicast': { current: new PrefixPaths(), stale: new PrefixPaths(), accepted: 0 },
    'ipv6-unicast': { current: new PrefixPaths(), stale: new PrefixPaths(), accepted: 0 },
  };

  constructor(source: PathSource, policy: ImportPolicy) {
    this.#policy = policy;
    this.#paths = new PathTable(source);
  }

  /** Number of routes, rejected ones included: prefixes, or with ADD-PATH their paths. */
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

  /** The paths of a prefix that compete: without those that were rejected. */
  candidates(key: PrefixKey): readonly Path[] {
    const { current, stale } = this.#tableOf(key);
    const paths = stale.size === 0 ? current.of(key) : joined(current.of(key), stale.of(key));
    return paths.every(({ rejection }) => rejection === undefined)
      ? paths
      : paths.filter(({ rejection }) => rejection === undefined);
  }

  /** All paths of a prefix, rejected ones included; those that were announced since the peer's restart come first. */
  entries(key: PrefixKey): readonly AdjRibInEntry[] {
    const { current, stale } = this.#tableOf(key);
    return [
      ...current.of(key).map((path) => ({ path, stale: false })),
      ...stale.of(key).map((path) => ({ path, stale: true })),
    ];
  }

  /** `pathId` `undefined`: the path without an identifier. */
  entry(key: PrefixKey, pathId?: number): AdjRibInEntry | undefined {
    const { current, stale } = this.#tableOf(key);
    const path = current.get(key, pathId);
    if (path !== undefined) return { path, stale: false };
    const before = stale.get(key, pathId);
    return before === undefined ? undefined : { path: before, stale: true };
  }

  /** A prefix may come twice. */
  *keys(): Generator<PrefixKey> {
    for (const family of BGP_FAMILIES) {
      yield* this.#tables[family].current.keys();
      yield* this.#tables[family].stale.keys();
    }
  }

  announce(block: NlriBlock, attributes: PathAttributes, nextHop: NextHop, changed: RouteChanged): void {
    const table = this.#tables[block.family];
    const { prefixes, pathIds } = block;
    const verdictOf = this.#policy.forRoute(block.family, attributes, nextHop);
    let verdict: ImportVerdict | undefined;
    let group: PathGroup | undefined;
    let path: Path | undefined;
    let index = -1;
    for (const key of prefixes) {
      index += 1;
      const before = verdict;
      const pathId = pathIds?.[index];
      verdict = verdictOf(key);
      if (group === undefined || verdict !== before) {
        group = this.#paths.group(attributes, nextHop, verdict);
        path = undefined;
      }
      if (path === undefined || path.pathId !== pathId) path = this.#paths.pathOf(group, pathId);
      const current = table.current.get(key, pathId);
      if (current === path) continue;
      const previous = current ?? table.stale.get(key, pathId);
      this.#paths.retain(path);
      table.current.set(key, path);
      if (path.rejection === undefined) table.accepted += 1;
      if (previous !== undefined) {
        if (current === undefined) table.stale.delete(key, pathId);
        this.#forget(table, previous);
      }
      if (previous !== path) changed(key, pathId);
    }
  }

  /** Another import policy: every route is judged anew, as it came. No session is needed for it. */
  setPolicy(policy: ImportPolicy, changed: RouteChanged): void {
    this.#policy = policy;
    for (const family of BGP_FAMILIES) {
      const table = this.#tables[family];
      const judge = judgePaths(family, policy, this.#paths);
      for (const routes of [table.current, table.stale]) this.#rewrite(table, routes, judge, changed);
    }
  }

  /** What is stale becomes the last resort, or goes where the peer does not want it kept so long (NO_LLGR). */
  keepStaleAs(family: BgpFamily, keptAs: KeptAs, changed: RouteChanged): void {
    const table = this.#tables[family];
    this.#rewrite(table, table.stale, keepPathsAs(keptAs, this.#paths), changed);
  }

  /** Puts in every path's place what `successorOf` has for it; `undefined`: nothing. */
  #rewrite(table: FamilyTable, routes: PrefixPaths, successorOf: PathSuccessor, changed: RouteChanged): void {
    // Let go at the end: a path that one prefix leaves may be what the next one gets.
    const left: Path[] = [];
    routes.visit((before, key) => {
      const path = successorOf(before, key);
      if (path === before) return;
      if (path === undefined) routes.delete(key, before.pathId);
      else {
        this.#paths.retain(path);
        routes.set(key, path);
        if (path.rejection === undefined) table.accepted += 1;
      }
      left.push(before);
      changed(key, before.pathId);
    });
    for (const path of left) this.#forget(table, path);
  }

  withdraw(block: NlriBlock, changed: RouteChanged): void {
    const table = this.#tables[block.family];
    let index = -1;
    for (const key of block.prefixes) {
      index += 1;
      const pathId = block.pathIds?.[index];
      const path = table.current.get(key, pathId) ?? table.stale.get(key, pathId);
      if (path === undefined) continue;
      table.current.delete(key, pathId);
      table.stale.delete(key, pathId);
      this.#forget(table, path);
      changed(key, pathId);
    }
  }

  /**
   * The session is down and the peer's routes are kept: everything is stale. What was stale already goes (RFC 4724 4.2),
   * or stays with `keepEarlier` (RFC 8538 4.1).
   */
  markStale(family: BgpFamily, changed: RouteChanged, { keepEarlier } = { keepEarlier: false }): void {
    const table = this.#tables[family];
    if (!keepEarlier) this.sweepStale(family, changed);
    const earlier = table.stale;
    table.stale = table.current;
    table.current = new PrefixPaths();
    earlier.visit((path, key) => table.stale.set(key, path));
  }

  /** The peer begins to send everything again (RFC 7313 4.2): as {@link markStale}, but nothing goes yet. */
  markRefreshing(family: BgpFamily, changed: RouteChanged): void {
    const table = this.#tables[family];
    this.unmarkStale(family, changed);
    table.stale = table.current;
    table.current = new PrefixPaths();
  }

  /** What is stale counts as announced. */
  unmarkStale(family: BgpFamily, changed: RouteChanged): void {
    const table = this.#tables[family];
    this.#rewrite(table, table.stale, renewPaths(family, this.#policy, this.#paths), changed);
    table.stale.visit((path, key) => table.current.set(key, path));
    table.stale = new PrefixPaths();
  }

  /** Removes what is still stale. */
  sweepStale(family: BgpFamily, changed: RouteChanged): void {
    const table = this.#tables[family];
    const stale = table.stale;
    table.stale = new PrefixPaths();
    this.#drop(table, stale, changed);
  }

  clear(family: BgpFamily, changed: RouteChanged): void {
    const table = this.#tables[family];
    this.sweepStale(family, changed);
    const current = table.current;
    table.current = new PrefixPaths();
    this.#drop(table, current, changed);
  }

  #drop(table: FamilyTable, routes: PrefixPaths, changed: RouteChanged): void {
    routes.visit((path, key) => {
      this.#forget(table, path);
      changed(key, path.pathId);
    });
  }

  #forget(table: FamilyTable, path: Path): void {
    if (path.rejection === undefined) table.accepted -= 1;
    this.#paths.release(path);
  }

  #tableOf(key: PrefixKey): FamilyTable {
    return this.#tables[typeof key === 'number' ? 'ipv4-unicast' : 'ipv6-unicast'];
  }
}

function joined(left: readonly Path[], right: readonly Path[]): readonly Path[] {
  if (right.length === 0) return left;
  return left.length === 0 ? right : [...left, ...right];
}
