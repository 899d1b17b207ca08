import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FabricError } from '../errors/fabric-error.ts';
import type { Logger } from '../logging/logger.ts';
import { withCreationTimestamp } from '../resources/creation-timestamp.ts';
import type { Resource } from '../resources/resource.ts';
import { keyOf, type ResourceKey } from '../resources/resource-key.ts';
import type { Clock } from '../time/clock.ts';
import type { Datastore, DatastoreEntry, DatastoreEvent, DatastoreProblem, WritePrecondition } from './datastore.ts';
import { removeFileAtomically, removeLeftovers, writeFileAtomically } from './dir/atomic-file.ts';
import { lockDirectory } from './dir/directory-lock.ts';
import { DirectoryModel } from './dir/directory-model.ts';
import { DirectoryWatch } from './dir/directory-watch.ts';
import { creationTimestampIn, putDocument, removeDocument } from './dir/edit-manifest-text.ts';
import { findDocument } from './dir/find-document.ts';
import { defaultPathOf } from './dir/manifest-path.ts';
import { type FoundResource, ManifestTexts } from './dir/manifest-texts.ts';
import { EventFeed } from './event-feed.ts';
import { revisionOf } from './revision.ts';
import { checkPrecondition } from './write-precondition.ts';

export interface DatastoreOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A directory tree of YAML manifests, in any layout. Hand-edited and written by `put` alike; what a file said last that
 * could be understood stays in force until it can be understood again. docs/design/shared.md has the rules.
 */
