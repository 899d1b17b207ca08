import { createHash } from 'node:crypto';
import type { Clock, Timer } from '@slash32/shared';

/** What is known of a password file. */
export interface PasswordState {
  /** 1–80 octets; absent: none was ever read. */
  readonly key?: Uint8Array;
  /** Equal for equal keys, of whatever file; tells nothing of the key. */
  readonly keyId?: number;
  /** Why the file cannot be used as it is now; a key that was read before stays in force. */
  readonly problem?: string;
}

export interface PasswordFilesOptions {
  readonly clock: Clock;
  /** Up to `limit` octets of a file. */
  readonly readFile: (path: string, limit: number) => Promise<Uint8Array>;
  /** Called when the state of a file changed. */
  readonly onChange: () => void;
}

/** TCP_MD5SIG_MAXKEYLEN of Linux. */
const MAX_KEY_OCTETS = 80;
/** Files are read again this often: that works for files that are renamed into place and for links that are swapped. */
const READ_INTERVAL_MS = 1000;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The passwords of peers, from files. One line break at the end does not count. Keys never leave by way of a message:
 * problems and logs name the file alone.
 */
export class PasswordFiles {
  readonly #options: PasswordFilesOptions;
  readonly #states = new Map<string, PasswordState>();
  /** By digest, so that passwords of the past are not kept. */
  readonly #keyIds = new Map<string, number>();
  #paths: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;
  #reading = false;
  #closed = false;

  constructor(options: PasswordFilesOptions) {
    this.#options = options;
  }

  /** Reads these files from now on, at once, and no others. */
  follow(paths: ReadonlySet<string>): void {
    const isNew = [...paths].some((path) => !this.#paths.has(path));
    this.#paths = paths;
    for (const path of this.#states.keys()) if (!paths.has(path)) this.#states.delete(path);
    if (paths.size === 0) this.#timer?.cancel();
    else if (isNew) void this.#readAll();
  }

  /** `undefined`: not read yet. */
  state(path: string): PasswordState | undefined {
    return this.#states.get(path);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #readAll(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    this.#timer?.cancel();
    let changed = false;
    // Files that are added meanwhile are read in the same turn.
    for (const path of this.#paths) changed = (await this.#read(path)) || changed;
    while (!this.#closed) {
      const missed = [...this.#paths].find((path) => !this.#states.has(path));
      if (missed === undefined) break;
      changed = (await this.#read(missed)) || changed;
    }
    this.#reading = false;
    if (this.#closed) return;
    if (this.#paths.size > 0) {
      this.#timer = this.#options.clock.schedule(READ_INTERVAL_MS, () => void this.#readAll());
    }
    if (changed) this.#options.onChange();
  }

  /** True if that changed anything. */
  async #read(path: string): Promise<boolean> {
    const before = this.#states.get(path);
    const after = await this.#stateOf(path, before);
    if (this.#closed || !this.#paths.has(path)) return false;
    this.#states.set(path, after);
    return before?.keyId !== after.keyId || before?.problem !== after.problem || before === undefined;
  }

  async #stateOf(path: string, before: PasswordState | undefined): Promise<PasswordState> {
    const kept = before?.key === undefined ? {} : { key: before.key, ...keyIdField(before.keyId) };
    try {
      const key = withoutLineBreak(await this.#options.readFile(path, MAX_KEY_OCTETS + 3));
      if (key.length === 0) return { ...kept, problem: 'is empty' };
      if (key.length > MAX_KEY_OCTETS) return { ...kept, problem: `has more than ${MAX_KEY_OCTETS} octets` };
      return { key, keyId: this.#idOf(key) };
    } catch (error) {
      return { ...kept, problem: `cannot be read (${error instanceof Error ? error.message : String(error)})` };
    }
  }

  #idOf(key: Uint8Array): number {
    const digest = createHash('sha256').update(key).digest('base64');
    const id = this.#keyIds.get(digest) ?? this.#keyIds.size + 1;
    this.#keyIds.set(digest, id);
    return id;
  }
}

function keyIdField(keyId: number | undefined): { readonly keyId?: number } {
  return keyId === undefined ? {} : { keyId };
}

function withoutLineBreak(octets: Uint8Array): Uint8Array {
  let end = octets.length;
  if (end > 0 && octets[end - 1] === LINE_FEED) end -= 1;
  if (end > 0 && end < octets.length && octets[end - 1] === CARRIAGE_RETURN) end -= 1;
  return octets.slice(0, end);
}
