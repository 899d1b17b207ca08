import { attributesKey, type NextHop, type PathAttributes } from '../codec/index.ts';
import type { ImportVerdict } from './import-policy.ts';
import type { KeptAs } from './kept-paths.ts';
import { makePath, type Path, type PathSource } from './path.ts';

/** Paths that differ in nothing but their Path Identifiers. */
export interface PathGroup {
  readonly key: string;
  readonly fields: Parameters<typeof makePath>[0];
  /** The path without an identifier. */
  plain: Path | undefined;
  /** Absent without ADD-PATH. */
  byId: Map<number, Path> | undefined;
}

/** Interns the paths of one source, so that a table of 100,000 prefixes with equal attributes holds one of them. */
export class PathTable {
  readonly #source: PathSource;
  readonly #groups = new Map<string, PathGroup>();
  readonly #entries = new Map<Path, { references: number; readonly group: PathGroup }>();

  constructor(source: PathSource) {
    this.#source = source;
  }

  /** Number of different paths in use. */
  get size(): number {
    return this.#entries.size;
  }

  /** What the paths with these have in common; valid until a path is released. {@link pathOf} has the paths. */
  group(received: PathAttributes, nextHop: NextHop, verdict: ImportVerdict, keptAs?: KeptAs): PathGroup {
    const { rejection, decidedBy, blackhole } = verdict;
    const receivedKey = attributesKey(received);
    const changedKey = verdict.attributes === received ? receivedKey : attributesKey(verdict.attributes);
    // A policy that sets what is there already changes nothing.
    const attributes = changedKey === receivedKey ? received : verdict.attributes;
    const texts = [
      keptAs ?? '',
      blackhole ?? '',
      rejection ?? '',
      decidedBy ?? '',
      nextHop.address,
      nextHop.linkLocal ?? '',
    ].join('|');
    const key = `${texts}|${receivedKey}|${attributes === received ? '' : changedKey}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: PathGroup = {
      key,
      fields: {
        source: this.#source,
        attributes,
        received,
        nextHop,
        ...(decidedBy === undefined ? {} : { decidedBy }),
        ...(rejection === undefined ? {} : { rejection }),
        ...(blackhole === undefined ? {} : { blackhole }),
        ...(keptAs === undefined ? {} : { keptAs }),
      },
      plain: undefined,
      byId: undefined,
    };
    return group;
  }

  /** The path of a group; the caller pairs every table entry that keeps it with {@link retain} and {@link release}. */
  pathOf(group: PathGroup, pathId: number | undefined): Path {
    const known = pathId === undefined ? group.plain : group.byId?.get(pathId);
    if (known !== undefined) return known;
    const path = makePath(pathId === undefined ? group.fields : { ...group.fields, pathId });
    if (pathId === undefined) {
      group.plain = path;
    } else {
      group.byId ??= new Map();
      group.byId.set(pathId, path);
    }
    this.#groups.set(group.key, group);
    this.#entries.set(path, { references: 0, group });
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
    const { group } = entry;
    this.#entries.delete(path);
    if (path.pathId === undefined) group.plain = undefined;
    else group.byId?.delete(path.pathId);
    if (group.plain === undefined && (group.byId === undefined || group.byId.size === 0)) {
      this.#groups.delete(group.key);
    }
  }
}
