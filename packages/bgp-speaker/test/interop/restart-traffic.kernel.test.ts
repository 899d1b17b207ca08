import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import { GobgpRouter } from '../lab/gobgp-router.ts';
import { Namespace, stopChild } from '../lab/namespace.ts';
import { OpenbgpdRouter } from '../lab/openbgpd-router.ts';
import { Rack, rackManifests, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addInstanceRoutes, attachInstance } from '../lab/tap.ts';
import { NEEDS_OTHER_USERS, rootIsTheOnlyUser } from '../lab/unprivileged.ts';
import { waitUntil } from '../lab/wait-until.ts';

const INSTANCE = '203.0.113.10';
/** Its route goes while the speaker is dead. */
const GONE_INSTANCE = '203.0.113.11';
/** Beyond the router. */
const SERVER = '198.51.100.1';
/** A route of the router that it does not announce again once it is back. */
const GONE_PREFIX = '198.18.0.0/24';
const LEAST_PACKETS = 100;

/** A router that forwards, and what becomes of its routes when its daemon dies. */
interface RestartingRouter extends AsyncDisposable {
  readonly log: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Back, without {@link GONE_PREFIX}. */
  restart(): Promise<void>;
  has(prefix: string): Promise<boolean>;
}

interface RouterKind {
  readonly name: string;
  readonly create: (namespace: Namespace) => Promise<RestartingRouter>;
  /** It puts our routes into its kernel; else the lab does. */
  readonly installs: boolean;
  /** Now and then it deletes its own routes for some 60 ms when its daemon is back; then, too, the lab does. */
  readonly gapsWhenBack?: true;
  /** Absent: it says that its routes live on while it is away (RFC 4724 3). */
  readonly cannotRestart?: string;
  readonly skipped?: string;
}

const ADDRESSES = { ...TOR, peerAsNumber: 4_200_000_001 };

async function createBird(namespace: Namespace): Promise<RestartingRouter> {
  const bird = await BirdRouter.create(namespace);
  const configuration = (originates: readonly string[]) =>
    birdConfiguration({ ...ADDRESSES, originates: ['0.0.0.0/0', ...originates] });
  return {
    get log() {
      return bird.log;
    },
    start: () => bird.start(configuration([GONE_PREFIX])),
    kill: () => bird.kill(),
    restart: () => bird.start(configuration([]), { recover: true }),
    has: async (prefix) => (await bird.show('route protocol host')).includes(`${prefix} `),
    [Symbol.asyncDispose]: () => bird[Symbol.asyncDispose](),
  };
}

async function createFrr(namespace: Namespace): Promise<RestartingRouter> {
  const frr = await FrrRouter.create(namespace);
  const configuration = (ipv4: readonly string[]) => frrConfiguration({ ...ADDRESSES, ipv4 });
  return {
    get log() {
      return frr.log;
    },
    async start() {
      await namespace.ip(`route add blackhole ${GONE_PREFIX}`);
      await frr.start(configuration([`network ${GONE_PREFIX}`]));
    },
    kill: () => frr.killBgpd(),
    restart: () => frr.restartBgpd(configuration([])),
    has: async (prefix) => (await frr.show('bgp ipv4 unicast')).includes(`${prefix} `),
    [Symbol.asyncDispose]: () => frr[Symbol.asyncDispose](),
  };
}

const ROUTERS: readonly RouterKind[] = [
  { name: 'BIRD', create: createBird, installs: true },
  { name: 'FRR', create: createFrr, installs: true, gapsWhenBack: true },
  {
    name: 'GoBGP',
    async create(namespace) {
      const gobgp = await GobgpRouter.create(namespace);
      return {
        get log() {
          return gobgp.log;
        },
        start: () => gobgp.start({ peerAddress: '192.0.2.1' }),
        kill: () => gobgp.kill(),
        restart: () => gobgp.start({ peerAddress: '192.0.2.1' }, { recover: true }),
        has: (prefix) => gobgp.has(prefix),
        [Symbol.asyncDispose]: () => gobgp[Symbol.asyncDispose](),
      };
    },
    installs: false,
    cannotRestart: 'its OPEN has no F bit',
  },
  {
    name: 'OpenBGPD',
    async create(namespace) {
      const openbgpd = await OpenbgpdRouter.create(namespace);
      return {
        get log() {
          return openbgpd.log;
        },
        start: () => openbgpd.start({ peerAddress: '192.0.2.1' }),
        kill: () => openbgpd.kill(),
        restart: () => openbgpd.start({ peerAddress: '192.0.2.1' }),
        has: (prefix) => openbgpd.has(prefix),
        [Symbol.asyncDispose]: () => openbgpd[Symbol.asyncDispose](),
      };
    },
    installs: false,
    cannotRestart: 'its capability names no family',
    ...(rootIsTheOnlyUser() && { skipped: NEEDS_OTHER_USERS }),
  },
];

