import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, residentMb } from '../lab/process-cost.ts';
import type { Figure } from '../report/report.ts';
import { startBgpLab } from './bgp-lab.ts';
import { NOT_FINISHED } from './comparison.ts';
import { type BgpDaemon, RECEIVERS, SOURCE } from './daemons/bgp-daemon.ts';
import { ATTRIBUTE_SETS } from './realistic-table.ts';
import type { RelayPeersCommand, RelayPeersEvent, RelayPeersSettings } from './relay-peers-messages.ts';
import { WireProcess } from './wire-process.ts';

const PROGRAM = join(import.meta.dirname, 'relay-peers-main.ts');
export const RELAY_TABLE_SIZE = 1_000_000;
const LIMIT_MS = 60_000;

/** A table from one peer that a daemon passes on to four: from its first octet until all four have it all; one run. */
export async function measureRelay(daemon: BgpDaemon): Promise<readonly Figure[]> {
  await using lab = await startBgpLab(daemon, {
    holds: [],
    installs: false,
    relays: true,
    receivers: RECEIVERS.length,
  });
  const settings: RelayPeersSettings = { source: SOURCE, receivers: RECEIVERS };
  using peers = new WireProcess<RelayPeersCommand, RelayPeersEvent>(lab.peers, PROGRAM, settings);
  const established = peers.next('established');
  peers.tell({ op: 'open' });
  await established;
  const { processes } = lab.daemon;
  const cpuBefore = cpuMs(...processes);
  const sent = peers.next('sent');
  const received = peers.next('received', LIMIT_MS + 10_000);
  received.catch(() => undefined);
  peers.tell({ op: 'send', first: 0, count: RELAY_TABLE_SIZE, expect: RELAY_TABLE_SIZE });
  const { atMs } = await sent;
  const done = await Promise.race([received, delay(LIMIT_MS, undefined, { ref: false })]);
  const cpuSeconds = (cpuMs(...processes) - cpuBefore) / 1000;
  const progress = peers.next('progress');
  peers.tell({ op: 'progress' });
  const { prefixes, lostSessions } = await progress;
  const outcome =
    done === undefined
      ? `${NOT_FINISHED} within ${LIMIT_MS / 1000} s: the receivers have ${prefixes.join(', ')}`
      : `${done.updates} UPDATEs, ${done.octets} octets to each`;
  const costs = done === undefined ? `all its processes; ${NOT_FINISHED}` : 'all its processes';
  return [
    {
      what: `${RELAY_TABLE_SIZE} routes from one peer → all at ${RECEIVERS.length} peers: ${daemon.name}`,
      value: done === undefined ? LIMIT_MS / 1000 : (done.atMs - atMs) / 1000,
      unit: 's',
      note: `1 run; ${ATTRIBUTE_SETS} sets of attributes; ${outcome}; sessions lost: ${lostSessions}`,
    },
    {
      what: `${RELAY_TABLE_SIZE} routes to ${RECEIVERS.length} peers: processor time: ${daemon.name}`,
      value: cpuSeconds,
      unit: 's',
      note: costs,
    },
    {
      what: `${RELAY_TABLE_SIZE} routes to ${RECEIVERS.length} peers: memory then: ${daemon.name}`,
      value: residentMb(...processes),
      unit: 'MB',
      note: costs,
    },
  ];
}
