import { setImmediate } from 'node:timers/promises';
import { FakeKernel } from '@slash32/linux';
import { FabricError, FakeClock, silentLogger } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { ApplyLoop } from '../src/dataplane/apply-loop.ts';
import { describeChanges } from '../src/dataplane/describe-changes.ts';
import { DriftLedger } from '../src/dataplane/drift-ledger.ts';
import { EndpointClaims } from '../src/dataplane/endpoint-claims.ts';
import { endpointInterfaceAddresses, endpointSettings } from '../src/dataplane/endpoint-objects.ts';
import { LinkTracker } from '../src/dataplane/link-tracker.ts';
import { Quarantine } from '../src/dataplane/quarantine.ts';
import { SuspicionTimer } from '../src/dataplane/suspicion-timer.ts';
import { SysctlManager } from '../src/dataplane/sysctl-manager.ts';
import type { LocalEndpoint } from '../src/graph/local-endpoint.ts';

const endpoint: LocalEndpoint = {
  instance: 'default/vm2',
  interface: 'tap2',
  mac: '52:54:00:00:00:02',
  addresses: ['10.70.0.2'],
  gateways: ['10.70.0.1'],
  sendsFromElsewhere: false,
};

describe('ApplyLoop', () => {
  it('takes everything that came during a round in one more round', async () => {
    let rounds = 0;
    let release = (): void => undefined;
    const loop = new ApplyLoop(
      () =>
        new Promise<void>((resolve) => {
          rounds += 1;
          release = resolve;
        }),
      { clock: new FakeClock(), logger: silentLogger, random: () => 0 },
    );
    loop.kick();
    expect(rounds).toBe(1); // at once, not in a later turn
    loop.kick();
    loop.kick();
    release();
    await setImmediate();
    expect(rounds).toBe(2);
    release();
    await setImmediate();
    expect(rounds).toBe(2);
    expect(loop.isIdle).toBe(true);
  });

  it('repeats a round that failed, ever later, and forgets the failure after a success', async () => {
    const clock = new FakeClock();
    let failing = true;
    let rounds = 0;
    const loop = new ApplyLoop(
      async () => {
        rounds += 1;
        if (failing) throw new FabricError('nft.unavailable', 'no nft');
      },
      { clock, logger: silentLogger, random: () => 0 },
    );
    loop.kick();
    await clock.advanceAsync(99);
    expect(rounds).toBe(1);
    await clock.advanceAsync(1);
    expect(rounds).toBe(2);
    await clock.advanceAsync(199);
    expect(rounds).toBe(2);
    expect(loop.failure).toBeInstanceOf(FabricError);
    failing = false;
    await clock.advanceAsync(1);
    expect(rounds).toBe(3);
    expect(loop.failure).toBeUndefined();
    await clock.advanceAsync(60_000);
    expect(rounds).toBe(3);
  });
});

describe('SuspicionTimer', () => {
  it('makes one check of a burst, and none more often than the interval', () => {
    const clock = new FakeClock();
    const checks: number[] = [];
    const timer = new SuspicionTimer(clock, { delayMs: 5, intervalMs: 200 }, () => checks.push(clock.monotonicMs()));
    timer.hint();
    timer.hint();
    clock.advance(5);
    timer.hint();
    timer.hint();
    clock.advance(1_000);
    timer.hint();
    clock.advance(5);
    expect(checks).toEqual([5, 205, 1_010]);
  });
});

describe('LinkTracker', () => {
  function setUp() {
    const log: string[] = [];
    const links = new LinkTracker(() => 7, {
      onChanged: (name) => log.push(`changed ${name}`),
      onLost: (name) => log.push(`lost ${name}`),
    });
    const present = (index: number, up: boolean): void =>
      links.apply([{ type: 'present', link: { name: 'tap2', index, up, carrier: up, mtu: 1_500 } }]);
    return { log, links, present };
  }

  it('tells what came, changed, went down, was made anew and went', () => {
    const { log, links, present } = setUp();
    present(4, false);
    present(4, true);
    present(4, true);
    present(4, false);
    present(5, true);
    links.apply([{ type: 'gone', name: 'tap2', index: 4 }]); // an old one; the present one stays
    expect(links.get('tap2')).toEqual({ name: 'tap2', index: 5, up: true, seenAtMs: 7 });
    links.apply([{ type: 'gone', name: 'tap2', index: 5 }]);
    expect(log).toEqual(['changed tap2', 'changed tap2', 'lost tap2', 'lost tap2', 'lost tap2']);
    expect(links.get('tap2')).toBeUndefined();
  });

  it('believes that a link is up which we brought up, until told otherwise', () => {
    const { log, links, present } = setUp();
    present(4, false);
    links.raised('tap2', 3); // one that is gone
    expect(links.get('tap2')?.up).toBe(false);
    links.raised('tap2', 4);
    expect(links.get('tap2')?.up).toBe(true);
    present(4, true);
    expect(log).toEqual(['changed tap2']);
  });
});

