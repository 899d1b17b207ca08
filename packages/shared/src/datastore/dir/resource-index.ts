import { isDeepStrictEqual } from 'node:util';
import { duplicateProblem } from '../../manifests/parse-manifests.ts';
import type { ResourceKey } from '../../resources/resource-key.ts';
import type { DatastoreEntry, DatastoreEvent, DatastoreProblem } from '../datastore.ts';
import type { ManifestFile } from './manifest-file.ts';
import { comparePathsOf } from './manifest-path.ts';

/**
 * All files together: which resource counts where several files define it (its default path, then the first by path), and what changed.
 * The result depends on the files there are, not on the order in which they came. Cost follows the change.
 */
export class ResourceIndex {
  readonly #files = new Map<string, ManifestFile>();
  /** Paths that define a resource; the first counts. */
  readonly #claims = new Map<ResourceKey, string[]>();
  readonly #faultyPaths = new Set<string>();
  readonly #contested = new Set<ResourceKey>();
  #treeProblems: readonly DatastoreProblem[] = [];
  #problems: readonly DatastoreProblem[] = [];

  /** `undefined`: the file is gone. Returns what changed for a watcher. */
  apply(changes: ReadonlyMap<string, ManifestFile | undefined>): DatastoreEvent[] {
    const before = new Map<ResourceKey, string | undefined>();
    for (const [path, file] of changes) {
      const previous = this.#files.get(path);
      for (const key of [...(previous?.entries.keys() ?? []), ...(file?.entries.keys() ?? [])]) {
        if (!before.has(key)) before.set(key, this.get(key)?.revision);
      }
      for (const key of previous?.entries.keys() ?? []) if (file?.entries.has(key) !== true) this.#disclaim(key, path);
      for (const key of file?.entries.keys() ?? []) if (previous?.entries.has(key) !== true) this.#claim(key, path);
      if (file === undefined) this.#files.delete(path);
      else this.#files.set(path, file);
      if (file === undefined || file.problems.length === 0) this.#faultyPaths.delete(path);
      else this.#faultyPaths.add(path);
    }
    const events: DatastoreEvent[] = [];
    for (const [key, revision] of before) {
      const entry = this.get(key);
      if (entry === undefined && revision !== undefined) events.push({ type: 'delete', key });
      if (entry !== undefined && entry.revision !== revision) events.push({ type: 'put', entry });
    }
    return [...events, ...this.#problemsEvents()];
  }

  /** Replaces the problems that concern the tree and no file of it. */
  setTreeProblems(problems: readonly DatastoreProblem[]): DatastoreEvent[] {
    this.#treeProblems = problems;
    return this.#problemsEvents();
  }

  get(key: ResourceKey): DatastoreEntry | undefined {
    const path = this.#claims.get(key)?.[0];
    return path === undefined ? undefined : this.#files.get(path)?.entries.get(key);
  }

  /** Path of the file whose definition counts. */
  pathOf(key: ResourceKey): string | undefined {
    return this.#claims.get(key)?.[0];
  }

  file(path: string): ManifestFile | undefined {
    return this.#files.get(path);
  }

  get paths(): Iterable<string> {
    return this.#files.keys();
  }

  /** Sorted by key. */
  entries(): DatastoreEntry[] {
    return [...this.#claims.keys()].sort().flatMap((key) => this.get(key) ?? []);
  }

  get problems(): readonly DatastoreProblem[] {
    return this.#problems;
  }

  #claim(key: ResourceKey, path: string): void {
    const paths = [...(this.#claims.get(key) ?? []), path].sort(comparePathsOf(key));
    this.#claims.set(key, paths);
    if (paths.length > 1) this.#contested.add(key);
  }

  #disclaim(key: ResourceKey, path: string): void {
    const paths = (this.#claims.get(key) ?? []).filter((claimed) => claimed !== path);
    if (paths.length === 0) this.#claims.delete(key);
    else this.#claims.set(key, paths);
    if (paths.length < 2) this.#contested.delete(key);
  }

  #problemsEvents(): DatastoreEvent[] {
    const problems = [...this.#treeProblems];
    for (const path of [...this.#faultyPaths].sort()) problems.push(...(this.#files.get(path)?.problems ?? []));
    for (const key of [...this.#contested].sort()) {
      const [first, ...others] = (this.#claims.get(key) ?? []).flatMap(
        (path) => this.#files.get(path)?.entries.get(key) ?? [],
      );
      if (first === undefined) continue;
      for (const other of others) problems.push(duplicateProblem(key, other.origin, first.origin));
    }
    if (isDeepStrictEqual(problems, this.#problems)) return [];
    this.#problems = problems;
    return [{ type: 'problems', problems }];
  }
}
