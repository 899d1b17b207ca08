import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { EventStamps } from '../lab/event-stamps.ts';
import { percentile } from '../report/percentile.ts';
import type { Figure } from '../report/report.ts';
import { type BgpLab, hostPrefixes, SINGLES_START, startBgpLab, TABLE_START } from './bgp-lab.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';

const KERNEL_SAMPLES = 100;
/** A tool takes longer, with many routes some 100 ms. */
const TOOL_SAMPLES = 30;
/** Not counted: what runs for the first time. */
const WARM_UPS = 5;
const PAUSE_MS = 25;

/** One route more → UPDATE at the peer, with so many others: from the kernel, and by the daemon's own tool, as it can. */
export async function measureWireLatency(daemon: BgpDaemon, others: number): Promise<readonly Figure[]> {
  const fromSource = daemon.heldRoutesFromSource === true;
  const holds = fromSource ? [] : hostPrefixes(TABLE_START, others);
  await using lab = await startBgpLab(daemon, { holds, installs: false, learnsFromKernel: true });
  if (fromSource && others > 0) {
    await lab.source.open();
    await lab.source.sendTable(TABLE_START, others);
  }
  if (others > 0) await lab.sink.openAndReceive(others);
  else await lab.sink.open();
  const figures: Figure[] = [];
  if (daemon.learnsFromKernel === true) figures.push(...(await fromKernel(daemon, lab, others)));
  const { addRoute } = lab.daemon;
  if (addRoute !== undefined) figures.push(await fromTool(daemon, lab, others, addRoute));
  return figures;
}

async function fromKernel(daemon: BgpDaemon, lab: BgpLab, others: number): Promise<readonly Figure[]> {
  using seen = new EventStamps(lab.namespace, 'route', (line) => /^(172\.\S+) /.exec(line)?.[1]?.replace('/32', ''));
  using ip = spawn('ip', ['netns', 'exec', lab.namespace.name, 'ip', '-batch', '-'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const fromCommand: number[] = [];
  const fromNotification: number[] = [];
  for (const [index, prefix] of hostPrefixes(SINGLES_START, KERNEL_SAMPLES + WARM_UPS).entries()) {
    await delay(PAUSE_MS);
    const startMs = performance.timeOrigin + performance.now();
    ip.stdin.write(`route add ${prefix} dev tap0 proto 133\n`);
    const atMs = await lab.sink.arrival(SINGLES_START + index);
    if (index < WARM_UPS) continue;
    fromCommand.push(atMs - startMs);
    fromNotification.push(atMs - (await seen.of(prefix.replace('/32', ''))));
  }
  ip.stdin.end();
  const ours = daemon.name === 'slash32';
  return [
    {
      what: `one kernel route → UPDATE at the peer, ${others} others: ${daemon.name}, p50`,
      value: percentile(fromCommand, 0.5),
      unit: 'ms',
      ...(ours && { target: { atMost: 1 } }),
      note: `p99 ${percentile(fromCommand, 0.99).toFixed(2)}; ${KERNEL_SAMPLES} samples, \`ip\` included`,
    },
    {
      what: `kernel's notification of one route → UPDATE at the peer, ${others} others: ${daemon.name}, p50`,
      value: percentile(fromNotification, 0.5),
      unit: 'ms',
      ...(ours && { target: { atMost: 0.5 } }),
      note: `p99 ${percentile(fromNotification, 0.99).toFixed(2)}`,
    },
  ];
}

async function fromTool(
  daemon: BgpDaemon,
  lab: BgpLab,
  others: number,
  addRoute: (prefix: string) => Promise<number>,
): Promise<Figure> {
  const first = SINGLES_START + 1000;
  const times: number[] = [];
  for (const [index, prefix] of hostPrefixes(first, TOOL_SAMPLES + WARM_UPS).entries()) {
    await delay(PAUSE_MS);
    const startMs = await addRoute(prefix);
    const atMs = await lab.sink.arrival(first + index);
    if (index >= WARM_UPS) times.push(atMs - startMs);
  }
  return {
    what: `one route by its tool → UPDATE at the peer, ${others} others: ${daemon.name}, p50`,
    value: percentile(times, 0.5),
    unit: 'ms',
    note: `p99 ${percentile(times, 0.99).toFixed(2)}; ${TOOL_SAMPLES} samples, \`${daemon.tool}\`, its start included`,
  };
}
