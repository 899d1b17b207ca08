import { FakeKernel, type KernelNextHop, type KernelRoute } from '@slash32/linux';
import { FakeClock, ROUTE_PROTOCOL, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { type PrefixKey, prefixKeyFromText } from '../../src/codec/index.ts';
import { LEARNED_ROUTE_METRIC, type PeerLink } from '../../src/kernel-sync/learned-route.ts';
import type { Refusals } from '../../src/kernel-sync/refused-next-hops.ts';
import { RouteInstaller } from '../../src/kernel-sync/route-installer.ts';
import { makePath, type Path } from '../../src/rib/path.ts';
import { path, source } from '../lab/paths.ts';

const A = path(source('a', { address: '192.0.2.1' }), [65_000]);
const B = path(source('b', { address: '192.0.2.2' }), [65_000]);
const PREFIX = '203.0.113.0/24';
const KEY = prefixKeyFromText(PREFIX);

let clock: FakeClock;
let kernel: FakeKernel;
let chosen: Map<PrefixKey, readonly Path[]>;
let installer: RouteInstaller;
let life: AbortController;
let link: PeerLink | undefined;

beforeEach(async () => {
  clock = new FakeClock();
  kernel = new FakeKernel();
  chosen = new Map();
  link = { device: 'eth0' };
  kernel.network.putInterface('eth0');
  await kernel.addresses.apply([{ op: 'add', address: { device: 'eth0', address: '192.0.2.99/24' } }]);
  newInstaller();
});

function newInstaller(refusals?: Refusals): void {
  life = new AbortController();
  installer = new RouteInstaller({
    routes: kernel.routes,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    chosen: (key) => chosen.get(key) ?? [],
    linkOf: () => link,
    ...(refusals === undefined ? {} : { refusals }),
  });
}

function learnedRoute(prefix: string, gateways: readonly string[], fields: Partial<KernelRoute> = {}): KernelRoute {
  return {
    family: 4,
    prefix,
    type: 'unicast',
    protocol: ROUTE_PROTOCOL.learned,
    metric: LEARNED_ROUTE_METRIC[4],
    nextHops: gateways.map((gateway) => ({ gateway, device: 'eth0' })),
    ...fields,
  };
}

async function choose(key: PrefixKey, paths: readonly Path[]): Promise<void> {
  chosen.set(key, paths);
  installer.mark(key);
  await installer.settled();
}

function inKernel(): readonly string[] {
  return [...kernel.network.routes.values()]
    .filter(({ protocol }) => protocol === ROUTE_PROTOCOL.learned)
    .map(({ prefix, nextHops }) => `${prefix} ${nextHops.map(({ gateway }) => gateway).join(' ')}`)
    .sort();
}

async function startFresh(): Promise<void> {
  await installer.start(life.signal);
  installer.endDeferral();
  await installer.settled();
}

describe('installing', () => {
  it('adds, changes to multipath, and removes; what is right already is not sent', async () => {
    await startFresh();
    await choose(KEY, [A]);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.1`]);
    await choose(KEY, [B, A]);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.1 192.0.2.2`]);
    kernel.journal.length = 0;
    await choose(KEY, [A, B]);
    expect(kernel.journal).toEqual([]);
    await choose(KEY, []);
    expect(inKernel()).toEqual([]);
    expect(installer.installedRoutes).toBe(0);
  });

  it('sends many prefixes in few batches', async () => {
    await startFresh();
    for (let host = 1; host <= 6000; host += 1) {
      const key = prefixKeyFromText(`10.0.${host >> 8}.${host & 0xff}/32`);
      chosen.set(key, [A]);
      installer.mark(key);
    }
    await installer.settled();
    expect(kernel.journal.filter(({ kind }) => kind === 'routes')).toHaveLength(2);
    expect(installer.installedRoutes).toBe(6000);
  });

  it('uses a link-local next hop where the peer gave one', async () => {
    await startFresh();
    const key = prefixKeyFromText('::/0');
    const linkLocal: Path = { ...A, nextHop: { address: '2001:db8::1', linkLocal: 'fe80::1' } };
    await choose(key, [linkLocal]);
    expect([...kernel.network.routes.values()].find(({ prefix }) => prefix === '::/0')).toMatchObject({
      metric: LEARNED_ROUTE_METRIC[6],
      nextHops: [{ gateway: 'fe80::1', device: 'eth0' }],
    });
  });

  it('waits for the interface where it needs one, and keeps what is there meanwhile', async () => {
    await startFresh();
    const key = prefixKeyFromText('::/0');
    const linkLocal: Path = { ...A, nextHop: { address: '2001:db8::1', linkLocal: 'fe80::1' } };
    await choose(key, [linkLocal]);
    kernel.journal.length = 0;
    link = undefined;
    await choose(key, [{ ...linkLocal, nextHop: { address: '2001:db8::1', linkLocal: 'fe80::2' } }]);
    expect(kernel.journal).toEqual([]);
    link = { device: 'eth0' };
    installer.mark(key);
    await installer.settled();
    expect([...kernel.network.routes.values()].find(({ prefix }) => prefix === '::/0')).toMatchObject({
      nextHops: [{ gateway: 'fe80::2', device: 'eth0' }],
    });
  });

  it('leaves a route of somebody else to the same prefix alone', async () => {
    const foreign: KernelRoute = { ...learnedRoute(PREFIX, ['192.0.2.7']), protocol: 4, metric: 0 };
    kernel.network.putRoute(foreign);
    await startFresh();
    await choose(KEY, [A]);
    await choose(KEY, []);
    expect([...kernel.network.routes.values()].filter(({ prefix }) => prefix === PREFIX)).toEqual([foreign]);
  });

  it('tries again, with back-off, what the kernel refuses, and names it', async () => {
    await startFresh();
    kernel.routes.refuse = () => 'Nexthop has invalid gateway.';
    await choose(KEY, [A]);
    expect(installer.failures.get(KEY)).toBe('Nexthop has invalid gateway.');
    expect(installer.isInstalled(KEY)).toBe(false);
    kernel.journal.length = 0;
    await clock.advanceAsync(60_000);
    expect(kernel.journal.length).toBeGreaterThan(3);
    expect(kernel.journal.length).toBeLessThan(12);
    kernel.routes.refuse = undefined;
    await clock.advanceAsync(30_000);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.1`]);
    expect(installer.failures.size).toBe(0);
  });

  it('tries at once when an interface came up', async () => {
    await startFresh();
    kernel.routes.refuse = () => 'Network is down';
    await choose(KEY, [A]);
    kernel.routes.refuse = undefined;
    installer.retryNow();
    await clock.advanceAsync(0);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.1`]);
  });

  it('puts a route back that somebody deleted or changed', async () => {
    await startFresh();
    await choose(KEY, [A]);
    await kernel.routes.apply([{ op: 'delete', route: learnedRoute(PREFIX, ['192.0.2.1']) }]);
    await clock.advanceAsync(1000);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.1`]);
    kernel.network.putRoute(learnedRoute(PREFIX, ['192.0.2.66']));
    kernel.routes.overrun();
    await clock.advanceAsync(2000);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.1`]);
  });

  it('removes a learned route that nobody asked for', async () => {
    await startFresh();
    kernel.network.putRoute(learnedRoute('198.51.100.0/24', ['192.0.2.66']));
    kernel.routes.overrun();
    await clock.advanceAsync(2000);
    expect(inKernel()).toEqual([]);
  });
});

