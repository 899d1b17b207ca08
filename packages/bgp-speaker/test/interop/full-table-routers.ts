import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prefixKeyFromText } from '../../src/codec/index.ts';
import { encodePeerIndexTable, encodeRibAttributes, encodeRibRecord } from '../../src/mrt/table-dump-record.ts';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import { GobgpRouter } from '../lab/gobgp-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { OpenbgpdRouter } from '../lab/openbgpd-router.ts';

const SPEAKER = '192.0.2.1';
const SPEAKER_AS = 4_200_000_001;
const ROUTER = '192.0.2.254';
const ROUTER_AS = 65_000;
const FEEDER = '198.51.100.1';
const FEEDER_AS = 65_010;

/** `10.FIRST.0.0/32` and those that follow. */
export function hostRoutes(first: number, count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => `10.${first + (index >> 16)}.${(index >> 8) & 255}.${index & 255}/32`,
  );
}

/** A daemon of others, AS 65000 at 192.0.2.254, with a large IPv4 table of its own beside the default routes. */
export interface FullTableRouter extends AsyncDisposable {
  readonly log: string;
  /** AS_PATH of its routes. */
  readonly itsPath: string;
  /** It fills messages of more than 4,096 octets where they are negotiated. */
  readonly sendsLongMessages?: true;
  start(originates: readonly string[]): Promise<void>;
  /** Withdraws all that it originates, but for the default routes. */
  withdraw(): Promise<void>;
  /** What it has from the speaker, in its best table, of IPv4: `PREFIX NEXT-HOP AS-PATH`. */
  learned(): Promise<readonly string[]>;
  /** Falls silent without ending, as a router that is too busy to read; absent: it is several processes. */
  freeze?(): void;
  thaw?(): void;
  /** Withdraws all that it originates, or announces it again; absent: it cannot be told to. */
  flap?(isUp: boolean): Promise<void>;
}

export const FULL_TABLE_ROUTERS: readonly {
  readonly name: string;
  readonly create: (namespace: Namespace) => Promise<FullTableRouter>;
}[] = [
  { name: 'BIRD', create: createBird },
  { name: 'FRR', create: createFrr },
  { name: 'GoBGP', create: createGobgp },
  { name: 'OpenBGPD', create: createOpenbgpd },
];

async function createBird(namespace: Namespace): Promise<FullTableRouter> {
  const bird = await BirdRouter.create(namespace);
  const configuration = (originates: readonly string[]) =>
    birdConfiguration({
      routerId: ROUTER,
      localAddress: ROUTER,
      asNumber: ROUTER_AS,
      peerAddress: SPEAKER,
      peerAsNumber: SPEAKER_AS,
      originates: ['0.0.0.0/0', '::/0', ...originates],
      options: 'enable extended messages on;',
    });
  return {
    itsPath: `${ROUTER_AS}`,
    get log() {
      return bird.log;
    },
    start: (originates) => bird.start(configuration(originates)),
    withdraw: () => bird.configure(configuration([])),
    async learned() {
      // Two lines each: `10.0.0.1/32 unicast [host 12:00:00.000] * (100) [AS4200000001i]`, `<tab>via 192.0.2.1 on down0`.
      const text = await bird.show('route table master4 protocol host');
      return [...text.matchAll(/^(\S+)\s+unicast .* \[AS(\d+)i\]\n\s+via (\S+) /gm)].map(
        ([, prefix, path, via]) => `${prefix} ${via} ${path}`,
      );
    },
    freeze: () => bird.freeze(),
    thaw: () => bird.thaw(),
    flap: async (isUp) => {
      await bird.command(`${isUp ? 'enable' : 'disable'} s4`);
    },
    [Symbol.asyncDispose]: () => bird[Symbol.asyncDispose](),
  };
}

