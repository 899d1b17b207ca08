import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResourceKey } from '../../resources/resource-key.ts';
import type { Clock } from '../../time/clock.ts';
import type { DatastoreEntry } from '../datastore.ts';
import { STATE_DIRECTORY } from './directory-lock.ts';
import { findDocument, mayHideNames, namesResource } from './find-document.ts';
import { defaultPathOf } from './manifest-path.ts';
import { listManifests } from './scan-tree.ts';

export interface FoundResource {
  /** Below the root: the file whose definition counts, or a file that means to define it and is faulty. */
  readonly path: string;
  /** Absent if every definition is faulty. */
  readonly entry?: DatastoreEntry;
}

/** In-place edits of files that a look-up does not find are noticed after this at the latest. */
const MAX_AGE_MS = 1_000;

/**
 * Finds one resource among all files without parsing the others: for tools that change one resource of thousands, or
 * thousands one by one. What is at its default path is found by reading that file. Only what is not is looked for in
 * the others, whose texts are kept between look-ups while nothing suggests that others changed them: no writer of ours
 * since (a token that each leaves behind), no entry of a directory made, removed or renamed (its time), the found
 * file unchanged, and not longer than a second.
 */
export class ManifestTexts {
  readonly #root: string;
  readonly #clock: Clock;
  readonly #texts = new Map<string, string>();
  /** Paths whose texts may hide names. */
  readonly #hiding = new Set<string>();
  #sortedPaths: string[] = [];
  #directories = new Map<string, bigint | undefined>();
  /** The last writer's token when the texts were loaded. */
  #token: string | undefined;
  #ownToken: string | undefined;
  #loadedAtMs = Number.NEGATIVE_INFINITY;

  constructor(root: string, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
  }

  /** Throws where a directory cannot be listed. */
  find(key: ResourceKey): FoundResource | undefined {
    const atDefault = this.#findIn(defaultPathOf(key), this.#readText(defaultPathOf(key)), key);
    if (atDefault?.entry !== undefined) return atDefault;
    if (this.#isCurrent()) {
      const found = this.#search(key);
      if (found === undefined || this.#readText(found.path) === this.#texts.get(found.path)) return found ?? atDefault;
    }
    this.#load();
    return this.#search(key) ?? atDefault;
  }

  /**
   * Tells other processes that files are about to change. Call it under the lock, before the change. Returns true if
   * another writer has been at work since this one's last write, and may have died at it.
   */
  announceWrite(): boolean {
    const others = this.#ownToken === undefined || this.#readToken() !== this.#ownToken;
    this.#ownToken = randomUUID();
    this.#token = this.#ownToken;
    writeFileSync(this.#tokenPath, this.#ownToken);
    return others;
  }

  /** This process wrote `text` to the file; `undefined`: removed it. Call it before the lock is released. */
  remember(path: string, text: string | undefined): void {
    this.#keep(path, text);
    this.#sortedPaths = [];
    for (let directory = dirname(path); ; directory = dirname(directory)) {
      const name = directory === '.' ? '' : directory;
      this.#directories.set(name, this.#timeOf(name));
      if (name === '') return;
    }
  }

  get #tokenPath(): string {
    return join(this.#root, STATE_DIRECTORY, 'last-writer');
  }

  #isCurrent(): boolean {
    if (this.#clock.monotonicMs() - this.#loadedAtMs > MAX_AGE_MS || this.#readToken() !== this.#token) return false;
    for (const [directory, time] of this.#directories) if (this.#timeOf(directory) !== time) return false;
    return true;
  }

  #load(): void {
    this.#loadedAtMs = this.#clock.monotonicMs();
    this.#token = this.#readToken();
    this.#texts.clear();
    this.#hiding.clear();
    this.#sortedPaths = [];
    const { paths, directories } = listManifests(this.#root, (directory) => this.#timeOf(directory));
    this.#directories = directories;
    for (const path of paths) this.#keep(path, this.#readText(path));
  }

  #keep(path: string, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(path);
    else this.#texts.set(path, text);
    if (text !== undefined && mayHideNames(text)) this.#hiding.add(path);
    else this.#hiding.delete(path);
  }

  #search(key: ResourceKey): FoundResource | undefined {
    if (this.#sortedPaths.length === 0) this.#sortedPaths = [...this.#texts.keys()].sort();
    const isNamedIn = namesResource(key);
    let faulty: FoundResource | undefined;
    for (const path of this.#sortedPaths) {
      const text = this.#texts.get(path);
      if (text === undefined || !(isNamedIn(text) || this.#hiding.has(path))) continue;
      const found = this.#findIn(path, text, key);
      if (found?.entry !== undefined) return found;
      faulty ??= found;
    }
    return faulty;
  }

  #findIn(path: string, text: string | undefined, key: ResourceKey): FoundResource | undefined {
    const found = text === undefined ? undefined : findDocument(join(this.#root, path), text, key);
    return found && { path, ...(found.entry && { entry: found.entry }) };
  }

  /** `undefined` if there is no such file, or none that can be read: it defines nothing that counts. */
  #readText(path: string): string | undefined {
    try {
      return readFileSync(join(this.#root, path), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** `undefined`: nobody has written yet. */
  #readToken(): string | undefined {
    return this.#readText(join(STATE_DIRECTORY, 'last-writer'));
  }

  #timeOf(directory: string): bigint | undefined {
    return statSync(join(this.#root, directory), { bigint: true, throwIfNoEntry: false })?.mtimeNs;
  }
}
