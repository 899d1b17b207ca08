import type { Clock, Timer } from '../../time/clock.ts';

/** A file that is being written may be read once it has been left alone for this long. */
export const QUIET_MS = 50;
/** A removal is held back for files that are still being written, in case it is half of a move; not longer than this. */
const MAX_REMOVAL_HOLD_MS = 1_000;

interface SettlingFile {
  /** Identity of its stamp; `undefined`: gone. */
  identity: string | undefined;
  quietSinceMs: number;
  readonly firstSeenMs: number;
}

export interface SettlingFilesOptions {
  readonly clock: Clock;
  /** Identity of the file's stamp now; `undefined`: gone. */
  readonly identify: (path: string) => string | undefined;
  /** Gets files that have been quiet, together with others that became so at the same time. */
  readonly onSettled: (paths: readonly string[]) => void;
}

/** Files that were seen changing and are watched until nothing changes them any more. */
export class SettlingFiles {
  readonly #options: SettlingFilesOptions;
  readonly #files = new Map<string, SettlingFile>();
  #timer: Timer | undefined;

  constructor(options: SettlingFilesOptions) {
    this.#options = options;
  }

  /** The file has just been seen changing. */
  touch(path: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    const file = this.#files.get(path);
    const identity = this.#options.identify(path);
    if (file === undefined) this.#files.set(path, { identity, quietSinceMs: nowMs, firstSeenMs: nowMs });
    else {
      file.identity = identity;
      file.quietSinceMs = nowMs;
    }
    this.#timer ??= this.#options.clock.schedule(QUIET_MS, () => this.#check(), { keepAlive: true });
  }

  /** The file was read otherwise. */
  forget(path: string): void {
    this.#files.delete(path);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#files.clear();
  }

  #check(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#timer = undefined;
    const settled: string[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [path, file] of this.#files) {
      const identity = this.#options.identify(path);
      if (identity !== file.identity) {
        file.identity = identity;
        file.quietSinceMs = nowMs;
      }
      const dueMs = file.quietSinceMs + QUIET_MS;
      if (dueMs <= nowMs) settled.push(path);
      else nextMs = Math.min(nextMs, dueMs);
    }
    const busy = settled.length < this.#files.size;
    const released = settled.filter((path) => {
      const file = this.#files.get(path);
      const held = busy && file?.identity === undefined && nowMs - (file?.firstSeenMs ?? 0) < MAX_REMOVAL_HOLD_MS;
      if (!held) this.#files.delete(path);
      return !held;
    });
    if (this.#files.size > 0) {
      const delayMs = Math.max(1, Math.min(QUIET_MS, nextMs - nowMs));
      this.#timer = this.#options.clock.schedule(delayMs, () => this.#check(), { keepAlive: true });
    }
    if (released.length > 0) this.#options.onSettled(released);
  }
}