async function createFrr(namespace: Namespace): Promise<FullTableRouter> {
  const frr = await FrrRouter.create(namespace);
  return {
    sendsLongMessages: true,
    itsPath: `${ROUTER_AS}`,
    get log() {
      return frr.log;
    },
    async start(originates) {
      await namespace.ipBatch(originates.map((prefix) => `route add blackhole ${prefix} proto 99`));
      await frr.start(
        frrConfiguration({
          routerId: ROUTER,
          asNumber: ROUTER_AS,
          peerAddress: SPEAKER,
          peerAsNumber: SPEAKER_AS,
          global: ['bgp no-rib'],
          ipv4: ['redistribute kernel'],
          options: ['advertisement-interval 0'],
        }),
      );
    },
    // The kernel’s routes stay: of 100,000 notifications at once, zebra loses some.
    withdraw: () => frr.configure([`router bgp ${ROUTER_AS}`, 'address-family ipv4 unicast', 'no redistribute kernel']),
    async learned() {
      // `*> 10.0.0.1/32      192.0.2.1                0             0 4200000001 i`
      const text = await frr.show('bgp ipv4 unicast');
      return [...text.matchAll(/^\s*\*>?\s+(\S+)\s+192\.0\.2\.1\s.*\s(\d+) i$/gm)].map(
        ([, prefix, path]) => `${prefix} ${SPEAKER} ${path}`,
      );
    },
    [Symbol.asyncDispose]: () => frr[Symbol.asyncDispose](),
  };
}

/** GoBGP can be told of one route at a time only, so that it gets its table from a BIRD behind it. */
async function createGobgp(namespace: Namespace): Promise<FullTableRouter> {
  await using stack = new AsyncDisposableStack();
  const gobgp = stack.use(await GobgpRouter.create(namespace));
  const behind = stack.use(await Namespace.create(`${namespace.name}-feeder`));
  await Namespace.link(namespace, 'feeder0', ['198.51.100.254/24'], behind, 'up0', [`${FEEDER}/24`]);
  const bird = stack.use(await BirdRouter.create(behind));
  const feed = (originates: readonly string[]) =>
    birdConfiguration({
      routerId: FEEDER,
      localAddress: FEEDER,
      asNumber: FEEDER_AS,
      peerAddress: '198.51.100.254',
      peerAsNumber: ROUTER_AS,
      originates,
    });
  const resources = stack.move();
  return {
    itsPath: `${ROUTER_AS} ${FEEDER_AS}`,
    get log() {
      return gobgp.log;
    },
    async start(originates) {
      await gobgp.start({ peerAddress: SPEAKER, feeder: { address: FEEDER, asNumber: FEEDER_AS } });
      await bird.start(feed(originates));
    },
    withdraw: () => bird.configure(feed([])),
    async learned() {
      const text = await gobgp.command(`neighbor ${SPEAKER} adj-in -a ipv4`);
      // `ID  10.0.0.1/32  192.0.2.1  4200000001  00:00:01  [{Origin: i}]`
      return [...text.matchAll(/\s(\d\S*\/\d+)\s+(\S+)\s+(\d+)\s+\S+\s+\[\{Origin: i\}/gm)].map(
        ([, prefix, nextHop, path]) => `${prefix} ${nextHop} ${path}`,
      );
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Has `use` read an MRT dump (RFC 6396) of routes of the router itself. */
async function withTableDump(prefixes: readonly string[], use: (path: string) => Promise<unknown>): Promise<void> {
  const attributes = encodeRibAttributes({ origin: 'igp', asPath: [] }, { address: ROUTER });
  const dump = Buffer.concat([
    encodePeerIndexTable(0, ROUTER, [{ address: ROUTER, asNumber: ROUTER_AS, routerId: ROUTER }]),
    ...prefixes.map((prefix, index) =>
      encodeRibRecord(0, index, prefixKeyFromText(prefix), [{ peerIndex: 0, attributes }]),
    ),
  ]);
  const directory = await mkdtemp(join(tmpdir(), 'table-dump-'));
  try {
    const path = join(directory, 'table.mrt');
    await writeFile(path, dump);
    await use(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function createOpenbgpd(namespace: Namespace): Promise<FullTableRouter> {
  const openbgpd = await OpenbgpdRouter.create(namespace);
  return {
    itsPath: `${ROUTER_AS}`,
    get log() {
      return openbgpd.log;
    },
    async start(originates) {
      await openbgpd.start({ peerAddress: SPEAKER });
      await withTableDump(originates, (dump) => openbgpd.command(`network mrt file ${dump}`));
    },
    withdraw: async () => {
      await openbgpd.command('network flush');
    },
    async learned() {
      // `*>    N-? 10.0.0.1/32          192.0.2.1        100     0 4200000001 i`
      const text = await openbgpd.command(`show rib neighbor ${SPEAKER}`);
      return [...text.matchAll(/\s(\d\S*\/\d+)\s+(\d\S+)\s+\d+\s+\d+ (\d+) i$/gm)].map(
        ([, prefix, nextHop, path]) => `${prefix} ${nextHop} ${path}`,
      );
    },
    [Symbol.asyncDispose]: () => openbgpd[Symbol.asyncDispose](),
  };
}
