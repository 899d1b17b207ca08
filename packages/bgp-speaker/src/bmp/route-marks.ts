import type { PrefixKey } from '../codec/index.ts';

/** A route of a peer: its prefix and, with ADD-PATH, its Path Identifier. */
export type RouteMark = readonly [key: PrefixKey, pathId: number | undefined];

/** Routes that are still to be told. Without ADD-PATH a mark costs its entry in the map and nothing else. */
export class RouteMarks {
  /** `undefined`: the route without an identifier, alone. */
  readonly #marked = new Map<PrefixKey, Set<number | undefined> | undefined>();

  get isEmpty(): boolean {
    return this.#marked.size === 0;
  }

  add(key: PrefixKey, pathId: number | undefined): void {
    const ids = this.#marked.get(key);
    if (ids !== undefined) {
      ids.add(pathId);
      return;
    }
    if (pathId === undefined) {
      this.#marked.set(key, undefined);
      return;
    }
    this.#marked.set(key, new Set(this.#marked.has(key) ? [undefined, pathId] : [pathId]));
  }

  /** The routes of up to `limit` prefixes, oldest first; they are no longer marked. */
  take(limit: number): readonly RouteMark[] {
    const marks: RouteMark[] = [];
    let left = limit;
    for (const [key, ids] of this.#marked) {
      if (left === 0) break;
      left -= 1;
      this.#marked.delete(key);
      if (ids === undefined) marks.push([key, undefined]);
      else for (const pathId of ids) marks.push([key, pathId]);
    }
    return marks;
  }
}
