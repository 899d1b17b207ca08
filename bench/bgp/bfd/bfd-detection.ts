import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../../report/percentile.ts';
import type { Figure } from '../../report/report.ts';
import { startBgpLab } from '../bgp-lab.ts';
import { BFD_INTERVAL_MS, type BgpDaemon, BLOCKED_MS, DAEMON_ADDRESS, SINK } from '../daemons/bgp-daemon.ts';
import { WireProcess } from '../wire-process.ts';
import type { BfdPeerCommand, BfdPeerEvent, BfdPeerSettings } from './bfd-peer-messages.ts';

const PROGRAM = join(import.meta.dirname, 'bfd-peer-main.ts');
const ROUNDS = 10;
const BLOCKS = 5;

/** BFD of 3 × 50 ms with a BGP session: a router that falls silent; for a daemon with threads also a main thread that hangs. */
export async function measureBfdDetection(daemon: BgpDaemon): Promise<readonly Figure[]> {
  await using lab = await startBgpLab(daemon, { holds: [], installs: false, bfd: true, peers: [SINK] });
  const settings: BfdPeerSettings = {
    address: SINK.address,
    daemonAddress: DAEMON_ADDRESS,
    intervalMs: BFD_INTERVAL_MS,
    multiplier: 3,
  };
  await lab.sink.open();
  using peer = new WireProcess<BfdPeerCommand, BfdPeerEvent>(lab.peers, PROGRAM, settings, { isPrompt: true });
  await peer.next('up');
  const figures: Figure[] = [];
  const { blockMainThread } = lab.daemon;
  if (blockMainThread !== undefined) {
    peer.tell({ op: 'count' });
    for (let round = 0; round < BLOCKS; round += 1) {
      blockMainThread();
      await delay(BLOCKED_MS + 200);
    }
    const report = peer.next('report');
    peer.tell({ op: 'report' });
    const { packets, flaps, longestGapMs } = await report;
    figures.push({
      what: `BFD 3 × ${BFD_INTERVAL_MS} ms, main thread blocked for ${BLOCKED_MS / 1000} s, flaps: ${daemon.name}`,
      value: flaps,
      unit: 'flaps',
      target: { atMost: 0 },
      note: `${BLOCKS} times; ${packets} packets came, at most ${longestGapMs.toFixed(0)} ms between two`,
    });
  }
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await delay(Math.random() * BFD_INTERVAL_MS);
    const detected = peer.next('detected');
    peer.tell({ op: 'fall-silent' });
    times.push((await detected).afterMs);
    const up = peer.next('up');
    peer.tell({ op: 'speak' });
    await up;
  }
  figures.push({
    what: `BFD 3 × ${BFD_INTERVAL_MS} ms: last packet of a silent router → Down: ${daemon.name}, p50`,
    value: percentile(times, 0.5),
    unit: 'ms',
    ...(daemon.name === 'slash32' && { target: { atMost: 160 } }),
    note: `${ROUNDS} rounds, max ${Math.max(...times).toFixed(1)}`,
  });
  return figures;
}
