import { FakeKernel, type KernelRoute } from '@slash32/linux';
import { FakeClock, ROUTE_PROTOCOL, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { prefixKeyToText } from '../../src/codec/index.ts';
import { type LocalRouteChange, LocalRoutes } from '../../src/kernel-sync/local-routes.ts';

let clock: FakeClock;
let kernel: FakeKernel;
let life: AbortController;
let seen: string[];

beforeEach(() => {
  clock = new FakeClock();
  kernel = new FakeKernel();
  life = new AbortController();
  seen = [];
  kernel.network.putInterface('tap0');
});

function endpoint(prefix: string, protocol: number = ROUTE_PROTOCOL.endpoint, metric?: number): KernelRoute {
  return {
    family: prefix.includes(':') ? 6 : 4,
    prefix,
    type: 'unicast',
    protocol,
    nextHops: [{ device: 'tap0' }],
    ...(metric === undefined ? {} : { metric }),
  };
}

function start(): Promise<LocalRoutes> {
  return LocalRoutes.start(
    {
      routes: kernel.routes,
      clock,
      logger: silentLogger,
      onChanges: (changes) => {
        seen.push(
          changes.map(({ key, metric }) => `${metric === undefined ? '-' : '+'}${prefixKeyToText(key)}`).join(' '),
        );
      },
    },
    life.signal,
  );
}

describe('local routes', () => {
  it('are what was there, then every change, in batches; others’ routes are none', async () => {
    kernel.network.putRoute(endpoint('192.0.2.1/32'));
    kernel.network.putRoute(endpoint('192.0.2.9/32', ROUTE_PROTOCOL.learned));
    const local = await start();
    expect(seen).toEqual(['+192.0.2.1/32']);
    kernel.network.putRoute(endpoint('2001:db8::1/128'));
    kernel.network.putRoute(endpoint('192.0.2.2/32'));
    kernel.network.putRoute(endpoint('192.0.2.10/32', 4));
    await clock.advanceAsync(0);
    expect(seen.slice(1)).toEqual(['+2001:db8::1/128 +192.0.2.2/32']);
    expect(local.size).toBe(3);
  });

  it('go with their interface', async () => {
    kernel.network.putRoute(endpoint('192.0.2.1/32'));
    await start();
    kernel.network.removeInterface('tap0');
    await clock.advanceAsync(0);
    expect(seen).toEqual(['+192.0.2.1/32', '-192.0.2.1/32']);
  });

  it('tell the lowest metric of a prefix, and when it changes', async () => {
    const metrics: (number | undefined)[] = [];
    kernel.network.putRoute(endpoint('192.0.2.1/32', ROUTE_PROTOCOL.endpoint, 100));
    const options = { routes: kernel.routes, clock, logger: silentLogger };
    const onChanges = (changes: readonly LocalRouteChange[]) => metrics.push(...changes.map(({ metric }) => metric));
    const local = await LocalRoutes.start({ ...options, onChanges }, life.signal);
    const put = (metric: number) => kernel.network.putRoute(endpoint('192.0.2.1/32', ROUTE_PROTOCOL.endpoint, metric));
    const remove = (metric: number) =>
      kernel.routes.apply([{ op: 'delete', route: endpoint('192.0.2.1/32', ROUTE_PROTOCOL.endpoint, metric) }]);
    put(50);
    put(200);
    await clock.advanceAsync(0);
    await remove(50);
    kernel.routes.overrun();
    await clock.advanceAsync(0);
    await remove(100);
    await clock.advanceAsync(0);
    expect([metrics, local.size]).toEqual([[100, 50, 100, 200], 1]);
    await remove(200);
    kernel.network.putRoute(endpoint('2001:db8::1/128'));
    await clock.advanceAsync(0);
    expect([metrics.slice(4), local.size]).toEqual([[undefined, 1024], 1]);
  });

  it('say nothing of a route that was replaced by its like', async () => {
    kernel.network.putRoute(endpoint('192.0.2.1/32'));
    await start();
    kernel.network.putRoute(endpoint('192.0.2.1/32'));
    await clock.advanceAsync(0);
    expect(seen).toEqual(['+192.0.2.1/32']);
  });

  it('are listed again after notifications were lost; what was notified meanwhile is newer than the list', async () => {
    kernel.network.putRoute(endpoint('192.0.2.1/32'));
    await start();
    const list = kernel.routes.list.bind(kernel.routes);
    kernel.routes.list = async (filter) => {
      const listed = await list(filter);
      kernel.network.putRoute(endpoint('192.0.2.2/32'));
      await Promise.resolve();
      return listed.filter(({ prefix }) => prefix !== '192.0.2.1/32');
    };
    kernel.routes.overrun();
    await clock.advanceAsync(0);
    expect(seen.slice(1).join(' ').split(' ').sort()).toEqual(['+192.0.2.2/32', '-192.0.2.1/32']);
  });

  it('are listed again until the kernel answers', async () => {
    await start();
    kernel.network.putRoute(endpoint('192.0.2.1/32'));
    const list = kernel.routes.list.bind(kernel.routes);
    let failures = 2;
    kernel.routes.list = async (filter) => {
      if (failures-- > 0) throw new Error('no answer');
      return list(filter);
    };
    kernel.routes.overrun();
    await clock.advanceAsync(5000);
    expect(failures).toBe(-1);
    expect(seen).toEqual(['+192.0.2.1/32']);
  });
});