export class DirDatastore implements Datastore {
  readonly description: string;
  readonly #root: string;
  readonly #options: DatastoreOptions;
  readonly #model: DirectoryModel;
  readonly #texts: ManifestTexts;
  readonly #feeds = new Set<EventFeed>();
  readonly #disposed = new AbortController();
  #watch: Promise<DirectoryWatch> | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(root: string, options: DatastoreOptions) {
    this.#root = root;
    this.#options = options;
    this.description = `dir:${root}`;
    this.#texts = new ManifestTexts(root, options.clock);
    this.#model = new DirectoryModel({
      root,
      clock: options.clock,
      onEvents: (events) => {
        for (const feed of this.#feeds) feed.add(events);
      },
    });
  }

  /** Throws `FabricError` `datastore.unreachable` if `root` is no directory. */
  static async open(root: string, options: DatastoreOptions): Promise<DirDatastore> {
    const status = await stat(root).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    if (status instanceof Error || !status.isDirectory()) {
      throw new FabricError(
        'datastore.unreachable',
        `datastore directory ${root} does not exist or cannot be read; create it, or name another with --datastore dir:PATH`,
        {
          cause: status instanceof Error ? status : undefined,
          details: { path: root },
        },
      );
    }
    return new DirDatastore(root, options);
  }

  async list(): Promise<{
    readonly entries: readonly DatastoreEntry[];
    readonly problems: readonly DatastoreProblem[];
  }> {
    await this.#model.refresh(this.#disposed.signal);
    return { entries: this.#model.index.entries(), problems: this.#model.index.problems };
  }

  async get(key: ResourceKey): Promise<DatastoreEntry | undefined> {
    return this.#find(key)?.entry;
  }

  async *watch(signal: AbortSignal): AsyncGenerator<readonly DatastoreEvent[], void, undefined> {
    const ended = AbortSignal.any([signal, this.#disposed.signal]);
    if (ended.aborted) return;
    this.#watch ??= DirectoryWatch.start({
      root: this.#root,
      model: this.#model,
      clock: this.#options.clock,
      logger: this.#options.logger,
      signal: this.#disposed.signal,
    });
    try {
      await this.#watch;
    } catch (error) {
      if (ended.aborted) return;
      throw error;
    }
    const feed = new EventFeed();
    const { index } = this.#model;
    feed.add([
      ...index.entries().map((entry): DatastoreEvent => ({ type: 'put', entry })),
      { type: 'problems', problems: index.problems },
      { type: 'in-sync' },
    ]);
    this.#feeds.add(feed);
    try {
      yield* feed.batches(ended);
    } finally {
      this.#feeds.delete(feed);
    }
  }

  async put(resource: Resource, precondition: WritePrecondition = {}): Promise<DatastoreEntry> {
    const key = keyOf(resource);
    return this.#exclusively(async () => {
      const found = this.#find(key);
      checkPrecondition(key, found?.entry?.revision, precondition);
      const path = found?.path ?? defaultPathOf(key);
      const file = join(this.#root, path);
      const before = await this.#readText(file);
      const created =
        found === undefined
          ? new Date(this.#options.clock.wallMs()).toISOString()
          : (found.entry?.resource.metadata.creationTimestamp ?? creationTimestampIn(before, key));
      const wanted = withCreationTimestamp(resource, created);
      if (found?.entry?.revision === revisionOf(wanted)) return found.entry;
      const text = putDocument(before, wanted);
      await this.#writing(key, file, () => writeFileAtomically(file, text));
      this.#followWrite(path, text);
      const written = findDocument(file, text, key)?.entry;
      if (written === undefined) throw new Error(`${key} is not in the text written to ${file}`);
      return written;
    });
  }

  async delete(key: ResourceKey, precondition: WritePrecondition = {}): Promise<boolean> {
    return this.#exclusively(async () => {
      let found = this.#find(key);
      checkPrecondition(key, found?.entry?.revision, precondition);
      if (found === undefined) return false;
      // Defined in several files, it must not come back from the next one.
      for (; found !== undefined; found = this.#find(key)) await this.#removeFrom(found.path, key);
      return true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort(new FabricError('datastore.closed', `${this.description} is closed`));
    const watch = await this.#watch?.catch(() => undefined);
    watch?.[Symbol.dispose]();
    await this.#lastWrite.catch(() => undefined);
  }

  async #removeFrom(path: string, key: ResourceKey): Promise<void> {
    const file = join(this.#root, path);
    const text = await this.#readText(file);
    const rest = removeDocument(text, key);
    if (rest === text) {
      throw new FabricError(
        'datastore.not-writable',
        `${key} was read from ${file} before, which cannot be understood now; repair that file, or delete it`,
        { details: { key, path: file } },
      );
    }
    await this.#writing(key, file, () =>
      rest === undefined ? removeFileAtomically(file) : writeFileAtomically(file, rest),
    );
    this.#followWrite(path, rest);
  }

  /** As the files are now; where the file of a resource that is known cannot be understood, its last good version. */
  #find(key: ResourceKey): FoundResource | undefined {
    try {
      const found = this.#texts.find(key);
      const knownPath = this.#model.index.pathOf(key);
      if (found?.entry !== undefined || knownPath === undefined) return found;
      this.#model.read([knownPath]);
      const path = this.#model.index.pathOf(key);
      const entry = this.#model.index.get(key);
      return path === undefined || entry === undefined ? found : { path, entry };
    } catch (cause) {
      throw new FabricError('datastore.unreachable', `${this.description} cannot be read: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }

  /** '' if there is no such file. */
  async #readText(file: string): Promise<string> {
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
      throw new FabricError('datastore.unreachable', `${file} cannot be read: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Watchers of this process learn of its own writes without waiting for the kernel to tell. */
  #followWrite(path: string, text: string | undefined): void {
    this.#texts.remember(path, text);
    if (this.#watch !== undefined) this.#model.read([path]);
  }

  async #writing(key: ResourceKey, file: string, write: () => Promise<void>): Promise<void> {
    try {
      if (this.#texts.announceWrite()) removeLeftovers(dirname(file));
      await write();
    } catch (cause) {
      throw new FabricError(
        'datastore.not-writable',
        `${key} cannot be written to ${this.description}: ${reasonOf(cause)}`,
        { cause },
      );
    }
  }

  /** One write at a time, in this process and among all that write to the directory. */
  #exclusively<Result>(write: () => Promise<Result>): Promise<Result> {
    const turn = this.#lastWrite
      .catch(() => undefined)
      .then(async () => {
        this.#disposed.signal.throwIfAborted();
        using _lock = await lockDirectory(this.#root, this.#options.clock);
        return await write(); // the lock must outlast the write
      });
    this.#lastWrite = turn;
    return turn;
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
