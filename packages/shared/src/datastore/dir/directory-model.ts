import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../time/clock.ts';
import { sleep } from '../../time/sleep.ts';
import type { DatastoreEvent, DatastoreProblem } from '../datastore.ts';
import { type ManifestFile, readManifestFile, unreadableManifestFile } from './manifest-file.ts';
import { ResourceIndex } from './resource-index.ts';
import { type FileStamp, scanTree, stampOf, type TreeScan } from './scan-tree.ts';
import { QUIET_MS } from './settling-files.ts';

/** Longest stretch of parsing without letting other work of the process have its turn. */
const SLICE_MS = 8;
/** A file that is written to without a pause is not waited for any longer than this. */
const MAX_SETTLING_MS = 2_000;

export interface DirectoryModelOptions {
  readonly root: string;
  readonly clock: Clock;
  /** Called after every change, before the method that made it returns. */
  readonly onEvents: (events: readonly DatastoreEvent[]) => void;
}

interface FileChange {
  readonly path: string;
  /** `undefined`: the file is gone. */
  readonly stamp: FileStamp | undefined;
  readonly file: ManifestFile | undefined;
}

/** The directory's files as last read, and the resources that follow from them. */
export class DirectoryModel {
  readonly #options: DirectoryModelOptions;
  readonly #stamps = new Map<string, FileStamp>();
  readonly index = new ResourceIndex();
  #rootIdentity: string | undefined;
  #watchProblem: DatastoreProblem | undefined;
  #scanProblems: readonly DatastoreProblem[] = [];

  constructor(options: DirectoryModelOptions) {
    this.#options = options;
  }

