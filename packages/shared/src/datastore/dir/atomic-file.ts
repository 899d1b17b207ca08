import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchownSync,
  fsync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const TEMPORARY_NAME = /^\.(.+)\.slash32-tmp-[0-9a-f-]+$/;
const flush = promisify(fsync);

/** Name of the file that a temporary file stands in for; `undefined` if `name` is no such name. */
export function targetOfTemporary(name: string): string | undefined {
  return TEMPORARY_NAME.exec(name)?.[1];
}

/**
 * Puts `text` at `path` in one step, making directories as needed: readers see all of the old or all of the new.
 * Owner and mode of a file that is there stay; a symbolic link stays one. Only the flushes to disk are waited for
 * asynchronously: a thread-pool round trip per call would take longer than all the other calls.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const existing = statSync(path, { throwIfNoEntry: false });
  const target = existing === undefined ? path : realpathSync(path);
  const temporary = temporaryPath(target);
  try {
    await writeFlushed(temporary, text, existing);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  await flushDirectory(dirname(target));
}

/** Removes the file by way of a temporary name, which tells watchers that the removal is meant and complete. */
export async function removeFileAtomically(path: string): Promise<void> {
  const temporary = temporaryPath(path);
  renameSync(path, temporary);
  rmSync(temporary);
  await flushDirectory(dirname(path));
}

/** Removes temporary files of writers that died. Only for who holds the lock: nobody else's can be in use then. */
export function removeLeftovers(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (targetOfTemporary(name) !== undefined) rmSync(join(directory, name), { force: true });
  }
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.slash32-tmp-${randomUUID()}`);
}

/** Owner and mode are those of `like`, if given. */
async function writeFlushed(path: string, text: string, like: Stats | undefined): Promise<void> {
  using file = openDescriptor(path, 'wx', like === undefined ? 0o644 : like.mode & 0o777);
  if (like !== undefined && (like.uid !== process.getuid?.() || like.gid !== process.getgid?.())) {
    fchownSync(file.descriptor, like.uid, like.gid);
  }
  writeFileSync(file.descriptor, text);
  await flush(file.descriptor);
}

/** Makes a rename survive a power cut. */
async function flushDirectory(path: string): Promise<void> {
  using directory = openDescriptor(path, 'r');
  await flush(directory.descriptor);
}

function openDescriptor(path: string, flags: string, mode?: number): Disposable & { readonly descriptor: number } {
  const descriptor = openSync(path, flags, mode);
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}
