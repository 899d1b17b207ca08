import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { splitDocuments } from '../../manifests/document-chunks.ts';
import { readManifestDocument } from '../../manifests/manifest-document.ts';
import { parseResourceKey, type ResourceKey } from '../../resources/resource-key.ts';
import type { Clock } from '../../time/clock.ts';
import type { DatastoreEntry } from '../datastore.ts';
import { STATE_DIRECTORY } from './directory-lock.ts';
import { readManifestFile } from './manifest-file.ts';
import { listManifests, stampOf } from './scan-tree.ts';

export interface FoundResource {
  /** Below the root: the file whose definition counts, or a file that means to define it and is faulty. */
  readonly path: string;
  /** Absent if every definition is faulty. */
  readonly entry?: DatastoreEntry;
}

/** Where `slash32` puts a resource that is in no file yet. */
export function defaultPathOf(key: ResourceKey): string {
  const { kind, namespace, name } = parseResourceKey(key);
  return [kind.toLowerCase(), ...(namespace === undefined ? [] : [namespace]), `${name}.yaml`].join('/');
}

interface ManifestText {
  readonly text: string;
  readonly identity: string | undefined;
}

/** In-place edits of files that a look-up does not find are noticed after this at the latest. */
const MAX_AGE_MS = 1_000;

/**
 * Finds one resource among all files without parsing the others: for tools that change one resource of thousands, or
 * thousands one by one. The texts are kept between look-ups while nothing suggests that others changed them: no writer
 * of ours since (a token that each leaves behind), no entry of a directory made, removed or renamed (its time), the
 * found file unchanged, and not longer than a second.
 */
export class ManifestTexts {
  readonly #root: string;
  readonly #clock: Clock;
  #texts = new Map<string, ManifestText>();
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
    if (!this.#isCurrent()) this.#load();
    const found = this.#search(key);
    if (found === undefined || stampOf(this.#root, found.path)?.identity === this.#texts.get(found.path)?.identity) {
      return found;
    }
    this.#load();
    return this.#search(key);
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
    if (text === undefined) this.#texts.delete(path);
    else this.#texts.set(path, { text, identity: stampOf(this.#root, path)?.identity });
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
    this.#texts = new Map();
    this.#sortedPaths = [];
    const { paths, directories } = listManifests(this.#root, (directory) => this.#timeOf(directory));
    this.#directories = directories;
    for (const path of paths) {
      const identity = stampOf(this.#root, path)?.identity;
      try {
        this.#texts.set(path, { text: readFileSync(join(this.#root, path), 'utf8'), identity });
      } catch {
        // Gone since it was listed, or not readable: it defines nothing that counts.
      }
    }
  }

  #search(key: ResourceKey): FoundResource | undefined {
    const { kind, name } = parseResourceKey(key);
    const named = new RegExp(`(?<![a-z0-9-])${RegExp.escape(name)}(?![a-z0-9-])`);
    if (this.#sortedPaths.length === 0) this.#sortedPaths = [...this.#texts.keys()].sort();
    let faulty: FoundResource | undefined;
    for (const path of this.#sortedPaths) {
      const text = this.#texts.get(path)?.text ?? '';
      if (!text.includes(kind) || !named.test(text)) continue;
      const entry = readManifestFile(join(this.#root, path), text).entries.get(key);
      if (entry !== undefined) return { path, entry };
      if (faulty === undefined && meansToDefine(text, key)) faulty = { path };
    }
    return faulty;
  }

  #readToken(): string | undefined {
    try {
      return readFileSync(this.#tokenPath, 'utf8');
    } catch {
      return undefined; // Nobody has written yet.
    }
  }

  #timeOf(directory: string): bigint | undefined {
    return statSync(join(this.#root, directory), { bigint: true, throwIfNoEntry: false })?.mtimeNs;
  }
}

function meansToDefine(text: string, key: ResourceKey): boolean {
  return splitDocuments(text).some((chunk) => {
    const outcome = readManifestDocument('', chunk);
    return outcome.type === 'faulty' && outcome.key === key;
  });
}
