import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Clock, Logger } from '@slash32/shared';

export interface RotatingFileOptions {
  readonly path: string;
  /** A file that would grow over this is put aside: FILE becomes FILE.1, that FILE.2, and so on. */
  readonly maxOctets: number;
  /** How many files are kept aside; the oldest one goes. */
  readonly keep: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What may wait for the disk, octets; beyond that, records are left out. */
const MAX_WAITING_OCTETS = 16 * 1024 * 1024;
const RETRY_AFTER_FAILURE_MS = 5000;

/**
 * Appends whole records to a file, in the background and in order. A disk that is full or slow costs records, which are
 * counted and logged, but neither time nor memory of those who append.
 */
export class RotatingFile implements AsyncDisposable {
  readonly #options: RotatingFileOptions;
  #waiting: Uint8Array[] = [];
  #waitingOctets = 0;
  #file: FileHandle | undefined;
  #size = 0;
  #lost = 0;
  #failedAtMs: number | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Records that were left out so far. */
  get lost(): number {
    return this.#lost;
  }

  /** The record becomes the file's. Ignored once it is disposed of. */
  append(record: Uint8Array): void {
    if (this.#closed) return;
    if (this.#waitingOctets + record.length > MAX_WAITING_OCTETS || this.#isResting) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(record);
    this.#waitingOctets += record.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when all that was appended is written, or lost. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  /** A disk that failed just now is left alone for a while. */
  get #isResting(): boolean {
    if (this.#failedAtMs === undefined) return false;
    return this.#options.clock.monotonicMs() - this.#failedAtMs < RETRY_AFTER_FAILURE_MS;
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    // What is appended in this turn of the event loop goes into one write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const records = this.#takeBatch();
      try {
        await this.#write(records);
        if (this.#failedAtMs !== undefined) {
          this.#failedAtMs = undefined;
          this.#options.logger.info({ file: this.#options.path, lost: this.#lost }, 'the MRT file is written again');
        }
      } catch (error) {
        await this.#giveUp(records.length, error);
      }
    }
    this.#writing = undefined;
  }

  /** As many as fit into the present file; one at least. */
  #takeBatch(): readonly Uint8Array[] {
    let count = 0;
    let octets = 0;
    for (const { length } of this.#waiting) {
      if (count > 0 && this.#size + octets + length > this.#options.maxOctets) break;
      count += 1;
      octets += length;
    }
    this.#waitingOctets -= octets;
    return this.#waiting.splice(0, count);
  }

  async #write(records: readonly Uint8Array[]): Promise<void> {
    const data = Buffer.concat(records);
    let file = this.#file ?? (await this.#open());
    if (this.#size > 0 && this.#size + data.length > this.#options.maxOctets) file = await this.#rotate(file);
    await file.appendFile(data);
    this.#size += data.length;
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.path, 'a', 0o640);
    this.#file = file;
    this.#size = (await file.stat()).size;
    return file;
  }

  async #rotate(file: FileHandle): Promise<FileHandle> {
    const { path, keep } = this.#options;
    this.#file = undefined;
    await file.close();
    for (let index = keep; index >= 1; index -= 1) {
      await renameIfThere(index === 1 ? path : `${path}.${index - 1}`, `${path}.${index}`);
    }
    const next = await this.#open();
    // Nothing is kept aside: the file begins anew.
    if (keep === 0) await next.truncate(0);
    this.#size = keep === 0 ? 0 : this.#size;
    return next;
  }

  /** Cuts off what may have been written of a record, so that the file stays readable. */
  async #giveUp(records: number, error: unknown): Promise<void> {
    this.#lost += records + this.#waiting.length;
    this.#waiting = [];
    this.#waitingOctets = 0;
    if (this.#failedAtMs === undefined) {
      this.#options.logger.warn(
        { file: this.#options.path, err: error },
        'cannot write the MRT file; records are lost',
      );
    }
    this.#failedAtMs = this.#options.clock.monotonicMs();
    const file = this.#file;
    this.#file = undefined;
    await file?.truncate(this.#size).catch(() => undefined);
    await file?.close().catch(() => undefined);
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