describe('Quarantine', () => {
  it('retries with growing delays until released or pardoned', () => {
    const clock = new FakeClock();
    const retried: number[] = [];
    const quarantine = new Quarantine(
      clock,
      () => 0,
      () => retried.push(clock.monotonicMs()),
    );
    expect(quarantine.commit('a/b', 'too large')).toBe(1_000);
    expect(quarantine.releaseProbationers()).toEqual([]);
    clock.advance(1_000);
    expect(quarantine.reasonOf('a/b')).toBe('too large');
    quarantine.commit('a/b', 'still too large');
    clock.advance(1_999);
    expect(retried).toEqual([1_000]);
    clock.advance(1);
    expect(retried).toEqual([1_000, 3_000]);
    expect(quarantine.releaseProbationers()).toEqual(['a/b']);
    expect(quarantine.reasonOf('a/b')).toBeUndefined();
    quarantine.commit('a/b', 'again');
    expect(quarantine.pardon('a/b')).toBe(true);
    expect(quarantine.pardon('a/b')).toBe(false);
    clock.advance(100_000);
    expect(retried).toHaveLength(2);
  });
});

describe('SysctlManager', () => {
  it('writes what differs, and repairs a part of all owners at a time', async () => {
    const kernel = new FakeKernel();
    const drift = new DriftLedger(silentLogger, () => undefined);
    const manager = new SysctlManager(kernel.sysctls, drift);
    for (const number of [1, 2, 3, 4]) {
      kernel.network.putInterface(`tap${number}`);
      const failure = await manager.apply(
        `default/vm${number}`,
        endpointSettings({ ...endpoint, interface: `tap${number}` }),
      );
      expect(failure).toBeUndefined();
    }
    const key = (number: number) => `net/ipv4/conf/tap${number}/proxy_arp`;
    expect(kernel.network.settings.get(key(1))).toBe('1');
    for (const number of [1, 2, 3, 4]) kernel.network.settings.set(key(number), '0');
    await manager.checkPart(2);
    expect([1, 2, 3, 4].map((number) => kernel.network.settings.get(key(number)))).toEqual(['1', '1', '0', '0']);
    kernel.network.removeInterface('tap3');
    await manager.checkPart(2);
    expect(kernel.network.settings.get(key(4))).toBe('1');
    expect(drift.total).toBe(3);
  });

  it('says which setting the kernel refused', async () => {
    const kernel = new FakeKernel();
    const manager = new SysctlManager(kernel.sysctls, new DriftLedger(silentLogger, () => undefined));
    expect(await manager.apply('default/vm2', endpointSettings(endpoint))).toContain('net/ipv4/conf/tap2/forwarding');
  });
});

describe('endpoint objects', () => {
  it('leave the reverse path open only where the anti-spoofing sets alone must judge', () => {
    const rpFilter = (sendsFromElsewhere: boolean) =>
      endpointSettings({ ...endpoint, sendsFromElsewhere }).find(({ key }) => key.endsWith('/rp_filter'))?.value;
    expect(rpFilter(false)).toBe('1');
    expect(rpFilter(true)).toBe('0');
  });

  it('put IPv6 gateways on the tap, and none where there is no IPv6', () => {
    expect(endpointInterfaceAddresses(endpoint)).toEqual([]);
    const addresses = ['10.70.0.2', '2001:db8:70::2'];
    const texts = (gateways: readonly string[]) =>
      endpointInterfaceAddresses({ ...endpoint, addresses, gateways }).map(({ address }) => address);
    expect(texts(['10.70.0.1'])).toEqual(['fe80::1/64']);
    expect(texts(['2001:db8:70::1', 'fe80::1'])).toEqual(['fe80::1/64', '2001:db8:70::1/128']);
  });
});

describe('EndpointClaims', () => {
  it('counts gateways, and names addresses whose connections are to be forgotten', () => {
    const claims = new EndpointClaims();
    const other = { ...endpoint, instance: 'default/vm3', interface: 'tap3', addresses: ['10.70.0.3'] };
    claims.add(endpoint);
    claims.add(other);
    expect(claims.gateways.takeChanged()).toBe(true);
    claims.remove(endpoint);
    expect(claims.gateways.takeChanged()).toBe(false);
    expect(claims.takeLostAddresses()).toEqual(['10.70.0.2']);

    claims.remove(other);
    claims.add(other); // an update
    expect(claims.takeLostAddresses()).toEqual([]);
    claims.remove(other);
    claims.add({ ...endpoint, addresses: ['10.70.0.3'] }); // the address changed hands
    expect(claims.takeLostAddresses()).toEqual(['10.70.0.3']);
    claims.noteWithdrawn('10.70.0.3');
    claims.noteWithdrawn('10.70.0.99');
    expect(claims.takeLostAddresses()).toEqual(['10.70.0.99']);
  });
});

describe('describeChanges', () => {
  it('names what was wrong from what repairs it', () => {
    expect(
      describeChanges([
        { op: 'add-table', table: 'inet slash32' },
        { op: 'set-rules', table: 'inet slash32', chain: 'forward', rules: [] },
        { op: 'delete-elements', table: 'inet slash32', set: 'sources4', keys: ['"tap9" . 1', '"tap9" . 2'] },
      ]),
    ).toEqual([
      'missing: table inet slash32',
      'changed: rules of chain inet slash32 forward',
      'unwanted: 2 elements of inet slash32 sources4, for example "tap9" . 1',
    ]);
  });
});
