import type { KernelNextHop, KernelRoute, RouteChange } from '@slash32/linux';
import { PrefixMap } from '@slash32/shared';
import { type PrefixKey, prefixKeyAddressFamily, prefixKeyFromText } from '../codec/index.ts';
import type { Path } from '../rib/path.ts';
import {
  coversNextHops,
  LEARNED_ROUTE_METRIC,
  type LinkOf,
  learnedRoute,
  nextHopsIn,
  sameNextHops,
} from './learned-route.ts';
import { NextHopSets } from './next-hop-sets.ts';

export type NextHops = readonly KernelNextHop[];

/**
 * The kernel's learned routes as far as we know them, and the way from there to what is wanted. Those of the speaker's
 * former life are `retained`: until the selection deferral ends they stay, and change only if the new choice has all of
 * their next hops and more (RFC 4724 4.1). State only; {@link changeFor} takes the change for made.
 */
export class InstalledRoutes {
  /** Prefix → its interned next hops. */
  readonly #installed = new PrefixMap<PrefixKey, NextHops>();
  readonly #retained = new PrefixMap<PrefixKey, NextHops>();
  readonly #nextHopSets: NextHopSets;
  /** Of former releases, with another metric: removed with the retained ones. */
  #obsolete: readonly KernelRoute[] = [];
  #deferring = true;

  constructor(linkOf: LinkOf) {
    this.#nextHopSets = new NextHopSets(linkOf);
  }

  get size(): number {
    return this.#installed.size;
  }

  /** Routes of the former life that no peer has confirmed so far. */
  get retained(): number {
    return this.#retained.size;
  }

  get deferring(): boolean {
    return this.#deferring;
  }

  /** True if {@link obsoleteRemovals} has something to remove. */
  get hasObsolete(): boolean {
    return !this.#deferring && this.#obsolete.length > 0;
  }

  has(key: PrefixKey): boolean {
    return this.#installed.has(key) || this.#retained.has(key);
  }

  hasRetained(family: 4 | 6): boolean {
    return this.#retained.keys().some((key) => prefixKeyAddressFamily(key) === family);
  }

  /** What the kernel has for a prefix. */
  nextHopsOf(key: PrefixKey): NextHops | undefined {
    return this.#installed.get(key) ?? this.#retained.get(key);
  }

  /** At the start: all of these are of the former life. */
  adopt(routes: Iterable<KernelRoute>): void {
    const obsolete: KernelRoute[] = [];
    for (const route of routes) {
      if (hasOurMetric(route)) {
        this.#retained.set(prefixKeyFromText(route.prefix), this.#nextHopSets.intern(nextHopsIn(route)));
      } else obsolete.push(route);
    }
    this.#obsolete = obsolete;
  }

  /** Returns the prefixes that nobody has confirmed; they are to be looked at again. */
  endDeferral(): Iterable<PrefixKey> {
    this.#deferring = false;
    return this.#retained.keys();
  }

  /** Removals of former releases' routes, once the deferral is over. Each is told once. */
  obsoleteRemovals(): readonly RouteChange[] {
    if (!this.hasObsolete) return [];
    const changes = this.#obsolete.map((route): RouteChange => ({ op: 'delete', route }));
    this.#obsolete = [];
    return changes;
  }

  /** Links may have changed: what the latest paths came to is computed anew. */
  forgetLatest(): void {
    this.#nextHopSets.forgetLatest();
  }

  /** What has to be done for a prefix; `as-wanted`: nothing, `later`: nothing yet. */
  changeFor(key: PrefixKey, chosen: readonly Path[]): RouteChange | 'as-wanted' | 'later' {
    const wanted = this.#nextHopSets.of(chosen);
    if (wanted === 'undecided') return 'later';
    const retained = this.#retained.get(key);
    if (retained !== undefined) {
      if (this.#deferring && (wanted === undefined || !coversNextHops(wanted, retained))) return 'later';
      this.#retained.delete(key);
      this.#installed.set(key, wanted !== undefined && sameNextHops(wanted, retained) ? wanted : retained);
    }
    const installed = this.#installed.get(key);
    if (wanted === undefined) {
      if (installed === undefined) return 'as-wanted';
      this.#installed.delete(key);
      return { op: 'delete', route: learnedRoute(key, installed) };
    }
    if (installed === wanted) return 'as-wanted';
    this.#installed.set(key, wanted);
    return { op: 'replace', route: learnedRoute(key, wanted) };
  }

  /** The kernel has these for the prefix, whatever was asked of it; `undefined`: none. */
  correct(key: PrefixKey, nextHops: NextHops | undefined): void {
    if (nextHops === undefined) this.#installed.delete(key);
    else this.#installed.set(key, this.#nextHopSets.intern(nextHops));
  }

  /** The kernel's route for a prefix is gone. Tells whose it was. */
  seeRemoval(key: PrefixKey): 'retained' | 'installed' | 'unknown' {
    if (this.#retained.delete(key)) return 'retained';
    return this.#installed.has(key) ? 'installed' : 'unknown';
  }

  /** Takes over what the kernel has by a listing. Returns the prefixes where that is not what we believed. */
  compare(routes: Iterable<KernelRoute>): readonly PrefixKey[] {
    const actual = new PrefixMap<PrefixKey, NextHops>();
    for (const route of routes) {
      if (hasOurMetric(route)) actual.set(prefixKeyFromText(route.prefix), this.#nextHopSets.intern(nextHopsIn(route)));
    }
    const different: PrefixKey[] = [];
    for (const [key, nextHops] of this.#installed) {
      const found = actual.get(key);
      if (found !== undefined && sameNextHops(nextHops, found)) continue;
      this.#installed.delete(key);
      if (found !== undefined) this.#installed.set(key, found);
      different.push(key);
    }
    for (const key of this.#retained.keys()) if (!actual.has(key)) this.#retained.delete(key);
    for (const [key, nextHops] of actual) {
      if (this.has(key)) continue;
      this.#installed.set(key, nextHops);
      different.push(key);
    }
    return different;
  }
}

function hasOurMetric({ metric, family }: KernelRoute): boolean {
  return metric === LEARNED_ROUTE_METRIC[family];
}
