import type { Logger } from '../../logging/logger.ts';
import type { Clock, Timer } from '../../time/clock.ts';
import type { DirectoryModel } from './directory-model.ts';
import type { TreeScan } from './scan-tree.ts';
import { SettlingFiles } from './settling-files.ts';
import { TreeWatcher } from './tree-watcher.ts';

/** Behind inotify, which may lose events: a look at the tree, without reading files that have not changed. */
const RESCAN_MS = 30_000;
/** While inotify cannot watch everything, or the directory cannot be read. */
const DEGRADED_RESCAN_MS = 1_000;

export interface DirectoryWatchOptions {
  readonly root: string;
  readonly model: DirectoryModel;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Keeps a {@link DirectoryModel} current until disposed. */
export class DirectoryWatch implements Disposable {
  readonly #model: DirectoryModel;
  readonly #clock: Clock;
  readonly #watcher: TreeWatcher;
  readonly #settling: SettlingFiles;
  readonly #complete = new Set<string>();
  #rescanTimer: Timer | undefined;
  #treeChanged = false;
  #turnScheduled = false;
  #isDegraded = false;
  #disposed = false;

  private constructor(options: DirectoryWatchOptions) {
    this.#model = options.model;
    this.#clock = options.clock;
    this.#settling = new SettlingFiles({
      clock: options.clock,
      identify: (path) => this.#model.identify(path),
      onSettled: (paths) => this.#read(paths),
    });
    this.#watcher = new TreeWatcher({
      root: options.root,
      logger: options.logger,
      onComplete: (path) => {
        this.#complete.add(path);
        this.#takeTurn();
      },
      onTouched: (path) => {
        if (!this.#disposed && !this.#model.isCurrent(path)) this.#settling.touch(path);
      },
      onTreeChanged: () => {
        this.#treeChanged = true;
        this.#takeTurn();
      },
    });
  }

  /** Resolves once everything that is there has been read. */
  static async start(options: DirectoryWatchOptions): Promise<DirectoryWatch> {
    const watch = new DirectoryWatch(options);
    try {
      // Watch first, so that nothing is missed between the look and the watch.
      watch.#follow(options.model.scan().tree);
      watch.#follow(await options.model.refresh(options.signal));
      watch.#scheduleRescan();
      return watch;
    } catch (error) {
      watch[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#rescanTimer?.cancel();
    this.#settling.stop();
    this.#watcher[Symbol.dispose]();
  }

  /** Once for all events that arrived together. */
  #takeTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => {
      this.#turnScheduled = false;
      if (this.#disposed) return;
      const complete = [...this.#complete];
      this.#complete.clear();
      this.#read(complete);
      if (this.#treeChanged) this.#rescan();
    });
  }

  #read(paths: readonly string[]): void {
    if (this.#disposed) return;
    for (const path of paths) this.#settling.forget(path);
    for (const path of this.#model.read(paths)) this.#settling.touch(path);
  }

  #rescan(): void {
    if (this.#disposed) return;
    this.#treeChanged = false;
    const { tree, settled, unsettled } = this.#model.scan();
    this.#follow(tree);
    const complete = settled.filter((path) => tree.files.has(path));
    this.#read(complete);
    // A file that is missing may be half of a move, so it gets the time to turn up elsewhere.
    for (const path of settled) if (!tree.files.has(path)) this.#settling.touch(path);
    for (const path of unsettled) this.#settling.touch(path);
  }

  #follow(tree: TreeScan): void {
    // What came into a new directory before its watch did was seen by nobody: look again.
    if (tree.unreadable.size === 0 && this.#watcher.setDirectories(tree.directories)) {
      this.#treeChanged = true;
      this.#takeTurn();
    }
    this.#model.setWatchFailure(this.#watcher.failure);
    this.#isDegraded = tree.unreadable.size > 0 || this.#watcher.failure !== undefined;
    if (this.#rescanTimer !== undefined) this.#scheduleRescan();
  }

  #scheduleRescan(): void {
    this.#rescanTimer?.cancel();
    this.#rescanTimer = this.#clock.schedule(this.#isDegraded ? DEGRADED_RESCAN_MS : RESCAN_MS, () => {
      this.#rescan();
      if (!this.#disposed) this.#scheduleRescan();
    });
  }
}
