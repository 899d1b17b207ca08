import { PrefixMap } from '@slash32/shared';
import type { NextHop, PathAttributes, PrefixKey } from '../codec/index.ts';
import { ChangeQueue } from './change-queue.ts';
import type { Path } from './path.ts';

/** What a route is announced with; compared by identity, so one object per peer and set of attributes. */
export interface ExportRoute {
  readonly attributes: PathAttributes;
  readonly nextHop: NextHop;
}

/** One of the paths that a peer is to have for a prefix. */
export interface Offer {
  readonly path: Path;
  readonly route: ExportRoute;
}

/** Prefixes and, with ADD-PATH, the Path Identifier of each. */
export interface PrefixList {
  readonly prefixes: PrefixKey[];
  readonly pathIds?: number[];
}

export interface PendingChanges {
  readonly withdrawn: PrefixList;
  readonly announced: ReadonlyMap<ExportRoute, PrefixList>;
}

/** A route that the peer has been told. */
export interface AdvertisedRoute {
  readonly key: PrefixKey;
  readonly route: ExportRoute;
  /** With ADD-PATH: our identifier of it, and the path that it is. */
  readonly pathId?: number;
  readonly path?: Path;
}

/**
 * Adj-RIB-Out of one peer and family (RFC 4271 3.2): what the peer has been told, and per route the one change that it
 * has not been told yet. A change that returns a route to what the peer knows cancels the pending one, so however long the
 * peer does not read, no more than one change per route waits.
 */
export interface AdjRibOut {
  /** Number of routes that the peer has. */
  readonly advertised: number;
  readonly pending: number;
  /** The route of the change that waits longest; `undefined`: a withdrawal, or nothing. */
  readonly nextRoute: ExportRoute | undefined;
  /** What the peer has been told. */
  routes(): Iterable<AdvertisedRoute>;
  /** One of them. */
  route(key: PrefixKey, pathId: number | undefined): ExportRoute | undefined;
  /** All that the peer is to have for the prefix, the best first; what else it has goes. */
  offer(key: PrefixKey, offers: readonly Offer[]): void;
  /** The one route of ours that it is to have; `undefined`: none. */
  offerLocal(key: PrefixKey, route: ExportRoute | undefined): void;
  /** ROUTE-REFRESH (RFC 2918 4): everything that was told is told again. */
  refresh(): void;
  /** Takes up to `limit` pending changes, oldest first, and counts them as told. */
  take(limit: number): PendingChanges;
  /** These could not be told: the peer has nothing of them. They are tried again when they are offered again. */
  forget(list: PrefixList): void;
}

/** Without ADD-PATH: a prefix has one route, the best of what is offered. */
export class BestPathRibOut implements AdjRibOut {
  readonly #advertised = new PrefixMap<PrefixKey, ExportRoute>();
  /** `undefined`: withdraw. */
  readonly #pending = new ChangeQueue<PrefixKey, ExportRoute | undefined>();
  /** Until nothing waits any more, a route that the peer knows is due nevertheless: it asked for all of them. */
  #repeating = false;

  get advertised(): number {
    return this.#advertised.size;
  }

  get pending(): number {
    return this.#pending.size;
  }

  *routes(): Generator<AdvertisedRoute, void, undefined> {
    for (const [key, route] of this.#advertised) yield { key, route };
  }

  route(key: PrefixKey): ExportRoute | undefined {
    return this.#advertised.get(key);
  }

  get nextRoute(): ExportRoute | undefined {
    return this.#pending.first;
  }

  offer(key: PrefixKey, [best]: readonly Offer[]): void {
    this.offerLocal(key, best?.route);
  }

  offerLocal(key: PrefixKey, route: ExportRoute | undefined): void {
    if (route === undefined) this.#withdraw(key);
    else if (this.#advertised.get(key) !== route || this.#repeating) this.#pending.set(key, route);
    else this.#pending.delete(key);
  }

  refresh(): void {
    for (const [key, route] of this.#advertised) {
      if (!this.#pending.has(key)) this.#pending.set(key, route);
    }
    this.#repeating = this.#pending.size > 0;
  }

  take(limit: number): PendingChanges {
    const withdrawn: PrefixKey[] = [];
    const announced = new Map<ExportRoute, PrefixList>();
    this.#pending.take(limit, (key, route) => {
      if (route === undefined) {
        this.#advertised.delete(key);
        withdrawn.push(key);
        return;
      }
      this.#advertised.set(key, route);
      const group = announced.get(route);
      if (group === undefined) announced.set(route, { prefixes: [key] });
      else group.prefixes.push(key);
    });
    if (this.#pending.size === 0) this.#repeating = false;
    return { withdrawn: { prefixes: withdrawn }, announced };
  }

  forget({ prefixes }: PrefixList): void {
    for (const key of prefixes) this.#advertised.delete(key);
  }

  #withdraw(key: PrefixKey): void {
    // To the end: who has another route instead gets that first.
    this.#pending.delete(key);
    if (this.#advertised.has(key)) this.#pending.set(key, undefined);
  }
}
