import { randomUUID } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const TEMPORARY_NAME = /^\.(.+)\.slash32-tmp-[0-9a-f-]+$/;

/** Name of the file that a temporary file stands in for; `undefined` if `name` is no such name. */
export function targetOfTemporary(name: string): string | undefined {
  return TEMPORARY_NAME.exec(name)?.[1];
}

/**
 * Puts `text` at `path` in one step, making directories as needed: readers see all of the old or all of the new.
 * Owner and mode of a file that is there stay; a symbolic link stays one.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const target = await realpath(path).catch(() => path);
  const existing = await stat(target).catch(() => undefined);
  const temporary = temporaryPath(target);
  try {
    {
      await using file = await open(temporary, 'wx', existing === undefined ? 0o644 : existing.mode & 0o777);
      if (existing !== undefined && (existing.uid !== process.getuid?.() || existing.gid !== process.getgid?.())) {
        await file.chown(existing.uid, existing.gid);
      }
      await file.writeFile(text);
      await file.sync();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(target));
}

/** Removes the file by way of a temporary name, which tells watchers that the removal is meant and complete. */
export async function removeFileAtomically(path: string): Promise<void> {
  const temporary = temporaryPath(path);
  await rename(path, temporary);
  await rm(temporary);
  await syncDirectory(dirname(path));
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.slash32-tmp-${randomUUID()}`);
}

/** Makes a rename survive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
