import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { EventStamps } from '../lab/event-stamps.ts';
import { percentile } from '../report/percentile.ts';
import type { Figure } from '../report/report.ts';
import { TABLE_SIZE } from './announce.ts';
import { hostPrefixes, SINGLES_START, startBgpLab, TABLE_START } from './bgp-lab.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';

const SAMPLES = 100;
const PAUSE_MS = 25;

/**
 * A kernel route appears → UPDATE at the peer: from the moment before `ip` is
 * told to add it, and from the kernel's notification as `ip monitor` stamps it. Then a live burst of a whole table.
 */
export async function measureWireLatency(daemon: BgpDaemon, others: number): Promise<readonly Figure[]> {
  await using lab = await startBgpLab(daemon, { holds: hostPrefixes(TABLE_START, others), installs: false });
  if (others > 0) await lab.sink.openAndReceive(others);
  else await lab.sink.open();
  using seen = new EventStamps(lab.namespace, 'route', (line) => /^(172\.\S+) /.exec(line)?.[1]?.replace('/32', ''));
  using ip = spawn('ip', ['netns', 'exec', lab.namespace.name, 'ip', '-batch', '-'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const fromCommand: number[] = [];
  const fromNotification: number[] = [];
  for (const [index, prefix] of hostPrefixes(SINGLES_START, SAMPLES + 5).entries()) {
    await delay(PAUSE_MS);
    const startMs = performance.timeOrigin + performance.now();
    ip.stdin.write(`route add ${prefix} dev tap0 proto 133\n`);
    const atMs = await lab.sink.arrival(SINGLES_START + index);
    // The first ones warm up what runs for the first time.
    if (index < 5) continue;
    fromCommand.push(atMs - startMs);
    fromNotification.push(atMs - (await seen.of(prefix.replace('/32', ''))));
  }
  ip.stdin.end();
  const what = `one kernel route → UPDATE at the peer, ${others} others: ${daemon.name}`;
  const ours = daemon.name === 'slash32';
  const figures: Figure[] = [
    {
      what: `${what}, p50`,
      value: percentile(fromCommand, 0.5),
      unit: 'ms',
      ...(ours && { target: { atMost: 1 } }),
      note: `p99 ${percentile(fromCommand, 0.99).toFixed(2)}; ${SAMPLES} samples, \`ip\` included`,
    },
    {
      what: `  from the kernel's notification: ${daemon.name}, p50`,
      value: percentile(fromNotification, 0.5),
      unit: 'ms',
      ...(ours && { target: { atMost: 0.5 } }),
      note: `p99 ${percentile(fromNotification, 0.99).toFixed(2)}`,
    },
  ];
  if (others > 0) return figures;
  const received = lab.sink.receive(SAMPLES + 5 + TABLE_SIZE);
  await lab.namespace.ipBatch(
    hostPrefixes(TABLE_START, TABLE_SIZE).map((prefix) => `route add ${prefix} dev tap0 proto 133`),
  );
  const { updates, octets } = await received;
  return [
    ...figures,
    {
      what: `messages for a live burst of ${TABLE_SIZE} routes: ${daemon.name}`,
      value: updates,
      unit: 'UPDATEs',
      note: `${octets} octets`,
    },
  ];
}
