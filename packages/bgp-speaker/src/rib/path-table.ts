import { attributesKey, type NextHop, type PathAttributes } from '../codec/index.ts';
import type { ImportVerdict } from './import-policy.ts';
import { makePath, type Path, type PathSource } from './path.ts';

/** Interns the paths of one source, so that a table of 100,000 prefixes with equal attributes holds one of them. */
export class PathTable {
  readonly #source: PathSource;
  readonly #paths = new Map<string, Path>();
  readonly #entries = new Map<Path, { references: number; readonly key: string }>();

  constructor(source: PathSource) {
    this.#source = source;
  }

  /** Number of different paths in use. */
  get size(): number {
    return this.#paths.size;
  }

  /** The path for these; the caller pairs every table entry that keeps it with {@link retain} and {@link release}. */
  intern(received: PathAttributes, nextHop: NextHop, verdict: ImportVerdict): Path {
    const { rejection, decidedBy } = verdict;
    const receivedKey = attributesKey(received);
    const changedKey = verdict.attributes === received ? receivedKey : attributesKey(verdict.attributes);
    // A policy that sets what is there already changes nothing.
    const attributes = changedKey === receivedKey ? received : verdict.attributes;
    const texts = [rejection ?? '', decidedBy ?? '', nextHop.address, nextHop.linkLocal ?? ''].join('|');
    const key = `${texts}|${receivedKey}|${attributes === received ? '' : changedKey}`;
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const path = makePath({
      source: this.#source,
      attributes,
      received,
      nextHop,
      ...(decidedBy === undefined ? {} : { decidedBy }),
      ...(rejection === undefined ? {} : { rejection }),
    });
    this.#paths.set(key, path);
    this.#entries.set(path, { references: 0, key });
    return path;
  }

  retain(path: Path): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined) entry.references += 1;
  }

  release(path: Path): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    entry.references -= 1;
    if (entry.references > 0) return;
    this.#entries.delete(path);
    this.#paths.delete(entry.key);
  }
}
