import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../logging/logger.ts';
import { targetOfTemporary } from './atomic-file.ts';
import { isManifestName } from './scan-tree.ts';

export interface TreeWatcherOptions {
  readonly root: string;
  readonly logger: Logger;
  /** slash32 itself put the file there, or removed it, in one step: it can be read now. */
  readonly onComplete: (path: string) => void;
  /** Somebody touched the file, and may not be done. */
  readonly onTouched: (path: string) => void;
  /** Directories came, went, or events were lost: look at everything below `directory`. */
  readonly onTreeChanged: (directory: string) => void;
}

/**
 * Watches a directory tree through inotify, one watch per directory (inotify(7) knows no recursion). Reports what
 * happened, by path below the root, and leaves looking at files to others.
 */
export class TreeWatcher implements Disposable {
  readonly #options: TreeWatcherOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #lastFailure: string | undefined;

  constructor(options: TreeWatcherOptions) {
    this.#options = options;
  }

  /** Why changes may go unnoticed; `undefined` while every directory is watched. */
  get failure(): string | undefined {
    return this.#lastFailure;
  }

  /** Watches exactly these directories. Returns true if some of them were not watched before. */
  setDirectories(directories: ReadonlySet<string>): boolean {
    const watchedBefore = this.#watchers.size;
    let dropped = 0;
    this.#lastFailure = undefined;
    for (const [directory, watcher] of this.#watchers) {
      if (directories.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
      dropped += 1;
    }
    for (const directory of directories) if (!this.#watchers.has(directory)) this.#watch(directory);
    return this.#watchers.size > watchedBefore - dropped;
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(join(this.#options.root, directory), (event, name) =>
        this.#receive(directory, event, name),
      );
      watcher.on('error', (error) => {
        this.#options.logger.warn({ err: error, directory }, 'lost the watch of a directory');
        this.#drop(directory);
      });
      this.#watchers.set(directory, watcher);
    } catch (error) {
      this.#lastFailure = error instanceof Error ? error.message : String(error);
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
    this.#options.onTreeChanged(directory.includes('/') ? directory.slice(0, directory.lastIndexOf('/')) : '');
  }

  #receive(directory: string, event: string, name: string | null): void {
    if (name === null) {
      this.#options.onTreeChanged(directory);
      return;
    }
    const pathOf = (base: string): string => (directory === '' ? base : `${directory}/${base}`);
    const target = targetOfTemporary(name);
    if (target !== undefined) {
      // Gone again means renamed into place, or on its way out.
      if (event === 'rename' && !existsSync(join(this.#options.root, pathOf(name))))
        this.#options.onComplete(pathOf(target));
      return;
    }
    if (name.startsWith('.')) return;
    const path = pathOf(name);
    const isWatchedDirectory = this.#watchers.has(path);
    const status = statSync(join(this.#options.root, path), { throwIfNoEntry: false });
    if (status?.isDirectory() === true) {
      // The watch of a directory that was moved away and came back would report from the wrong place.
      if (event === 'rename') this.#closeBelow(path);
      if (event === 'rename' || !isWatchedDirectory) this.#options.onTreeChanged(path);
    } else if (isWatchedDirectory) {
      this.#closeBelow(path);
      this.#options.onTreeChanged(directory);
    } else if (isManifestName(name)) {
      this.#options.onTouched(path);
    } else if (status === undefined && !existsSync(join(this.#options.root, directory))) {
      this.#drop(directory);
    }
  }

  #closeBelow(directory: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== directory && !path.startsWith(`${directory}/`)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
  }
}
