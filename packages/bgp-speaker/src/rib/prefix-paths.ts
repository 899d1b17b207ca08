import { PrefixMap } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import type { Path } from './path.ts';

/**
 * Paths of one peer by prefix and Path Identifier (RFC 7911 section 2: what an announcement replaces, and a withdrawal
 * takes back, is the path with both). A prefix with one path, which is every one without ADD-PATH, holds it directly;
 * there are lists only where there are several. Paths carry their own identifier; without ADD-PATH it is `undefined`.
 */
export class PrefixPaths {
  readonly #entries = new PrefixMap<PrefixKey, Path | readonly Path[]>();
  /** Paths beyond the first of their prefix. */
  #further = 0;

  /** Number of paths. */
  get size(): number {
    return this.#entries.size + this.#further;
  }

  get(key: PrefixKey, pathId: number | undefined): Path | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (isList(entry)) return entry.find((path) => path.pathId === pathId);
    return entry.pathId === pathId ? entry : undefined;
  }

  /** All paths of a prefix, oldest first. No array is made for a single one. */
  of(key: PrefixKey): readonly Path[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return NO_PATHS;
    return isList(entry) ? entry : entry.alone;
  }

  /** In the place of the path with the same prefix and identifier, if there is one. */
  set(key: PrefixKey, path: Path): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, path);
      return;
    }
    if (!isList(entry)) {
      if (entry.pathId === path.pathId) {
        this.#entries.set(key, path);
        return;
      }
      this.#entries.set(key, [entry, path]);
      this.#further += 1;
      return;
    }
    const at = entry.findIndex(({ pathId }) => pathId === path.pathId);
    if (at >= 0) {
      this.#entries.set(key, entry.with(at, path));
      return;
    }
    this.#entries.set(key, [...entry, path]);
    this.#further += 1;
  }

  delete(key: PrefixKey, pathId: number | undefined): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (!isList(entry)) {
      if (entry.pathId === pathId) this.#entries.delete(key);
      return;
    }
    const left = entry.filter((path) => path.pathId !== pathId);
    if (left.length === entry.length) return;
    const [only] = left;
    this.#entries.set(key, only !== undefined && left.length === 1 ? only : left);
    this.#further -= 1;
  }

  keys(): Iterable<PrefixKey> {
    return this.#entries.keys();
  }

  /** Calls back with each path, which the callback may replace. */
  visit(visitor: (path: Path, key: PrefixKey) => void): void {
    for (const [key, entry] of this.#entries) {
      if (!isList(entry)) visitor(entry, key);
      else for (const path of entry) visitor(path, key);
    }
  }
}

const NO_PATHS: readonly Path[] = [];

function isList(entry: Path | readonly Path[]): entry is readonly Path[] {
  return Array.isArray(entry);
}
