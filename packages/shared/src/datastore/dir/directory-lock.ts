import { readFileSync, readlinkSync } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FabricError } from '../../errors/fabric-error.ts';
import type { Clock } from '../../time/clock.ts';
import { sleep } from '../../time/sleep.ts';

export const LOCK_NAME = '.slash32-lock';

/** A lock this old is abandoned, whoever holds it: writers hold it for milliseconds. */
const MAX_HELD_MS = 30_000;
const WAIT_MS = 10_000;

/** Who holds a lock. `scope` is where `pid` means something; `startTime` tells a process from a later one of its number. */
interface LockHolder {
  readonly pid: number;
  readonly scope: string;
  readonly startTime: string;
}

/**
 * Keeps other processes from writing to the directory until disposed. Waits up to 10 s, then throws `FabricError`
 * `datastore.locked`. The lock of a process that died is taken over: at once if that was on this machine, else after
 * 30 s.
 */
export async function lockDirectory(directory: string, clock: Clock): Promise<AsyncDisposable> {
  const path = join(directory, LOCK_NAME);
  const deadlineMs = clock.monotonicMs() + WAIT_MS;
  for (let waitMs = 1; !(await tryCreate(path)); waitMs = Math.min(20, waitMs * 2)) {
    await removeIfAbandoned(path, clock);
    if (clock.monotonicMs() > deadlineMs) throw await lockedError(path);
    await sleep(clock, waitMs);
  }
  return {
    async [Symbol.asyncDispose]() {
      await rm(path, { force: true });
    },
  };
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx', 0o644);
    await file.writeFile(JSON.stringify(currentHolder()));
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw new FabricError(
      'datastore.not-writable',
      `cannot write to the datastore: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/**
 * Two waiters must not both find the same dead lock and one of them remove the other's fresh one: whoever removes holds
 * a second lock meanwhile and looks again under it.
 */
async function removeIfAbandoned(path: string, clock: Clock): Promise<void> {
  if (!(await isAbandoned(path, clock))) return;
  const breakerPath = `${path}-breaker`;
  if (!(await tryCreate(breakerPath))) {
    const breaker = await stat(breakerPath).catch(() => undefined);
    if (breaker !== undefined && clock.wallMs() - breaker.mtimeMs > MAX_HELD_MS) await rm(breakerPath, { force: true });
    return;
  }
  try {
    if (await isAbandoned(path, clock)) await rm(path, { force: true });
  } finally {
    await rm(breakerPath, { force: true });
  }
}

async function isAbandoned(path: string, clock: Clock): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return false;
  if (clock.wallMs() - status.mtimeMs > MAX_HELD_MS) return true;
  const holder = await readHolder(path);
  if (holder === undefined || holder.scope !== currentHolder().scope) return false;
  return startTimeOf(holder.pid) !== holder.startTime;
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<LockHolder>;
    const { pid, scope, startTime } = value;
    if (typeof pid === 'number' && typeof scope === 'string' && typeof startTime === 'string')
      return { pid, scope, startTime };
  } catch {
    // Just being written, or gone: both pass.
  }
  return undefined;
}

async function lockedError(path: string): Promise<FabricError> {
  const holder = await readHolder(path);
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  return new FabricError(
    'datastore.locked',
    `${who} has held ${path} for too long; if nothing writes, delete that file`,
    {
      details: { path, ...holder },
    },
  );
}

function currentHolder(): LockHolder {
  return { pid: process.pid, scope: processScope(), startTime: startTimeOf(process.pid) ?? '' };
}

/** This boot of this machine, and the PID namespace. */
function processScope(): string {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${bootId} ${readlinkSync('/proc/self/ns/pid')}`;
}

/** Field 22 of /proc/PID/stat (proc_pid_stat(5)): clock ticks after boot. `undefined` if there is no such process. */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