describe('next hops that the kernel refuses', () => {
  const refused = new Map<string, string>();
  let forgiven: number;

  beforeEach(async () => {
    refused.clear();
    forgiven = 0;
    newInstaller({
      get refused() {
        return refused.size;
      },
      refuse: ({ gateway = '' }: KernelNextHop, reason) => void refused.set(gateway, reason),
      forgive: () => {
        refused.clear();
        forgiven += 1;
      },
    });
    await startFresh();
  });

  function refuse(gateway: string, reason: string): void {
    kernel.routes.refuse = ({ route }) =>
      route.nextHops.some((nextHop) => nextHop.gateway === gateway) ? reason : undefined;
  }

  it('are found one by one when the kernel refuses all together, and the others are used', async () => {
    refuse('192.0.2.1', 'Nexthop has invalid gateway');
    await choose(KEY, [A, B]);
    expect([...refused]).toEqual([['192.0.2.1', 'Nexthop has invalid gateway']]);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.2`]);
    await choose(KEY, [B]);
    expect(installer.failures.size).toBe(0);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.2`]);
  });

  it('are not blamed, nor tried without end, where the kernel takes each but not all together', async () => {
    kernel.routes.refuse = ({ route }) => (route.nextHops.length > 1 ? 'Nexthop has invalid gateway' : undefined);
    await choose(KEY, [A, B]);
    expect([...refused]).toEqual([]);
    expect(installer.failures.get(KEY)).toBe('Nexthop has invalid gateway');
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.2`]);
  });

  it('are not blamed for what is no fault of theirs', async () => {
    refuse('192.0.2.1', 'No space left on device');
    await choose(KEY, [A]);
    expect([...refused]).toEqual([]);
    expect(installer.failures.get(KEY)).toBe('No space left on device');
  });

  it('get another chance with back-off, and at once when an interface came up', async () => {
    refuse('192.0.2.1', 'Network is unreachable');
    await choose(KEY, [A]);
    await choose(KEY, []);
    expect(installer.failures.size).toBe(0);
    expect(forgiven).toBe(0);
    await clock.advanceAsync(1000);
    expect(forgiven).toBe(1);
    installer.retryNow();
    expect(forgiven).toBe(2);
  });

  it('leave what the kernel had, which goes when nothing is chosen any more', async () => {
    await choose(KEY, [B]);
    refuse('192.0.2.1', 'Network is unreachable');
    await choose(KEY, [A]);
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.2`]);
    await choose(KEY, []);
    expect(inKernel()).toEqual([]);
  });
});

