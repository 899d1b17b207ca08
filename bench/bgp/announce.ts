import { cpuMs, settledMemory } from '../lab/process-cost.ts';
import { median } from '../report/percentile.ts';
import type { Figure } from '../report/report.ts';
import { hostPrefixes, startBgpLab, TABLE_START } from './bgp-lab.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';

export const TABLE_SIZE = 100_000;
const ROUNDS = 5;

/** A table that the daemon holds: from the session being up until a fast receiver has it all; messages; memory. */
export async function measureAnnounce(daemon: BgpDaemon): Promise<readonly Figure[]> {
  const fromSource = daemon.heldRoutesFromSource === true;
  const holds = fromSource ? [] : hostPrefixes(TABLE_START, TABLE_SIZE);
  await using lab = await startBgpLab(daemon, { holds, installs: false });
  if (fromSource) {
    await lab.source.open();
    await lab.source.sendTable(TABLE_START, TABLE_SIZE);
  }
  // Not counted: the daemon may still be reading its configuration, and its code runs for the first time.
  await lab.sink.openAndReceive(TABLE_SIZE);
  const memory = await settledMemory(lab.daemon.pid);
  await lab.sink.close();
  const times: number[] = [];
  const cpu: number[] = [];
  let messages = { updates: 0, octets: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const cpuBefore = cpuMs(lab.daemon.pid);
    const { atMs, establishedMs, updates, octets } = await lab.sink.openAndReceive(TABLE_SIZE);
    cpu.push(cpuMs(lab.daemon.pid) - cpuBefore);
    times.push(atMs - establishedMs);
    messages = { updates, octets };
    await lab.sink.close();
  }
  return [
    {
      what: `announce ${TABLE_SIZE} /32: session up → receiver has all: ${daemon.name}`,
      value: median(times),
      unit: 'ms',
      ...(daemon.name === 'slash32' && { target: { atMost: 60 } }),
      note: `${ROUNDS} rounds, ${spread(times)}; CPU ${median(cpu).toFixed(0)} ms; ${daemon.method}`,
    },
    {
      what: `announce ${TABLE_SIZE} /32: messages: ${daemon.name}`,
      value: messages.updates,
      unit: 'UPDATEs',
      note: `${messages.octets} octets`,
    },
    {
      what: `memory with ${TABLE_SIZE} routes announced: ${daemon.name}`,
      value: memory.residentMb,
      unit: 'MB',
      note: `at most ${memory.peakMb.toFixed(0)}`,
      ...(daemon.name === 'slash32' && { target: { atMost: 100 } }),
    },
  ];
}

export function spread(samples: readonly number[]): string {
  return `${Math.min(...samples).toFixed(1)}–${Math.max(...samples).toFixed(1)}`;
}
