import { PrefixMap } from '@slash32/shared';
import type { NextHop, PathAttributes, PrefixKey } from '../codec/index.ts';

/** What a route is announced with; compared by identity, so one object per peer and set of attributes. */
export interface ExportRoute {
  readonly attributes: PathAttributes;
  readonly nextHop: NextHop;
}

export interface PendingChanges {
  readonly withdrawn: readonly PrefixKey[];
  readonly announced: ReadonlyMap<ExportRoute, readonly PrefixKey[]>;
}

/**
 * Adj-RIB-Out of one peer and family (RFC 4271 3.2): what the peer has been told, and per prefix the one change that it
 * has not been told yet. A change that returns a prefix to what the peer knows cancels the pending one, so however long
 * the peer does not read, no more than one change per prefix waits.
 */
export class AdjRibOut {
  readonly #advertised = new PrefixMap<PrefixKey, ExportRoute>();
  /** `undefined`: withdraw. */
  readonly #pending = new Map<PrefixKey, ExportRoute | undefined>();

  /** Number of prefixes that the peer has. */
  get advertised(): number {
    return this.#advertised.size;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** What the peer has been told. */
  routes(): ReadonlyMap<PrefixKey, ExportRoute> {
    return this.#advertised;
  }

  /** The route of the change that waits longest; `undefined`: a withdrawal, or nothing. */
  get nextRoute(): ExportRoute | undefined {
    for (const route of this.#pending.values()) return route;
    return undefined;
  }

  announce(key: PrefixKey, route: ExportRoute): void {
    if (this.#advertised.get(key) === route) this.#pending.delete(key);
    else this.#pending.set(key, route);
  }

  withdraw(key: PrefixKey): void {
    if (this.#advertised.has(key)) this.#pending.set(key, undefined);
    else this.#pending.delete(key);
  }

  /** ROUTE-REFRESH (RFC 2918 4): everything that was told is told again. */
  refresh(): void {
    for (const [key, route] of this.#advertised) {
      if (!this.#pending.has(key)) this.#pending.set(key, route);
    }
  }

  /** Takes up to `limit` pending changes, oldest first, and counts them as told. */
  take(limit: number): PendingChanges {
    const withdrawn: PrefixKey[] = [];
    const announced = new Map<ExportRoute, PrefixKey[]>();
    let left = limit;
    for (const [key, route] of this.#pending) {
      if (left === 0) break;
      left -= 1;
      this.#pending.delete(key);
      if (route === undefined) {
        this.#advertised.delete(key);
        withdrawn.push(key);
        continue;
      }
      this.#advertised.set(key, route);
      const group = announced.get(route);
      if (group === undefined) announced.set(route, [key]);
      else group.push(key);
    }
    return { withdrawn, announced };
  }
}
