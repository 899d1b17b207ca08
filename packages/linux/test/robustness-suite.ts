import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasErrorCode, type NftChange, SystemClock } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Kernel,
  KernelConntrackTable,
  KernelNftTransactor,
  type KernelRoute,
  type RouteEvent,
  routesEqual,
} from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

const TABLE = 'inet slash32';
const BASE: readonly NftChange[] = [
  { op: 'add-table', table: TABLE },
  { op: 'add-set', table: TABLE, set: { name: 'nets', type: 'ipv4_addr', interval: false } },
  { op: 'add-chain', table: TABLE, chain: { name: 'group' } },
];

function add(...keys: readonly string[]): NftChange {
  return { op: 'add-elements', table: TABLE, set: 'nets', elements: new Map(keys.map((key) => [key, ''])) };
}

function route(prefix: string, device: string, protocol = 133): KernelRoute {
  return { family: 4, prefix, type: 'unicast', protocol, scope: 'link', nextHops: [{ device }] };
}

/** Process ids of our children whose command name and arguments match. */
function children(pattern: RegExp): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [, parent] = / \((?:.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return Number(parent) === process.pid && pattern.test(command);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Resolves when the child is dead and we, its parent, know. */
async function killChild(pattern: RegExp): Promise<void> {
  const pids = children(pattern);
  expect(pids).toHaveLength(1);
  for (const pid of pids) {
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false));
  }
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** What only Linux and its tools do: children that die, changes that are not announced, foreign hands. */
export function robustnessSuite(): void {
  describe('robustness', () => {
    let kernel: Kernel;
    let controller: AbortController;
    const list = async () => (await kernel.nft.list([TABLE])).get(TABLE);

    beforeEach(async () => {
      controller = new AbortController();
      kernel = await openSandboxKernel();
    });
    afterEach(async () => {
      controller.abort();
      await kernel[Symbol.asyncDispose]();
      expect(children(/s32-|monitor|-batch/)).toEqual([]);
      sh('nft flush ruleset; ip route flush proto 133; ip -6 route flush proto 133; ip link del tap1 || true');
    });

    describe('nft', () => {
      test('a killed session is replaced', async () => {
        await kernel.nft.apply(BASE);
        await killChild(/s32-/);
        await kernel.nft.apply([add('10.0.0.1')]);
        expect((await list())?.sets.get('nets')?.elements.size).toBe(1);
      });

      test('a session that is killed in a transaction fails it, and the next one works', async () => {
        await kernel.nft.apply(BASE);
        for (const pid of children(/s32-/)) process.kill(pid, 'SIGSTOP');
        const failure = failureOf(kernel.nft.apply([add('10.0.0.1')]));
        await new Promise((resolve) => setImmediate(resolve));
        await killChild(/s32-/);
        expect(hasErrorCode(await failure, 'nft.unavailable')).toBe(true);
        await kernel.nft.apply([add('192.0.2.1')]);
        expect((await list())?.sets.get('nets')?.elements.has('192.0.2.1')).toBe(true);
      });

      test('a transaction too long for a line is still one transaction, and its culprit is found', async () => {
        await kernel.nft.apply(BASE);
        const many = Array.from({ length: 500 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
        const failure = await failureOf(
          kernel.nft.apply([
            add(...many),
            { op: 'delete-elements', table: TABLE, set: 'nets', keys: ['10.0.0.1', '10.9.9.9'] },
          ]),
        );
        if (!hasErrorCode(failure, 'nft.rejected')) throw failure;
        expect(failure.details).toMatchObject({ changeIndex: 1, at: '10.9.9.9', reason: 'No such file or directory' });
        expect((await list())?.sets.get('nets')?.elements.size).toBe(0);
        await kernel.nft.apply([add(...many)]);
        expect((await list())?.sets.get('nets')?.elements.size).toBe(500);
      });

      test('a cleaned temporary directory is made anew', async () => {
        await kernel.nft.apply(BASE);
        const many = Array.from({ length: 500 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
        for (const entry of readdirSync(tmpdir())) {
          if (entry.startsWith('slash32-nft-')) rmSync(join(tmpdir(), entry), { recursive: true });
        }
        await kernel.nft.apply([add(...many)]);
        await killChild(/s32-/);
        await kernel.nft.apply([add('192.0.2.1')]);
        expect((await list())?.sets.get('nets')?.elements.size).toBe(501);
      });

      test('a text that would leave its place is not sent', async () => {
        await kernel.nft.apply(BASE);
        const rules = [{ text: 'drop', comment: 'x" accept; add rule inet slash32 group accept comment "#1' }];
        const failure = await failureOf(kernel.nft.apply([{ op: 'set-rules', table: TABLE, chain: 'group', rules }]));
        if (!hasErrorCode(failure, 'nft.rejected')) throw failure;
        expect(failure.details).toMatchObject({ changeIndex: 0 });
        expect((await list())?.chains.get('group')?.rules).toEqual([]);
      });

      test('a watch from before the tables exist hears others only', async () => {
        const onForeignChange = vi.fn();
        await kernel.nft.watch([TABLE], onForeignChange, controller.signal);
        await kernel.nft.apply(BASE);
        for (let at = 0; at < 10; at += 1) await kernel.nft.apply([add(`10.0.0.${at}`)]);
        sh('nft add table inet other');
        sh('nft add element inet slash32 nets { 10.1.0.1 }');
        await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(1));
        sh('nft delete table inet slash32');
        await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(2));
      });

      test('a killed monitor is replaced, and what it may have missed is told', async () => {
        await kernel.nft.apply(BASE);
        const onForeignChange = vi.fn();
        await kernel.nft.watch([TABLE], onForeignChange, controller.signal);
        await killChild(/nft monitor/);
        await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(1));
        sh('nft add element inet slash32 nets { 10.1.0.1 }');
        await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(2));
      });

      test('what others did to our table differs from what we wrote', async () => {
        await kernel.nft.apply([
          ...BASE,
          { op: 'set-rules', table: TABLE, chain: 'group', rules: [{ text: 'drop', comment: 'all #1' }] },
        ]);
        sh('nft add rule inet slash32 group counter accept; nft add rule inet slash32 group accept comment mine');
        sh('nft "add set inet slash32 timed { type ipv4_addr; flags timeout; }"');
        const table = await list();
        const rules = table?.chains.get('group')?.rules ?? [];
        expect(rules.map(({ comment }) => comment)).toEqual(['all #1', '', 'mine']);
        expect(rules[0]?.text).toBe('');
        expect(rules[1]?.text).toContain('accept');
        expect(table?.sets.get('timed')?.type).toBe('ipv4_addr flags timeout');
      });

      test('a dormant table counts as absent, and adding it wakes it', async () => {
        await kernel.nft.apply(BASE);
        sh('nft "add table inet slash32 { flags dormant; }"');
        expect(await list()).toBeUndefined();
        await kernel.nft.apply([{ op: 'add-table', table: TABLE }]);
        expect((await list())?.sets.has('nets')).toBe(true);
      });

      test('a hanging nft is a timeout, and an absent one says what to install', async () => {
        const directory = mkdtempSync(join(tmpdir(), 'slash32-test-'));
        const command = join(directory, 'nft');
        writeFileSync(command, '#!/bin/sh\nexec sleep 60\n', { mode: 0o700 });
        const clock = new SystemClock();
        const hanging = new KernelNftTransactor({ clock, command, timeoutMs: 50 });
        expect(hasErrorCode(await failureOf(hanging.apply(BASE)), 'nft.timeout')).toBe(true);
        await hanging[Symbol.asyncDispose]();
        rmSync(directory, { recursive: true });
        await using absent = new KernelNftTransactor({ clock, command });
        const failure = await failureOf(absent.apply(BASE));
        if (!hasErrorCode(failure, 'nft.unavailable')) throw failure;
        expect(failure.message).toContain('Debian package nftables');
      });
    });

    describe('routes and interfaces', () => {
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

      test('a killed monitor is replaced: overrun, and the difference as events', async () => {
        addTap('tap1');
        const events: RouteEvent[] = [];
        const onOverrun = vi.fn();
        const links: string[] = [];
        await kernel.routes.watch(
          { protocol: 133 },
          { onEvents: (more) => void events.push(...more), onOverrun },
          controller.signal,
        );
        await kernel.interfaces.watch((more) => links.push(...more.map(({ type }) => type)), controller.signal);
        await killChild(/ip .*monitor/);
        sh('ip route add 10.0.0.1/32 dev tap1 proto 133');
        await vi.waitFor(() => expect(onOverrun).toHaveBeenCalled());
        await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(['added']));
        sh('ip route del 10.0.0.1/32 proto 133');
        await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(['added', 'removed']));
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
        await vi.waitFor(() =>
          expect(events.at(-1)).toMatchObject({ type: 'added', route: { prefix: '10.0.0.3/32' } }),
        );
        sh('ip addr flush dev tap1 scope global');
        await vi.waitFor(() =>
          expect(events.at(-1)).toMatchObject({ type: 'removed', route: { prefix: '10.0.0.3/32' } }),
        );
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

      test('a name that would mean something to ip is refused, not sent', async () => {
        const failures = await kernel.routes.apply([
          { op: 'replace', route: route('10.0.0.1/32', 'lo proto 4\nroute add 10.6.6.6/32 dev lo') },
        ]);
        expect(failures).toHaveLength(1);
        expect(sh('ip route show')).not.toContain('10.');
      });
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