describe('after a restart', () => {
  beforeEach(async () => {
    kernel.network.putRoute(learnedRoute(PREFIX, ['192.0.2.1', '192.0.2.2']));
    kernel.network.putRoute(learnedRoute('198.51.100.0/24', ['192.0.2.1']));
    kernel.network.putRoute(learnedRoute('198.51.101.0/24', ['192.0.2.1'], { metric: 7 }));
    await installer.start(life.signal);
    kernel.journal.length = 0;
  });

  it('touches nothing before the deferral ends, but installs what is new', async () => {
    await choose(KEY, [A]);
    await choose(prefixKeyFromText('203.0.114.0/24'), [A]);
    expect(inKernel()).toEqual([
      '198.51.100.0/24 192.0.2.1',
      '198.51.101.0/24 192.0.2.1',
      `${PREFIX} 192.0.2.1 192.0.2.2`,
      '203.0.114.0/24 192.0.2.1',
    ]);
  });

  it('sends nothing for a route that is confirmed', async () => {
    await choose(KEY, [A]);
    await choose(KEY, [A, B]);
    expect(kernel.journal).toEqual([]);
    expect(installer.retainedRoutes).toBe(1);
    expect(installer.isInstalled(KEY)).toBe(true);
  });

  it('removes what nobody confirmed once the deferral ends, and narrows what was confirmed in part', async () => {
    await choose(KEY, [A]);
    installer.endDeferral();
    await installer.settled();
    expect(inKernel()).toEqual([`${PREFIX} 192.0.2.1`]);
  });

  it('installs anew what the kernel lost meanwhile', async () => {
    await choose(KEY, [A]);
    await kernel.routes.apply([{ op: 'delete', route: learnedRoute(PREFIX, ['192.0.2.1', '192.0.2.2']) }]);
    await clock.advanceAsync(0);
    await installer.settled();
    expect(inKernel()).toContain(`${PREFIX} 192.0.2.1`);
  });
});

describe('a route that drops packets (RFC 7999)', () => {
  const dropping = makePath({ ...A, blackhole: true });
  const kernelRoutes = () =>
    [...kernel.network.routes.values()].map(({ type, nextHops }) => [type, nextHops.map(({ gateway }) => gateway)]);

  it('has no next hops, one path of several is enough, and comes and goes as any other', async () => {
    await installer.start(life.signal);
    installer.endDeferral();
    await choose(KEY, [A, B]);
    await choose(KEY, [dropping, B]);
    expect(kernelRoutes()).toEqual([['blackhole', []]]);
    const before = kernel.journal.length;
    await choose(KEY, [dropping]);
    expect(kernel.journal.length).toBe(before);
    await choose(KEY, [B]);
    expect(kernelRoutes()).toEqual([['unicast', ['192.0.2.2']]]);
    await choose(KEY, [dropping]);
    await choose(KEY, []);
    expect(kernelRoutes()).toEqual([]);
  });

  it('of a former life stays until the deferral ends, and is taken for what it is', async () => {
    kernel.network.putRoute({ ...learnedRoute(PREFIX, []), type: 'blackhole', nextHops: [{ device: 'lo' }] });
    await installer.start(life.signal);
    await choose(KEY, [A]);
    expect(kernelRoutes()).toMatchObject([['blackhole', expect.anything()]]);
    const before = kernel.journal.length;
    await choose(KEY, [dropping]);
    installer.endDeferral();
    await installer.settled();
    expect(kernel.journal.length).toBe(before);
    await choose(KEY, [A]);
    expect(kernelRoutes()).toEqual([['unicast', ['192.0.2.1']]]);
  });
});