const MANIFESTS = rackManifests(', connectRetrySeconds: 1', { hostAsNumber: 4_200_000_001 });

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let instance: Namespace;
let router: RestartingRouter;
let speaker: SpeakerProcess;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('rt', { ipv6: true })));
  instance = stack.use(await Namespace.create('rt-inst'));
  await attachInstance(host, instance, INSTANCE);
  await addInstanceRoutes(host, [`${GONE_INSTANCE}/32`]);
  await tor.exec('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  await tor.ip(`addr add ${SERVER}/32 dev lo`);
});

afterEach(() => stack.disposeAsync());

/** A stream of packets from the instance through host and router to the server and back. */
class PacketStream {
  readonly #child: ChildProcess;
  #output = '';

  constructor() {
    this.#child = instance.spawn('ping', ['-n', '-i', '0.01', '-I', INSTANCE, SERVER], (text) => {
      this.#output += text;
    });
  }

  /** Ends it: how many answers came, and how many are missing before the last one. */
  async end(): Promise<{ readonly answered: number; readonly lost: number }> {
    const answered = () => [...this.#output.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, number]) => Number(number));
    await waitUntil(
      () => `answers: ${this.#output.slice(-500)}`,
      () => answered().length >= LEAST_PACKETS,
    );
    await stopChild(this.#child, 'SIGINT');
    const numbers = answered();
    return { answered: numbers.length, lost: Math.max(...numbers) - new Set(numbers).size };
  }
}

async function hostHas(prefix: string): Promise<boolean> {
  return (await host.routes(4)).some((line) => line.startsWith(`${prefix} `) && line.includes('proto 135'));
}

async function begin({ create, installs }: RouterKind): Promise<void> {
  router = stack.use(await create(tor));
  await router.start();
  if (!installs) await tor.ip(`route add ${INSTANCE}/32 via 192.0.2.1`);
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  speaker.start();
  await speaker.established('tor');
  await waitUntil(
    () => `our routes at the router; ${router.log.slice(-1500)}`,
    async () => (await router.has(`${INSTANCE}/32`)) && (await router.has(`${GONE_INSTANCE}/32`)),
  );
  await waitUntil('its default route here', () => hostHas('default'));
  let routes: readonly string[] = [];
  await waitUntil(
    () => `traffic flows; the router has ${routes.join(', ')}; ${speaker.log.slice(-3000)} ${router.log.slice(-3000)}`,
    async () => {
      routes = await tor.routes(4);
      return instance.exec('ping', ['-c', '1', '-W', '1', '-I', INSTANCE, SERVER]);
    },
  );
}

describe.each(ROUTERS)('kill -9 with traffic flowing on, with $name', (kind) => {
  const { skipped, cannotRestart } = kind;

  it.skipIf(skipped !== undefined)(
    skipped ?? 'of the speaker: no packet is lost, and what went meanwhile goes at the router',
    async () => {
      await begin(kind);
      const stream = new PacketStream();
      await speaker.stop('SIGKILL');
      await host.ip(`route del ${GONE_INSTANCE}/32 dev tap0 proto 133`);
      expect(await router.has(`${INSTANCE}/32`)).toBe(true);
      speaker.start();
      await speaker.established('tor');
      await waitUntil('what is gone is gone there', async () => !(await router.has(`${GONE_INSTANCE}/32`)));
      await waitUntil('nothing is stale here', async () => {
        const { gracefulRestart } = await speaker.neighbor('tor');
        return gracefulRestart?.staleRoutes === 0 && speaker.log.includes('selection deferral is over');
      });
      expect(await router.has(`${INSTANCE}/32`)).toBe(true);
      expect(await stream.end()).toMatchObject({ lost: 0 });
    },
  );

  if (cannotRestart !== undefined) {
    it.skipIf(skipped !== undefined)(
      `of the router: its routes go and come back, since ${cannotRestart}`,
      async () => {
        await begin(kind);
        const { remoteCapabilities = [] } = await speaker.neighbor('tor');
        const promise = remoteCapabilities.find((text) => text.startsWith('graceful-restart'));
        expect(promise).not.toContain('forwarding');
        await router.kill();
        await waitUntil('the session is down', async () => (await speaker.neighbor('tor')).state !== 'Established');
        await router.restart();
        await speaker.established('tor', 60_000);
        await waitUntil('its default route, anew', () => hostHas('default'));
      },
      90_000,
    );
    return;
  }

  it.skipIf(skipped !== undefined)(
    'of the router: no packet is lost, and what it does not announce again goes here',
    async () => {
      await begin(kind);
      await waitUntil('its other route here', () => hostHas(GONE_PREFIX));
      if (kind.gapsWhenBack) await tor.ip(`route add ${INSTANCE}/32 via 192.0.2.1 metric 1`);
      const stream = new PacketStream();
      await router.kill();
      await waitUntil('stale', async () => (await speaker.neighbor('tor')).gracefulRestart?.peerRestarting === true);
      expect(await hostHas(GONE_PREFIX)).toBe(true);
      await router.restart();
      await speaker.established('tor');
      await waitUntil('what is gone is gone here', async () => !(await hostHas(GONE_PREFIX)));
      expect(await hostHas('default')).toBe(true);
      expect(await stream.end()).toMatchObject({ lost: 0 });
    },
  );
});
