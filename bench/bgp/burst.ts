import type { Figure } from '../report/report.ts';
import { TABLE_SIZE } from './announce.ts';
import { hostPrefixes, startBgpLab, TABLE_START } from './bgp-lab.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';

/** Routes that come one by one while the session is up: how well they are packed, and when the receiver has all. */
export async function measureBurst(daemon: BgpDaemon): Promise<readonly Figure[]> {
  await using lab = await startBgpLab(daemon, { holds: [], installs: false, learnsFromKernel: true });
  await lab.sink.open();
  const fromKernel = daemon.learnsFromKernel === true;
  if (!fromKernel) await lab.source.open();
  const received = lab.sink.receive(TABLE_SIZE);
  // It may fail before anybody waits for it.
  received.catch(() => undefined);
  const startMs = performance.timeOrigin + performance.now();
  if (fromKernel) {
    const prefixes = hostPrefixes(TABLE_START, TABLE_SIZE);
    await lab.namespace.ipBatch(prefixes.map((prefix) => `route add ${prefix} dev tap0 proto 133`));
  } else {
    await lab.source.sendSingles(TABLE_START, TABLE_SIZE);
  }
  const { updates, octets, atMs } = await received;
  return [
    {
      what: `messages for a live burst of ${TABLE_SIZE} routes: ${daemon.name}`,
      value: updates,
      unit: 'UPDATEs',
      note: `${octets} octets, ${((atMs - startMs) / 1000).toFixed(2)} s; ${fromKernel ? 'kernel routes, one `ip -batch`' : 'from a peer, one route in each UPDATE'}`,
    },
  ];
}
