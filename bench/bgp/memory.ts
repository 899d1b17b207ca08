import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { residentMb } from '../lab/process-cost.ts';
import type { Figure } from '../report/report.ts';
import { startBgpLab } from './bgp-lab.ts';
import { NOT_FINISHED } from './comparison.ts';
import { type BgpDaemon, SOURCE } from './daemons/bgp-daemon.ts';
import { ATTRIBUTE_SETS } from './realistic-table.ts';
import { untilLearned } from './receive.ts';
import type { RelayPeersCommand, RelayPeersEvent, RelayPeersSettings } from './relay-peers-messages.ts';
import { WireProcess } from './wire-process.ts';

const PROGRAM = join(import.meta.dirname, 'relay-peers-main.ts');
const SIZES = [100_000, 1_000_000];
/** What a burst left behind may be given back in this time. */
const SETTLE_MS = 2000;
const POLL_MS = 100;

/** Resident memory without routes, and with that many from one peer (realistic-table.ts), not installed. */
export async function measureMemory(daemon: BgpDaemon): Promise<readonly Figure[]> {
  await using lab = await startBgpLab(daemon, { holds: [], installs: false });
  const settings: RelayPeersSettings = { source: SOURCE, receivers: [] };
  using peers = new WireProcess<RelayPeersCommand, RelayPeersEvent>(lab.peers, PROGRAM, settings);
  const established = peers.next('established');
  peers.tell({ op: 'open' });
  await established;
  await delay(SETTLE_MS);
  const memory = () => residentMb(...lab.daemon.processes);
  const figures: Figure[] = [figure(daemon, 'no routes', memory())];
  let sent = 0;
  for (const size of SIZES) {
    peers.tell({ op: 'send', first: sent, count: size - sent, expect: 0 });
    sent = size;
    let note = '';
    try {
      await untilLearned(lab.daemon, size, POLL_MS);
      await delay(SETTLE_MS);
    } catch (error) {
      note = `; ${NOT_FINISHED}: ${error instanceof Error ? error.message : error}`;
    }
    figures.push(figure(daemon, `${size} routes of ${ATTRIBUTE_SETS} kinds learned`, memory(), note));
  }
  return figures;
}

function figure(daemon: BgpDaemon, routes: string, value: number, note = ''): Figure {
  return { what: `memory with ${routes}: ${daemon.name}`, value, unit: 'MB', note: `all its processes${note}` };
}
