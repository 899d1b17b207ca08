import type { InterfaceEvent, KernelRoute, RouteEvent } from '@slash32/linux';
import { routesEqual } from '@slash32/linux';
import { hasErrorCode } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KernelWorld } from './kernel-world.ts';

const PROTOCOL = 133;

function route4(prefix: string, device: string): KernelRoute {
  return { family: 4, prefix, type: 'unicast', protocol: PROTOCOL, scope: 'link', nextHops: [{ device }] };
}

function route6(prefix: string, device: string): KernelRoute {
  return { family: 6, prefix, type: 'unicast', protocol: PROTOCOL, nextHops: [{ device }] };
}

/** What routes, neighbours, addresses, settings, interfaces and connections do, in memory and in Linux. */
export function networkCompliance(open: () => Promise<KernelWorld>): void {
  describe('network', () => {
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

    describe('RouteTable', () => {
      test('adds, lists by protocol and family, and deletes', async () => {
        await replace(route4('10.0.0.1/32', 'tap1'), route6('2001:db8::1/128', 'tap2'));
        await expectRoutes(route4('10.0.0.1/32', 'tap1'), route6('2001:db8::1/128', 'tap2'));
        expect(await world.kernel.routes.list({ protocol: 7 })).toEqual([]);
        expect(await world.kernel.routes.list({ protocol: PROTOCOL, family: 6 })).toHaveLength(1);
        const changes = (await routes()).map((route) => ({ op: 'delete', route }) as const);
        expect(await world.kernel.routes.apply(changes)).toEqual([]);
        expect(await routes()).toEqual([]);
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
        expect(failures[0]).toEqual({ change: { op: 'replace', route: bad }, reason: 'Cannot find device "tap9"' });
        await expectRoutes(route4('10.0.0.1/32', 'tap1'), route4('10.0.0.3/32', 'tap2'));
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

    describe('NeighbourTable', () => {
      const neighbour = (address: string, mac = '52:54:00:00:00:01', device = 'tap1') => ({ device, address, mac });

      test('replaces, lists and deletes both families', async () => {
        const wanted = [neighbour('10.0.0.1'), neighbour('2001:db8::1')];
        expect(
          await world.kernel.neighbours.apply(wanted.map((entry) => ({ op: 'replace', neighbour: entry }))),
        ).toEqual([]);
        await world.kernel.neighbours.apply([{ op: 'replace', neighbour: neighbour('10.0.0.1', '52:54:00:00:00:99') }]);
        expect(await world.kernel.neighbours.list()).toEqual(
          expect.arrayContaining([neighbour('10.0.0.1', '52:54:00:00:00:99'), neighbour('2001:db8::1')]),
        );
        await world.kernel.neighbours.apply([{ op: 'delete', neighbour: neighbour('10.0.0.1') }]);
        expect(await world.kernel.neighbours.list()).toEqual([neighbour('2001:db8::1')]);
        world.removeInterface('tap1');
        expect(await world.kernel.neighbours.list()).toEqual([]);
      });

      test('failures stop none of the others; deleting what is absent is none', async () => {
        const failures = await world.kernel.neighbours.apply([
          { op: 'delete', neighbour: neighbour('10.0.0.77') },
          { op: 'replace', neighbour: neighbour('10.0.0.1') },
          { op: 'delete', neighbour: neighbour('10.0.0.78') },
          { op: 'replace', neighbour: neighbour('10.0.0.2', '52:54:00:00:00:02', 'tap9') },
          { op: 'delete', neighbour: neighbour('10.0.0.79', '52:54:00:00:00:02', 'tap9') },
          { op: 'delete', neighbour: neighbour('2001:db8::77') },
          { op: 'replace', neighbour: neighbour('2001:db8::1') },
        ]);
        expect(failures.map(({ change, reason }) => [change.neighbour.address, reason])).toEqual([
          ['10.0.0.2', 'Cannot find device "tap9"'],
        ]);
        expect(await world.kernel.neighbours.list()).toHaveLength(2);
      });

      test('the watch hears of each change', async () => {
        const heard: string[] = [];
        await world.kernel.neighbours.apply([{ op: 'replace', neighbour: neighbour('10.0.0.5') }]);
        await world.kernel.neighbours.watch((device, address) => heard.push(`${device} ${address}`), controller.signal);
        await world.kernel.neighbours.apply([{ op: 'replace', neighbour: neighbour('10.0.0.1') }]);
        await vi.waitFor(() => expect(heard).toEqual(['tap1 10.0.0.1']));
        await world.kernel.neighbours.apply([{ op: 'replace', neighbour: neighbour('10.0.0.1', '52:54:00:00:00:09') }]);
        await vi.waitFor(() => expect(heard).toHaveLength(2));
        await world.kernel.neighbours.apply([{ op: 'delete', neighbour: neighbour('10.0.0.5') }]);
        await vi.waitFor(() => expect(heard.at(-1)).toBe('tap1 10.0.0.5'));
      });
    });

    describe('AddressTable', () => {
      const linkLocal = { device: 'tap1', address: 'fe80::1/64' };

      test('adds and deletes both families, again without harm', async () => {
        const inside = { device: 'tap1', address: '192.0.2.1/24' };
        for (const op of ['add', 'add', 'delete', 'delete'] as const) {
          const changes = [linkLocal, inside].map((address) => ({ op, address }));
          expect(await world.kernel.addresses.apply(changes)).toEqual([]);
          const present = (await world.kernel.addresses.list('tap1')).map(({ address }) => address);
          expect(present.includes('fe80::1/64')).toBe(op === 'add');
          expect(present.includes('192.0.2.1/24')).toBe(op === 'add');
        }
      });

      test('an absent device is a failure to add to, none to delete from, and has no addresses', async () => {
        const address = { device: 'tap9', address: 'fe80::1/64' };
        const failures = await world.kernel.addresses.apply([
          { op: 'add', address },
          { op: 'delete', address },
        ]);
        expect(failures).toEqual([{ change: { op: 'add', address }, reason: 'Cannot find device "tap9"' }]);
        expect(await world.kernel.addresses.list('tap9')).toEqual([]);
      });
    });

    describe('Sysctls', () => {
      test('writes what differs', async () => {
        const key = 'net/ipv4/conf/tap1/proxy_arp';
        expect(await world.kernel.sysctls.read(key)).toBe('0');
        expect(await world.kernel.sysctls.write(key, '1')).toBe(true);
        expect(await world.kernel.sysctls.write(key, '1')).toBe(false);
        expect(await world.kernel.sysctls.read(key)).toBe('1');
      });

      test('keys of an interface go with it', async () => {
        world.removeInterface('tap1');
        const error: unknown = await world.kernel.sysctls
          .write('net/ipv6/conf/tap1/proxy_ndp', '1')
          .catch((thrown: unknown) => thrown);
        expect(hasErrorCode(error, 'sysctl.absent')).toBe(true);
      });
    });

    describe('InterfaceMonitor', () => {
      const ofTaps = (events: readonly InterfaceEvent[]) =>
        events.flatMap((event) => {
          const name = event.type === 'present' ? event.link.name : event.name;
          return name.startsWith('tap') ? [`${event.type} ${name}`] : [];
        });

      test('delivers what exists, then arrivals, renames and departures in order', async () => {
        const seen: string[] = [];
        let delivered = 0;
        await world.kernel.interfaces.watch((events) => {
          delivered += 1;
          seen.push(...ofTaps(events));
        }, controller.signal);
        expect(delivered).toBe(1);
        expect(seen.toSorted()).toEqual(['present tap1', 'present tap2']);
        world.addInterface('tap3');
        await vi.waitFor(() => expect(seen).toContain('present tap3'));
        world.setDown('tap3');
        const before = seen.length;
        world.rename('tap3', 'tap4');
        await vi.waitFor(() => expect(seen.slice(before)).toContain('present tap4'));
        expect(seen.indexOf('gone tap3')).toBeLessThan(seen.indexOf('present tap4'));
        world.removeInterface('tap4');
        await vi.waitFor(() => expect(seen.at(-1)).toBe('gone tap4'));
      });

      test('reports up, carrier and MAC', async () => {
        const link = (await world.kernel.interfaces.list()).find(({ name }) => name === 'tap1');
        expect(link).toMatchObject({ up: true, carrier: true, mtu: 1500 });
        world.setDown('tap1');
        const links = await world.kernel.interfaces.list();
        expect(links.find(({ name }) => name === 'tap1')).toMatchObject({ up: false });
        await world.kernel.links.setUp('tap1');
        await world.kernel.links.setUp('tap1');
        expect((await world.kernel.interfaces.list()).find(({ name }) => name === 'tap1')).toMatchObject({ up: true });
      });

      test('an absent interface cannot be brought up', async () => {
        const error: unknown = await world.kernel.links.setUp('tap9').catch((thrown: unknown) => thrown);
        expect(hasErrorCode(error, 'link.absent')).toBe(true);
      });
    });

    describe('ConntrackTable', () => {
      test('deletes what has one of the addresses, at either end, and counts it', async () => {
        world.addConnection('10.0.0.1', '10.1.0.1');
        world.addConnection('10.1.0.1', '10.0.0.1');
        world.addConnection('10.0.0.2', '10.1.0.1');
        world.addConnection('2001:db8::1', '2001:db8::2');
        expect(await world.kernel.conntrack.deleteByAddresses(['10.0.0.1', '2001:db8::2', '10.9.9.9'])).toBe(3);
        expect(await world.kernel.conntrack.deleteByAddresses(['10.0.0.1'])).toBe(0);
        expect(await world.kernel.conntrack.deleteByAddresses(['10.0.0.2'])).toBe(1);
      });
    });
  });
}
