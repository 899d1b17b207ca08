import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs } from '../lab/process-cost.ts';
import { median } from '../report/percentile.ts';
import type { Figure } from '../report/report.ts';
import { spread, TABLE_SIZE } from './announce.ts';
import { startBgpLab, TABLE_START } from './bgp-lab.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';

const ROUNDS = 5;
const LIMIT_MS = 60_000;
const POLL_MS = 5;

/** A table that a minimal sender has prepared: from its first octet until the kernel has all routes; and back to none. */
export async function measureInstall(daemon: BgpDaemon): Promise<readonly Figure[]> {
  await using lab = await startBgpLab(daemon, { holds: [], installs: true });
  const { pid, processes } = lab.daemon;
  const others = kernelPrefixes(pid);
  const times: number[] = [];
  const cpu: number[] = [];
  const removals: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    await lab.source.open();
    const cpuBefore = cpuMs(...processes);
    const { atMs } = await lab.source.sendTable(TABLE_START, TABLE_SIZE);
    const installedMs = await untilKernelHas(pid, others + TABLE_SIZE);
    const cpuOfRound = cpuMs(...processes) - cpuBefore;
    const closedMs = performance.timeOrigin + performance.now();
    await lab.source.close();
    const removedMs = await untilKernelHas(pid, others);
    // The first round warms up what runs for the first time.
    if (round === 0) continue;
    times.push(installedMs - atMs);
    cpu.push(cpuOfRound);
    removals.push(removedMs - closedMs);
  }
  return [
    {
      what: `receive ${TABLE_SIZE} /32 → in the kernel: ${daemon.name}`,
      value: median(times),
      unit: 'ms',
      note: `${ROUNDS} rounds, ${spread(times)}; gone again ${median(removals).toFixed(0)} ms after the session's end`,
    },
    {
      what: `receive ${TABLE_SIZE} /32 → in the kernel: processor time: ${daemon.name}`,
      value: median(cpu),
      unit: 'ms',
      note: 'all its processes, the kernel’s work for them included',
    },
  ];
}

/** IPv4 prefixes of the main table of the namespace that the process is in, the kernel's own ones included. */
function kernelPrefixes(pid: number): number {
  const statistics = readFileSync(`/proc/${pid}/net/fib_triestat`, 'utf8');
  const main = statistics.slice(statistics.indexOf('Main:'));
  return Number(/Prefixes:\s+(\d+)/.exec(main)?.[1]);
}

/** Returns the moment, wall-clock milliseconds. */
async function untilKernelHas(pid: number, count: number): Promise<number> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const prefixes = kernelPrefixes(pid);
    if (prefixes === count) return performance.timeOrigin + performance.now();
    if (performance.now() > deadline)
      throw new Error(`the kernel has ${prefixes} routes after ${LIMIT_MS} ms, not ${count}`);
    await delay(POLL_MS);
  }
}
