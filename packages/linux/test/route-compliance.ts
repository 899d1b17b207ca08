import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type KernelRoute, type RouteEvent, routesEqual } from '../src/index.ts';
import type { KernelWorld } from './kernel-world.ts';

const PROTOCOL = 133;

function route4(prefix: string, device: string): KernelRoute {
  return { family: 4, prefix, type: 'unicast', protocol: PROTOCOL, scope: 'link', nextHops: [{ device }] };
}

function route6(prefix: string, device: string): KernelRoute {
  return { family: 6, prefix, type: 'unicast', protocol: PROTOCOL, nextHops: [{ device }] };
}

/** What every RouteTable does, the one in memory as well as Linux. */
export function routeCompliance(open: () => Promise<KernelWorld>): void {
  describe('RouteTable', () => {
    let world: KernelWorld;
    let controller: AbortController;

    beforeEach(async () => {
      world = await open();
      controller = new AbortController();
      world.addInterface('tap1');
      world.addInterface('tap2');
    });
    afterEach(async () => {
      controller.abort();
      await world[Symbol.asyncDispose]();
    });

    const routes = () => world.kernel.routes.list({ protocol: PROTOCOL });
    const replace = async (...wanted: KernelRoute[]) => {
      expect(await world.kernel.routes.apply(wanted.map((route) => ({ op: 'replace', route })))).toEqual([]);
    };
    const expectRoutes = async (...wanted: KernelRoute[]) => {
      const present = await routes();
      expect(present.map(({ prefix }) => prefix).toSorted()).toEqual(wanted.map(({ prefix }) => prefix).toSorted());
      for (const route of wanted) {
        expect(present.find(({ prefix }) => prefix === route.prefix)).toSatisfy((other: KernelRoute) =>
          routesEqual(other, route),
        );
      }
    };
    const addGatewayNets = async () => {
      await world.kernel.addresses.apply([
        { op: 'add', address: { device: 'tap1', address: '192.0.2.1/24' } },
        { op: 'add', address: { device: 'tap2', address: '198.51.100.1/24' } },
        { op: 'add', address: { device: 'tap1', address: '2001:db8:a::1/64' } },
        { op: 'add', address: { device: 'tap2', address: '2001:db8:b::1/64' } },
      ]);
    };
    const watchRoutes = async () => {
      const events: RouteEvent[] = [];
      const listener = { onEvents: (more: readonly RouteEvent[]) => void events.push(...more), onOverrun: vi.fn() };
      await world.kernel.routes.watch({ protocol: PROTOCOL }, listener, controller.signal);
      return events;
    };

    test('adds, lists by protocol and family, and deletes', async () => {
      await replace(route4('10.0.0.1/32', 'tap1'), route6('2001:db8::1/128', 'tap2'));
      await expectRoutes(route4('10.0.0.1/32', 'tap1'), route6('2001:db8::1/128', 'tap2'));
      expect(await world.kernel.routes.list({ protocol: 7 })).toEqual([]);
      expect(await world.kernel.routes.list({ protocol: PROTOCOL, family: 6 })).toHaveLength(1);
      const changes = (await routes()).map((route) => ({ op: 'delete', route }) as const);
      expect(await world.kernel.routes.apply(changes)).toEqual([]);
      expect(await routes()).toEqual([]);
    });

    test('a watch begins with the routes that are there', async () => {
      await replace(route4('10.0.0.1/32', 'tap1'), route6('2001:db8::1/128', 'tap2'));
      const events: RouteEvent[] = [];
      const present = await world.kernel.routes.watch(
        { protocol: PROTOCOL, family: 4 },
        { onEvents: (more) => void events.push(...more), onOverrun: vi.fn() },
        controller.signal,
      );
      expect([...present].map(({ prefix }) => prefix)).toEqual(['10.0.0.1/32']);
      await replace(route4('10.0.0.2/32', 'tap1'));
      await vi.waitFor(() => expect(events.map(({ route }) => route.prefix)).toContain('10.0.0.2/32'));
    });

    test('every kind of route comes back as it was given', async () => {
      await addGatewayNets();
      const wanted: KernelRoute[] = [
        { family: 4, prefix: '10.70.0.1/32', type: 'local', protocol: PROTOCOL, nextHops: [{ device: 'lo' }] },
        { family: 6, prefix: '2001:db8:70::1/128', type: 'local', protocol: PROTOCOL, nextHops: [{ device: 'lo' }] },
        { family: 4, prefix: '10.2.0.0/16', type: 'blackhole', protocol: PROTOCOL, nextHops: [] },
        { family: 6, prefix: '2001:db8:72::/48', type: 'unreachable', protocol: PROTOCOL, nextHops: [] },
        {
          family: 4,
          prefix: '0.0.0.0/0',
          type: 'unicast',
          protocol: PROTOCOL,
          source: '192.0.2.1',
          nextHops: [{ gateway: '192.0.2.9', device: 'tap1' }],
        },
        {
          family: 6,
          prefix: '::/0',
          type: 'unicast',
          protocol: PROTOCOL,
          metric: 77,
          nextHops: [{ gateway: '2001:db8:a::9', device: 'tap1' }],
        },
        {
          family: 4,
          prefix: '10.3.0.0/16',
          type: 'unicast',
          protocol: PROTOCOL,
          nextHops: [{ gateway: 'fe80::9', device: 'tap1' }],
        },
        {
          family: 4,
          prefix: '10.4.0.0/16',
          type: 'unicast',
          protocol: PROTOCOL,
          nextHops: [
            { gateway: '192.0.2.9', device: 'tap1' },
            { gateway: '198.51.100.9', device: 'tap2', weight: 3 },
          ],
        },
        {
          family: 6,
          prefix: '2001:db8:74::/64',
          type: 'unicast',
          protocol: PROTOCOL,
          nextHops: [
            { gateway: '2001:db8:a::9', device: 'tap1' },
            { gateway: '2001:db8:b::9', device: 'tap2' },
          ],
        },
      ];
      await replace(...wanted);
      await expectRoutes(...wanted);
      await world.kernel.routes.apply(wanted.map((route) => ({ op: 'delete', route })));
      expect(await routes()).toEqual([]);
    });

    test.each([4, 6] as const)('replacing IPv%i next hops leaves none of the old ones', async (family) => {
      await addGatewayNets();
      const prefix = family === 4 ? '10.5.0.0/16' : '2001:db8:75::/64';
      const near = (host: number) =>
        family === 4
          ? { gateway: `192.0.2.${host}`, device: 'tap1' }
          : { gateway: `2001:db8:a::${host}`, device: 'tap1' };
      const far = (host: number) =>
        family === 4
          ? { gateway: `198.51.100.${host}`, device: 'tap2' }
          : { gateway: `2001:db8:b::${host}`, device: 'tap2' };
      const base = { family, prefix, type: 'unicast', protocol: PROTOCOL } as const;
      const steps: KernelRoute[] = [
        { ...base, nextHops: [near(8)] },
        { ...base, nextHops: [near(8), far(8)] },
        { ...base, nextHops: [near(8), far(8), near(9)] },
        { ...base, nextHops: [far(7), near(7)] },
        { ...base, nextHops: [{ device: 'tap1' }] },
        { ...base, nextHops: [near(2), far(2)] },
        { ...base, type: 'blackhole', nextHops: [] },
        { ...base, nextHops: [near(3), far(3)] },
        { ...base, nextHops: [near(3)] },
      ];
      for (const step of steps) {
        await replace(step);
        await expectRoutes(step);
      }
    });

    test('one failure stops none of the others, and is told with its change', async () => {
      const bad = route4('10.0.0.2/32', 'tap9');
      const failures = await world.kernel.routes.apply([
        { op: 'replace', route: route4('10.0.0.1/32', 'tap1') },
        { op: 'replace', route: bad },
        { op: 'replace', route: { ...route4('10.0.0.4/32', 'tap1'), nextHops: [{ gateway: '203.0.113.77' }] } },
        { op: 'delete', route: route4('10.0.0.99/32', 'tap1') },
        { op: 'replace', route: route4('10.0.0.3/32', 'tap2') },
      ]);
      expect(failures.map(({ change }) => change.route.prefix)).toEqual(['10.0.0.2/32', '10.0.0.4/32']);
      expect(failures[0]).toEqual({ change: { op: 'replace', route: bad }, reason: 'device tap9 does not exist' });
      await expectRoutes(route4('10.0.0.1/32', 'tap1'), route4('10.0.0.3/32', 'tap2'));
    });

    test.each([4, 6] as const)('an IPv%i replacement that is refused leaves what was there', async (family) => {
      await addGatewayNets();
      const [good, near, unreachable] =
        family === 4
          ? ['192.0.2.8', '192.0.2.9', '203.0.113.77']
          : ['2001:db8:a::8', '2001:db8:a::9', '2001:db8:ffff::9'];
      const prefix = family === 4 ? '10.5.0.0/16' : '2001:db8:75::/64';
      const through = (...gateways: string[]): KernelRoute => ({
        family,
        prefix,
        type: 'unicast',
        protocol: PROTOCOL,
        nextHops: gateways.map((gateway) => ({ gateway, device: 'tap1' })),
      });
      await replace(through(good));
      for (const bad of [through(unreachable), through(near, unreachable), through()]) {
        expect(await world.kernel.routes.apply([{ op: 'replace', route: bad }])).toHaveLength(1);
        await expectRoutes(through(good));
      }
    });

    test('deleting leaves a route of another protocol in place', async () => {
      await replace(route4('10.0.0.1/32', 'tap1'));
      const other: KernelRoute = { ...route4('10.0.0.1/32', 'tap1'), protocol: 134 };
      expect(await world.kernel.routes.apply([{ op: 'delete', route: other }])).toEqual([]);
      await expectRoutes(route4('10.0.0.1/32', 'tap1'));
    });

    test('events tell of each change', async () => {
      const events = await watchRoutes();
      await replace(route4('10.0.0.1/32', 'tap1'), route6('2001:db8::1/128', 'tap1'));
      await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(['added', 'added']));
      await replace(route4('10.0.0.1/32', 'tap2'));
      await world.kernel.routes.apply([{ op: 'delete', route: route6('2001:db8::1/128', 'tap1') }]);
      await vi.waitFor(() => expect(events).toHaveLength(4));
      expect(events[2]).toMatchObject({ type: 'added', route: { nextHops: [{ device: 'tap2' }] } });
      expect(events[3]).toMatchObject({ type: 'removed', route: { family: 6, prefix: '2001:db8::1/128' } });
    });

    test.each(['down', 'gone'] as const)('multipath routes when one interface is %s, then the other', async (how) => {
      await addGatewayNets();
      const four: KernelRoute = {
        family: 4,
        prefix: '10.4.0.0/16',
        type: 'unicast',
        protocol: PROTOCOL,
        nextHops: [
          { gateway: '192.0.2.9', device: 'tap1' },
          { gateway: '198.51.100.9', device: 'tap2' },
        ],
      };
      const second = { gateway: '2001:db8:b::9', device: 'tap2' };
      const six: KernelRoute = {
        family: 6,
        prefix: '2001:db8:74::/64',
        type: 'unicast',
        protocol: PROTOCOL,
        nextHops: [{ gateway: '2001:db8:a::9', device: 'tap1' }, second],
      };
      await replace(four, six);
      if (how === 'down') {
        world.setDown('tap1');
        await expectRoutes(four, six);
        world.setDown('tap2');
      } else {
        world.removeInterface('tap1');
        await expectRoutes({ ...six, nextHops: [second] });
        world.removeInterface('tap2');
      }
      await expectRoutes();
    });

    test.each(['down', 'gone'] as const)('an interface that is %s takes its routes, and events tell', async (how) => {
      const events = await watchRoutes();
      await replace(route4('10.0.0.1/32', 'tap1'), route6('2001:db8::1/128', 'tap1'), route4('10.0.0.2/32', 'tap2'));
      await vi.waitFor(() => expect(events).toHaveLength(3));
      if (how === 'down') world.setDown('tap1');
      else world.removeInterface('tap1');
      await vi.waitFor(() => expect(events).toHaveLength(5));
      const removed = events.slice(3).map(({ type, route }) => `${type} ${route.prefix}`);
      expect(removed.toSorted()).toEqual(['removed 10.0.0.1/32', 'removed 2001:db8::1/128']);
      await expectRoutes(route4('10.0.0.2/32', 'tap2'));
    });
  });
}
