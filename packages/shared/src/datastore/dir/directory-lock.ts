import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FabricError } from '../../errors/fabric-error.ts';
import type { Clock } from '../../time/clock.ts';
import { sleep } from '../../time/sleep.ts';

/** Below the datastore's directory: what writers tell each other. Apart, so that the directory's own time tells of manifests only. */
export const STATE_DIRECTORY = '.slash32';

/** A lock this old is abandoned, whoever holds it: writers hold it for milliseconds. */
const MAX_HELD_MS = 30_000;
/** A lock without a holder's name is just being written, unless its writer died at that. */
const MAX_ANONYMOUS_MS = 2_000;
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
export async function lockDirectory(directory: string, clock: Clock): Promise<Disposable> {
  const path = join(directory, STATE_DIRECTORY, 'lock');
  makeStateDirectory(directory);
  const deadlineMs = clock.monotonicMs() + WAIT_MS;
  for (let waitMs = 1; !tryCreate(path); waitMs = Math.min(20, waitMs * 2)) {
    removeIfAbandoned(path, clock);
    if (clock.monotonicMs() > deadlineMs) throw lockedError(path);
    await sleep(clock, waitMs);
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

function makeStateDirectory(directory: string): void {
  try {
    mkdirSync(join(directory, STATE_DIRECTORY), { recursive: true });
  } catch (cause) {
    throw notWritable(cause);
  }
}

function notWritable(cause: unknown): FabricError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FabricError('datastore.not-writable', `cannot write to the datastore: ${reason}`, { cause });
}

function tryCreate(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', 0o644);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw notWritable(cause);
  }
  try {
    writeFileSync(descriptor, JSON.stringify(currentHolder()));
    return true;
  } catch (cause) {
    // On a full disk the file is there, but not what it should say: nobody would know that the lock is not held.
    rmSync(path, { force: true });
    throw notWritable(cause);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Two waiters must not both find the same dead lock and one of them remove the other's fresh one: whoever removes holds
 * a second lock meanwhile and looks again under it.
 */
function removeIfAbandoned(path: string, clock: Clock): void {
  if (!isAbandoned(path, clock)) return;
  const breakerPath = `${path}-breaker`;
  if (!tryCreate(breakerPath)) {
    const breaker = statSync(breakerPath, { throwIfNoEntry: false });
    if (breaker !== undefined && clock.wallMs() - breaker.mtimeMs > MAX_HELD_MS) rmSync(breakerPath, { force: true });
    return;
  }
  try {
    if (isAbandoned(path, clock)) rmSync(path, { force: true });
  } finally {
    rmSync(breakerPath, { force: true });
  }
}

function isAbandoned(path: string, clock: Clock): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return false;
  const heldMs = clock.wallMs() - status.mtimeMs;
  if (heldMs > MAX_HELD_MS) return true;
  const holder = readHolder(path);
  if (holder === undefined) return heldMs > MAX_ANONYMOUS_MS;
  if (holder.scope !== currentHolder().scope) return false;
  return startTimeOf(holder.pid) !== holder.startTime;
}

function readHolder(path: string): LockHolder | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<LockHolder>;
    const { pid, scope, startTime } = value;
    if (typeof pid === 'number' && typeof scope === 'string' && typeof startTime === 'string')
      return { pid, scope, startTime };
  } catch {
    // Just being written, or gone: both pass.
  }
  return undefined;
}

function lockedError(path: string): FabricError {
  const holder = readHolder(path);
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  return new FabricError(
    'datastore.locked',
    `${who} has held ${path} for too long; if nothing writes, delete that file`,
    { details: { path, ...holder } },
  );
}

let ownHolder: LockHolder | undefined;

function currentHolder(): LockHolder {
  ownHolder ??= { pid: process.pid, scope: processScope(), startTime: startTimeOf(process.pid) ?? '' };
  return ownHolder;
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
