import { hasErrorCode } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { InterfaceAddress, InterfaceEvent } from '../src/index.ts';
import type { KernelWorld } from './kernel-world.ts';

/** What neighbours, addresses, settings, interfaces and connections do, in memory and in Linux. */
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
          ['10.0.0.2', 'device tap9 does not exist'],
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

      test('the watch hears of each address that comes or goes', async () => {
        const heard: string[] = [];
        const listener = {
          onChange: ({ device, address }: InterfaceAddress) => heard.push(`${device} ${address}`),
          onOverrun: () => undefined,
        };
        await world.kernel.addresses.watch(listener, controller.signal);
        for (const op of ['add', 'delete'] as const) {
          for (const address of [linkLocal, { device: 'tap2', address: '192.0.2.1/24' }]) {
            heard.length = 0;
            await world.kernel.addresses.apply([{ op, address }]);
            await vi.waitFor(() => expect(heard).toContain(`${address.device} ${address.address}`));
          }
        }
      });

      test('an absent device is a failure to add to, none to delete from, and has no addresses', async () => {
        const address = { device: 'tap9', address: 'fe80::1/64' };
        const failures = await world.kernel.addresses.apply([
          { op: 'add', address },
          { op: 'delete', address },
        ]);
        expect(failures).toEqual([{ change: { op: 'add', address }, reason: 'device tap9 does not exist' }]);
        expect(await world.kernel.addresses.list('tap9')).toEqual([]);
      });
    });

    test('an interface that goes down takes neighbours and IPv6 addresses along, and keeps IPv4 addresses', async () => {
      const { addresses, neighbours } = world.kernel;
      await neighbours.apply([
        { op: 'replace', neighbour: { device: 'tap1', address: '10.0.0.1', mac: '52:54:00:00:00:01' } },
      ]);
      for (const address of ['fe80::1/64', '192.0.2.1/24']) {
        await addresses.apply([{ op: 'add', address: { device: 'tap1', address } }]);
      }
      world.setDown('tap1');
      expect(await neighbours.list()).toEqual([]);
      expect(await addresses.list('tap1')).toEqual([{ device: 'tap1', address: '192.0.2.1/24' }]);
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

      test('the watch hears of routing, reverse path and proxy settings, ours and others’, and of no others', async () => {
        const heard = new Map<string, string>();
        await world.kernel.sysctls.watch(
          { onChange: (key, value) => heard.set(key, value), onOverrun: () => heard.set('lost', '') },
          controller.signal,
        );
        const tap1 = [
          'net/ipv4/conf/tap1/forwarding',
          'net/ipv4/conf/tap1/rp_filter',
          'net/ipv4/conf/tap1/proxy_arp',
          'net/ipv6/conf/tap1/forwarding',
          'net/ipv6/conf/tap1/proxy_ndp',
        ];
        for (const key of tap1) world.foreignSetting(key, (await world.kernel.sysctls.read(key)) === '1' ? '0' : '1');
        world.foreignSetting('net/ipv4/conf/tap1/send_redirects', '0');
        await world.kernel.sysctls.write('net/ipv4/conf/tap2/rp_filter', '2');
        await vi.waitFor(() => expect(heard.get('net/ipv4/conf/tap2/rp_filter')).toBe('2'));
        expect([...heard.keys()].sort()).toEqual([...tap1, 'net/ipv4/conf/tap2/rp_filter'].sort());
        for (const key of tap1) expect(heard.get(key)).toBe(await world.kernel.sysctls.read(key));
        const host = ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'];
        for (const key of host) {
          const before = await world.kernel.sysctls.read(key);
          world.foreignSetting(key, before === '1' ? '0' : '1');
          await vi.waitFor(() => expect(heard.get(key)).toBe(before === '1' ? '0' : '1'));
          world.foreignSetting(key, before);
        }
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
