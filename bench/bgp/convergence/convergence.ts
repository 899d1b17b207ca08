import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { EventStamps } from '../../lab/event-stamps.ts';
import { makeNamespace, type Namespace } from '../../lab/namespace.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { median } from '../../report/percentile.ts';
import type { Figure } from '../../report/report.ts';
import { BFD_INTERVAL_MS, type BgpDaemon } from '../daemons/bgp-daemon.ts';
import { WireProcess } from '../wire-process.ts';
import type { PacketStreamCommand, PacketStreamEvent, PacketStreamSettings } from './packet-stream-messages.ts';
import { SERVICE, TopOfRack, type TopOfRackSettings } from './top-of-rack.ts';

const PROGRAM = join(import.meta.dirname, 'packet-stream-main.ts');
const ROUNDS = 5;
const PACKETS_PER_SECOND = 1000;
const PORT = 9999;
/** Of instances on the host: the same source whatever link a packet takes. Some go over one router, some over the other. */
const INSTANCES = Array.from({ length: 16 }, (_, index) => `203.0.113.${index + 1}`);
/** How long after a death what is lost is counted, and how long stray packets may take. */
const COUNTED_MS = 1000;
const ARRIVAL_MS = 50;
const ROUTERS: readonly TopOfRackSettings[] = [
  { device: 'eth0', address: '192.0.2.1', asNumber: 64_901, daemonAddress: '192.0.2.11' },
  { device: 'eth1', address: '198.51.100.1', asNumber: 64_901, daemonAddress: '198.51.100.11' },
];

type Stream = WireProcess<PacketStreamCommand, PacketStreamEvent>;
type Death = 'falls silent' | 'loses power';

interface Outage {
  readonly routeMs: number;
  readonly lostPackets: number;
}

interface Scene {
  readonly host: Namespace;
  readonly routers: readonly TopOfRack[];
  readonly sender: Stream;
  readonly counters: readonly Stream[];
  /** By the router that the route is over alone. */
  readonly changes: EventStamps;
}

let serial = 0;

/** Two routers, BFD with both, traffic over one, which dies: until the kernel's route is the other one alone; packets lost. */
export async function measureConvergence(daemon: BgpDaemon): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  serial += 1;
  const host = await makeNamespace(`conv-${serial}`);
  const directory = mkdtempSync(join(tmpdir(), 'bench-convergence-'));
  stack.defer(async () => {
    rmSync(directory, { recursive: true, force: true });
    await execa('ip', ['netns', 'del', host.name]);
  });
  await host.ipBatch(INSTANCES.map((address) => `address add ${address}/32 dev lo`));
  const routers: TopOfRack[] = [];
  for (const settings of ROUTERS) routers.push(stack.use(await TopOfRack.make(host, settings, directory)));
  stack.use(
    await daemon.start({ namespace: host, directory }, { holds: [], installs: true, bfd: true, peers: ROUTERS }),
  );
  for (const router of routers) await router.start();
  await bothInUse(host, routers);
  const counters = await Promise.all(
    routers.map(({ namespace }) => startStream(stack, namespace, { role: 'count', at: SERVICE, port: PORT })),
  );
  const sender = await startStream(stack, host, {
    ...{ role: 'send', from: INSTANCES, to: SERVICE, port: PORT },
    perSecond: PACKETS_PER_SECOND,
  });
  const changes = stack.use(new EventStamps(host, 'route', onlyRouter));
  const scene = { host, routers, sender, counters, changes };
  const figures: Figure[] = [];
  for (const death of ['falls silent', 'loses power'] as const) {
    const outages: Outage[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await bothInUse(host, routers);
      outages.push(await oneDeath(scene, round % routers.length, death));
    }
    figures.push(...figuresOf(daemon, death, outages));
  }
  return figures;
}

function figuresOf(daemon: BgpDaemon, death: Death, outages: readonly Outage[]): Figure[] {
  const times = outages.map(({ routeMs }) => routeMs);
  const lost = outages.map(({ lostPackets }) => lostPackets);
  return [
    {
      what: `router ${death}, BFD 3 × ${BFD_INTERVAL_MS} ms → kernel uses the other: ${daemon.name}`,
      value: median(times),
      unit: 'ms',
      ...(daemon.name === 'slash32' && { target: { atMost: 200 } }),
      note: `${outages.length} rounds, ${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`,
    },
    {
      what: `router ${death}: packets lost of ${PACKETS_PER_SECOND} a second: ${daemon.name}`,
      value: median(lost),
      unit: 'packets',
      note: `${Math.min(...lost)}–${Math.max(...lost)}`,
    },
  ];
}

/** Routers die in turns: a session that was lost within moments of its begin is set up more slowly each time. */
async function oneDeath(
  { host, routers, sender, counters, changes }: Scene,
  index: number,
  death: Death,
): Promise<Outage> {
  const [dying, other] = [routers[index], routers[1 - index]];
  if (dying === undefined || other === undefined) throw new RangeError(`there is no router ${index}`);
  sender.tell({ op: 'use', index: await instanceVia(host, dying) });
  await delay(ARRIVAL_MS);
  changes.forget(other.settings.address);
  const from = await packetsOf(sender);
  const atMs = death === 'falls silent' ? await dying.fallSilent() : await dying.losePower();
  const routeMs = (await changes.of(other.settings.address)) - atMs;
  await delay(COUNTED_MS);
  const to = await packetsOf(sender);
  await delay(ARRIVAL_MS);
  const came = await Promise.all(counters.map((counter) => packetsOf(counter, from, to)));
  await dying.comeBack(death === 'falls silent' ? 'from silence' : 'from nothing');
  return { routeMs, lostPackets: to - from - came.reduce((sum, count) => sum + count, 0) };
}

/** An instance whose packets to the service go over that router. */
async function instanceVia(host: Namespace, { settings }: TopOfRack): Promise<number> {
  for (const [index, instance] of INSTANCES.entries()) {
    const route = await host.run('ip', 'route', 'get', SERVICE, 'from', instance);
    if (route.includes(`via ${settings.address} `)) return index;
  }
  throw new Error(`no instance uses the router ${settings.address}`);
}

/** The router's address if the route is over it alone. */
function onlyRouter(line: string): string | undefined {
  if (line.startsWith('Deleted') || !line.includes(`${SERVICE} `)) return undefined;
  const via = [...line.matchAll(/via (\S+)/g)].map(([, address]) => address);
  return via.length === 1 ? via[0] : undefined;
}

async function packetsOf(stream: Stream, from = 0, to = 0): Promise<number> {
  const report = stream.next('report');
  stream.tell({ op: 'report', from, to });
  return (await report).packets;
}

async function startStream(
  stack: AsyncDisposableStack,
  namespace: Namespace,
  settings: PacketStreamSettings,
): Promise<Stream> {
  const stream: Stream = stack.use(new WireProcess(namespace, PROGRAM, settings));
  await stream.next('ready');
  return stream;
}

async function bothInUse(host: Namespace, routers: readonly TopOfRack[]): Promise<void> {
  await waitUntil('routes over both routers, and sessions with both', 30_000, async () => {
    const routes = await host.run('ip', 'route', 'show', SERVICE);
    if (!ROUTERS.every(({ address }) => routes.includes(`via ${address} `))) return undefined;
    const up = await Promise.all(routers.map((router) => router.isUp()));
    return up.every((isUp) => isUp) ? true : undefined;
  });
}