  /** True if the file is as it was when it was last read (or is as absent as then). */
  isCurrent(path: string): boolean {
    return stampOf(this.#options.root, path)?.identity === this.#stamps.get(path)?.identity;
  }

  identify(path: string): string | undefined {
    return stampOf(this.#options.root, path)?.identity;
  }

  /**
   * Reads those of these files that changed. Returns the paths that changed again while they were read; they stay as
   * they were.
   */
  read(paths: Iterable<string>): string[] {
    return this.#apply([...paths].flatMap((path) => this.#inspect(path) ?? []));
  }

  /** Looks at the tree without reading: what differs from what was read, and what may be read at once. */
  scan(): { readonly tree: TreeScan; readonly settled: readonly string[]; readonly unsettled: readonly string[] } {
    const tree = scanTree(this.#options.root);
    const problems: DatastoreProblem[] = [];
    for (const [directory, reason] of tree.unreadable)
      problems.push(unreadableProblem(join(this.#options.root, directory), reason));
    const settled: string[] = [];
    const unsettled: string[] = [];
    const replaced = this.#isReplacedByNothing(tree);
    if (replaced) {
      problems.push(
        unreadableProblem(this.#options.root, 'an empty directory has taken its place; is its file system mounted?'),
      );
    } else {
      const nowMs = this.#options.clock.wallMs();
      for (const [path, stamp] of tree.files) {
        if (this.#stamps.get(path)?.identity === stamp.identity) continue;
        const quiet = stamp.movedAfterWrite || Math.abs(nowMs - stamp.modifiedMs) > QUIET_MS;
        (quiet ? settled : unsettled).push(path);
      }
      for (const path of this.#stamps.keys()) {
        if (!tree.files.has(path) && !isBelowUnreadable(path, tree.unreadable)) settled.push(path);
      }
    }
    this.#scanProblems = problems;
    this.#publishTreeProblems();
    return { tree, settled, unsettled };
  }

  /** Reads everything that changed, waiting for files that are being written. Resolves with the tree as it was found. */
  async refresh(signal?: AbortSignal): Promise<TreeScan> {
    const deadlineMs = this.#options.clock.monotonicMs() + MAX_SETTLING_MS;
    while (true) {
      const { tree, settled, unsettled } = this.scan();
      const again = await this.#readInSlices(settled);
      if (unsettled.length + again.length === 0 || this.#options.clock.monotonicMs() > deadlineMs) return tree;
      await sleep(this.#options.clock, QUIET_MS + 1, signal);
    }
  }

  /** `undefined`: every directory is watched. */
  setWatchFailure(reason: string | undefined): void {
    this.#watchProblem =
      reason === undefined
        ? undefined
        : {
            code: 'datastore.watch-limited',
            message: `cannot watch all of ${this.#options.root} (${reason}), so changes are seen a second late; raise fs.inotify.max_user_watches and max_user_instances`,
          };
    this.#publishTreeProblems();
  }

  /** All in one step for watchers, but in slices of work: a move between files shows no state in between. */
  async #readInSlices(paths: readonly string[]): Promise<string[]> {
    const changes: FileChange[] = [];
    let sliceEndMs = this.#options.clock.monotonicMs() + SLICE_MS;
    for (const path of paths) {
      const change = this.#inspect(path);
      if (change !== undefined) changes.push(change);
      if (this.#options.clock.monotonicMs() < sliceEndMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEndMs = this.#options.clock.monotonicMs() + SLICE_MS;
    }
    return this.#apply(changes);
  }

  /** `undefined` if nothing has changed. */
  #inspect(path: string): FileChange | undefined {
    const stamp = stampOf(this.#options.root, path);
    if (stamp?.identity === this.#stamps.get(path)?.identity) return undefined;
    if (stamp === undefined) return this.#rootExists() ? { path, stamp, file: undefined } : undefined;
    return { path, stamp, file: this.#readFile(path) };
  }

  #apply(changes: readonly FileChange[]): string[] {
    const files = new Map<string, ManifestFile | undefined>();
    const unsettled: string[] = [];
    for (const { path, stamp, file } of changes) {
      if (this.identify(path) !== stamp?.identity) {
        unsettled.push(path);
        continue;
      }
      if (stamp === undefined) this.#stamps.delete(path);
      else this.#stamps.set(path, stamp);
      files.set(path, file);
    }
    this.#publish(this.index.apply(files));
    return unsettled;
  }

  #readFile(path: string): ManifestFile {
    const file = join(this.#options.root, path);
    try {
      return readManifestFile(file, readFileSync(file, 'utf8'), this.index.file(path));
    } catch (error) {
      return unreadableManifestFile(
        file,
        error instanceof Error ? error.message : String(error),
        this.index.file(path),
      );
    }
  }

  #rootExists(): boolean {
    return statSync(this.#options.root, { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** What an unmounted file system looks like: another directory, and nothing in it. */
  #isReplacedByNothing(tree: TreeScan): boolean {
    const status = statSync(this.#options.root, { throwIfNoEntry: false });
    if (status === undefined) return false;
    const identity = `${status.dev}:${status.ino}`;
    if (
      this.#rootIdentity !== undefined &&
      identity !== this.#rootIdentity &&
      tree.files.size === 0 &&
      this.#stamps.size > 0
    ) {
      return true;
    }
    this.#rootIdentity = identity;
    return false;
  }

  #publishTreeProblems(): void {
    const problems =
      this.#watchProblem === undefined ? this.#scanProblems : [...this.#scanProblems, this.#watchProblem];
    this.#publish(this.index.setTreeProblems(problems));
  }

  #publish(events: readonly DatastoreEvent[]): void {
    if (events.length > 0) this.#options.onEvents(events);
  }
}

function isBelowUnreadable(path: string, unreadable: ReadonlyMap<string, string>): boolean {
  for (const directory of unreadable.keys()) if (directory === '' || path.startsWith(`${directory}/`)) return true;
  return false;
}

function unreadableProblem(path: string, reason: string): DatastoreProblem {
  return {
    code: 'datastore.unreachable',
    file: path,
    message: `${path} cannot be read (${reason}); what was read from it before stays in force`,
  };
}
