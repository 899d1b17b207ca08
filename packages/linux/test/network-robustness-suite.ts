import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hasErrorCode, SystemClock, silentLogger } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Kernel,
  KernelConntrackTable,
  KernelInterfaceMonitor,
  type KernelRoute,
  KernelRouteTable,
  type RouteEvent,
  routesEqual,
} from '../src/index.ts';
import { loadLibc } from '../src/netlink/libc.ts';
import { NetlinkMonitor } from '../src/netlink/netlink-monitor.ts';
import { Rtnetlink } from '../src/netlink/rtnetlink.ts';
import { children, failureOf } from './child-processes.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

function route(prefix: string, device: string, protocol = 133): KernelRoute {
  return { family: 4, prefix, type: 'unicast', protocol, scope: 'link', nextHops: [{ device }] };
}

/** What only Linux does: notifications that are lost, changes that are not announced, names that are used again. */
export function networkRobustnessSuite(): void {
  describe('robustness of the network', () => {
    let kernel: Kernel;
    let controller: AbortController;

    beforeEach(async () => {
      controller = new AbortController();
      kernel = await openSandboxKernel();
    });
    afterEach(async () => {
      controller.abort();
      await kernel[Symbol.asyncDispose]();
      expect(children(/s32-|monitor|-batch/)).toEqual([]);
      sh('ip route flush proto 133; ip -6 route flush proto 133; ip link del tap1 || true');
    });

    const addTap = (name: string) =>
      sh(`ip link add ${name} type veth peer name p${name}; ip link set p${name} up; ip link set ${name} up`);

    test('a tap that is made anew under its old name gets its routes', async () => {
      for (let round = 0; round < 5; round += 1) {
        addTap('tap1');
        expect(await kernel.routes.apply([{ op: 'replace', route: route('10.0.0.1/32', 'tap1') }])).toEqual([]);
        expect(sh('ip route show 10.0.0.1')).toContain('dev tap1');
        sh('ip link del tap1');
      }
    });

    test('notifications that the kernel had to drop: overrun, and the difference as events', async () => {
      addTap('tap1');
      const libc = await loadLibc();
      const clock = new SystemClock();
      using rtnetlink = new Rtnetlink(libc);
      const small = { libc, rtnetlink, clock, logger: silentLogger, receiveBufferOctets: 4_096 };
      await using monitor = new NetlinkMonitor(small);
      const context = { rtnetlink, monitor, clock, logger: silentLogger };
      await using routes = new KernelRouteTable(context);
      await using interfaces = new KernelInterfaceMonitor(context);
      const events: RouteEvent[] = [];
      const onOverrun = vi.fn();
      const links: string[] = [];
      await routes.watch(
        { protocol: 133 },
        { onEvents: (more) => void events.push(...more), onOverrun },
        controller.signal,
      );
      await interfaces.watch((more) => links.push(...more.map(({ type }) => type)), controller.signal);
      const prefixes = Array.from({ length: 100 }, (_, at) => `10.0.0.${at}/32`);
      await routes.apply(prefixes.map((prefix) => ({ op: 'replace', route: route(prefix, 'tap1') })));
      await vi.waitFor(() => expect(onOverrun).toHaveBeenCalled());
      await vi.waitFor(() => expect(new Set(events.map((event) => event.route.prefix))).toEqual(new Set(prefixes)));
      sh('ip route del 10.0.0.1/32 proto 133');
      await vi.waitFor(() =>
        expect(events.at(-1)).toMatchObject({ type: 'removed', route: { prefix: '10.0.0.1/32' } }),
      );
      const before = links.length;
      sh('ip link set tap1 mtu 1400');
      await vi.waitFor(() => expect(links.length).toBeGreaterThan(before));
    });

    test('an IPv6 route that loses one of its next hops is told with those that are left', async () => {
      addTap('tap1');
      addTap('tap2');
      sh('ip -6 addr add 2001:db8:a::1/64 dev tap1 nodad; ip -6 addr add 2001:db8:b::1/64 dev tap2 nodad');
      const left = { gateway: '2001:db8:b::9', device: 'tap2' };
      const wanted: KernelRoute = {
        family: 6,
        prefix: '2001:db8:74::/64',
        type: 'unicast',
        protocol: 133,
        nextHops: [{ gateway: '2001:db8:a::9', device: 'tap1' }, left],
      };
      const events: RouteEvent[] = [];
      await kernel.routes.watch(
        { protocol: 133 },
        { onEvents: (more) => void events.push(...more), onOverrun() {} },
        controller.signal,
      );
      expect(await kernel.routes.apply([{ op: 'replace', route: wanted }])).toEqual([]);
      await vi.waitFor(() => expect(events).toHaveLength(1));
      sh('ip link del tap1');
      await vi.waitFor(() =>
        expect(events.at(-1)).toSatisfy(
          ({ type, route: now }: RouteEvent) => type === 'added' && routesEqual(now, { ...wanted, nextHops: [left] }),
        ),
      );
      sh('ip link del tap2');
      await vi.waitFor(() => expect(events.at(-1)?.type).toBe('removed'));
    });

    test('an IPv4 route that loses its source address, or its place to another protocol, is told', async () => {
      addTap('tap1');
      sh('ip addr add 192.0.2.1/24 dev tap1; ip addr add 198.51.100.1/24 dev tap1');
      const events: RouteEvent[] = [];
      await kernel.routes.watch(
        { protocol: 133 },
        { onEvents: (more) => void events.push(...more), onOverrun() {} },
        controller.signal,
      );
      const withSource = { ...route('10.0.0.1/32', 'tap1'), source: '192.0.2.1' };
      await kernel.routes.apply([
        { op: 'replace', route: withSource },
        { op: 'replace', route: route('10.0.0.2/32', 'tap1') },
      ]);
      await vi.waitFor(() => expect(events).toHaveLength(2));
      sh('ip addr del 192.0.2.1/24 dev tap1');
      await vi.waitFor(() =>
        expect(events.at(-1)).toMatchObject({ type: 'removed', route: { prefix: '10.0.0.1/32' } }),
      );
      sh('ip route replace 10.0.0.2/32 dev tap1 scope link proto static');
      await vi.waitFor(() =>
        expect(events.at(-1)).toMatchObject({ type: 'removed', route: { prefix: '10.0.0.2/32' } }),
      );
      await kernel.routes.apply([{ op: 'replace', route: route('10.0.0.3/32', 'tap1') }]);
      await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ type: 'added', route: { prefix: '10.0.0.3/32' } }));
      sh('ip addr flush dev tap1 scope global');
      await vi.waitFor(() =>
        expect(events.at(-1)).toMatchObject({ type: 'removed', route: { prefix: '10.0.0.3/32' } }),
      );
    });

    test('a renamed interface takes its routes and neighbours along, and the watches tell', async () => {
      addTap('tap1');
      const routes = new Map<string, string | undefined>();
      const neighbours: string[] = [];
      const onEvents = (events: readonly RouteEvent[]) => {
        for (const { type, route: now } of events) {
          if (type === 'added') routes.set(now.prefix, now.nextHops[0]?.device);
        }
      };
      await kernel.routes.watch({ protocol: 133 }, { onEvents, onOverrun() {} }, controller.signal);
      await kernel.neighbours.watch((device) => neighbours.push(device), controller.signal);
      const six: KernelRoute = { ...route('2001:db8::1/128', 'tap1'), family: 6 };
      await kernel.routes.apply([
        { op: 'replace', route: route('10.0.0.1/32', 'tap1') },
        { op: 'replace', route: six },
      ]);
      const neighbour = { device: 'tap1', address: '10.0.0.1', mac: '52:54:00:00:00:01' };
      await kernel.neighbours.apply([{ op: 'replace', neighbour }]);
      await vi.waitFor(() => expect(neighbours).toEqual(['tap1']));
      sh('ip link set tap1 name tap3');
      await vi.waitFor(() => expect([...routes.values()]).toEqual(['tap3', 'tap3']));
      await vi.waitFor(() => expect(neighbours).toContain('tap3'));
      sh('ip link del tap3');
    });

    test('leaving a bridge is not leaving the world', async () => {
      addTap('tap1');
      const events: string[] = [];
      await kernel.interfaces.watch((more) => events.push(...more.map(({ type }) => type)), controller.signal);
      sh('ip link add br0 type bridge; ip link set tap1 master br0; ip link set tap1 nomaster; ip link del br0');
      await vi.waitFor(() => expect(events).toContain('gone'));
      expect(events.filter((type) => type === 'gone')).toHaveLength(1);
      expect((await kernel.interfaces.list()).map(({ name }) => name)).toContain('tap1');
    });

    test.each(['lo\0tap', 'lo:1', 'tap 1', '../lo', '', 'a-name-of-sixteen'])(
      '"%s" is no name of a device',
      async (name) => {
        const reason = `device ${name} does not exist`;
        const changes = [{ op: 'replace', route: route('10.0.0.1/32', name) }] as const;
        expect(await kernel.routes.apply(changes)).toEqual([{ change: changes[0], reason }]);
        expect(await kernel.addresses.list(name)).toEqual([]);
        expect(sh('ip route show')).not.toContain('10.');
      },
    );

    test('a watch keeps no process alive, and costs nothing while nothing happens', () => {
      const script = `
        import { SystemClock } from '@slash32/shared';
        import { openKernel } from './packages/linux/src/index.ts';
        const kernel = await openKernel({ clock: new SystemClock() });
        await kernel.routes.watch({}, { onEvents() {}, onOverrun() {} }, new AbortController().signal);
        const before = process.cpuUsage();
        await new Promise((resolve) => setTimeout(resolve, 300));
        const { user, system } = process.cpuUsage(before);
        console.log((user + system) / 1000 < 100 ? 'idle' : 'busy');
      `;
      const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        cwd: fileURLToPath(new URL('../../..', import.meta.url)),
        timeout: 20_000,
        encoding: 'utf8',
      });
      expect(output).toBe('idle\n');
    });

    test('an absent conntrack says what to install', async () => {
      const table = new KernelConntrackTable({ clock: new SystemClock(), command: 'conntrack-that-is-not-there' });
      const failure = await failureOf(table.deleteByAddresses(['10.0.0.1']));
      if (!hasErrorCode(failure, 'conntrack.unavailable')) throw failure;
      expect(failure.message).toContain('Debian package conntrack');
    });

    test('a setting that takes no such value is refused', async () => {
      const failure = await failureOf(kernel.sysctls.write('net/ipv4/conf/all/rp_filter', 'perhaps'));
      expect(hasErrorCode(failure, 'sysctl.refused')).toBe(true);
      expect(hasErrorCode(await failureOf(kernel.sysctls.read('../kernel/hostname')), 'sysctl.absent')).toBe(true);
    });
  });
}
