import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, settledMemory } from '../lab/process-cost.ts';
import { median } from '../report/percentile.ts';
import type { Figure } from '../report/report.ts';
import { spread, TABLE_SIZE } from './announce.ts';
import { startBgpLab, TABLE_START } from './bgp-lab.ts';
import type { BgpDaemon, RunningDaemon } from './daemons/bgp-daemon.ts';

const ROUNDS = 5;

/** A table that a minimal sender has prepared: from its first octet until the daemon says that it has all routes. */
export async function measureReceive(daemon: BgpDaemon): Promise<readonly Figure[]> {
  await using lab = await startBgpLab(daemon, { holds: [], installs: false });
  const times: number[] = [];
  const cpu: number[] = [];
  const asking: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    await lab.source.open();
    const cpuBefore = cpuMs(lab.daemon.pid);
    const { atMs } = await lab.source.sendTable(TABLE_START, TABLE_SIZE);
    const { doneMs, askingMs } = await untilLearned(lab.daemon, TABLE_SIZE);
    // The first round warms up what runs for the first time.
    if (round > 0) {
      times.push(doneMs - atMs);
      cpu.push(cpuMs(lab.daemon.pid) - cpuBefore);
      asking.push(askingMs);
    }
    if (round === ROUNDS) break;
    await lab.source.close();
    await untilLearned(lab.daemon, 0);
  }
  const memory = await settledMemory(lab.daemon.pid);
  const ours = daemon.name === 'slash32';
  return [
    {
      what: `receive ${TABLE_SIZE} /32 → in its table, not installed: ${daemon.name}`,
      value: median(times),
      unit: 'ms',
      ...(ours && { target: { atMost: 60 } }),
      note: `${ROUNDS} rounds, ${spread(times)}; one question takes ${median(asking).toFixed(1)} ms`,
    },
    {
      what: `receive ${TABLE_SIZE} /32, not installed: processor time: ${daemon.name}`,
      value: median(cpu),
      unit: 'ms',
      ...(ours && { target: { atMost: 100 } }),
    },
    {
      what: `memory after ${TABLE_SIZE} /32 were received ${ROUNDS + 1} times: ${daemon.name}`,
      value: memory.residentMb,
      unit: 'MB',
      note: `at most ${memory.peakMb.toFixed(0)}`,
    },
  ];
}

/** Asks every `pollMs` until it has so many, and when that was said; `askingMs`: how long the last question took. */
export async function untilLearned(
  daemon: Pick<RunningDaemon, 'learned'>,
  count: number,
  pollMs = 1,
): Promise<{ readonly doneMs: number; readonly askingMs: number }> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const beforeMs = performance.now();
    const learned = await daemon.learned();
    const nowMs = performance.now();
    if (learned === count) return { doneMs: performance.timeOrigin + nowMs, askingMs: nowMs - beforeMs };
    if (nowMs > deadline) throw new Error(`it has ${learned} routes after 60 s, not ${count}`);
    await delay(pollMs);
  }
}
