import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Processor time of all threads of processes, ms (`/proc/PID/task/*\/schedstat` counts nanoseconds). */
export function cpuMs(...pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids)
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
  return nanoseconds / 1e6;
}

/** Resident memory of processes, MB (10^6 octets); what two of them share counts twice. One that has ended has none. */
export function residentMb(...pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + residentMbOf(pid), 0);
}

/** Processes that a process started and that still run. */
export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

function residentMbOf(pid: number): number {
  return statusMb(pid, 'VmRSS');
}

function statusMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes ?? 0) * 1024) / 1e6;
}

const SETTLE_MS = 4_000;

/** Resident memory a few seconds after the work is done, and the most that there ever was, MB. */
export async function settledMemory(pid: number): Promise<{ readonly residentMb: number; readonly peakMb: number }> {
  await delay(SETTLE_MS);
  return { residentMb: residentMb(pid), peakMb: statusMb(pid, 'VmHWM') };
}
