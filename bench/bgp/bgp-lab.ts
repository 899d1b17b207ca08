import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { connect, makeNamespace, type Namespace } from '../lab/namespace.ts';
import {
  type BgpDaemon,
  DAEMON_ADDRESS,
  type DaemonTask,
  RECEIVERS,
  type RunningDaemon,
  SINK,
  SOURCE,
} from './daemons/bgp-daemon.ts';
import { WirePeer } from './wire-peer.ts';

/** First of the routes that a daemon holds or learns, 10.64.0.0, and of those that are added one by one, 172.16.0.0. */
export const TABLE_START = 0x0a40_0000;
export const SINGLES_START = 0xac10_0000;

let serial = 0;

/** A daemon in one namespace, and both wire peers in another. */
export interface BgpLab extends AsyncDisposable {
  readonly namespace: Namespace;
  /** Where the wire peers are. */
  readonly peers: Namespace;
  readonly daemon: RunningDaemon;
  readonly sink: WirePeer;
  readonly source: WirePeer;
}

export async function startBgpLab(daemon: BgpDaemon, task: DaemonTask): Promise<BgpLab> {
  await using stack = new AsyncDisposableStack();
  serial += 1;
  const namespace = await makeNamespace(`bgp-${serial}`);
  const peers = await makeNamespace(`bgp-${serial}-peers`);
  const directory = mkdtempSync(join(tmpdir(), 'bench-bgp-'));
  stack.defer(async () => {
    rmSync(directory, { recursive: true, force: true });
    for (const { name } of [namespace, peers]) await execa('ip', ['netns', 'del', name]);
  });
  await connect(
    { namespace, interface: 'eth0', addresses: [`${DAEMON_ADDRESS}/24`] },
    { namespace: peers, interface: 'eth0', addresses: [...RECEIVERS, SOURCE].map(({ address }) => `${address}/24`) },
  );
  // Where routes of instances go to.
  await namespace.ipBatch(['link add tap0 type veth peer name inst0', 'link set tap0 up', 'link set inst0 up']);
  const running = stack.use(await daemon.start({ namespace, directory }, task));
  const sink = stack.use(new WirePeer(peers, SINK));
  const source = stack.use(new WirePeer(peers, SOURCE));
  const resources = stack.move();
  return { namespace, peers, daemon: running, sink, source, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

export function hostPrefixes(start: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${addressText(start + index)}/32`);
}

function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
