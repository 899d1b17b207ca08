import type { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostPair } from '../lab/host-pair.ts';
import { LabHost } from '../lab/lab-host.ts';

const SECOND = 1000;

let pair: HostPair;
let clock: FakeClock;
/** `a` announces, `b` learns. */
let a: LabHost;
let b: LabHost;

beforeEach(async () => {
  pair = new HostPair({ ipv6: true });
  ({ clock, a, b } = pair);
  await pair.prepare();
});

async function startBoth(specA: object = {}, specB: object = {}): Promise<void> {
  a.addPeer('to-b', '192.0.2.2', b.settings.asNumber, specA);
  b.addPeer('to-a', '192.0.2.1', a.settings.asNumber, specB);
  await a.start();
  await b.start();
  await established();
}

async function established(withinSeconds = 20): Promise<void> {
  await pair.established(withinSeconds);
  await clock.advanceAsync(50);
}

/** What `b` has of `a`, as it came. */
const received = (prefix: string) => b.routes({ prefix, view: 'received', peer: 'to-a' })[0];
const updatesOfA = () => a.neighbor('to-b').messages.sent.UPDATE ?? 0;

describe('export policy', () => {
  it('sets attributes by prefix, and keeps back what no term accepts', async () => {
    a.putPolicy(
      'out',
      {
        match: { prefixes: [{ cidr: '198.51.100.0/25', le: 32 }] },
        action: 'next',
        set: { communities: { add: ['64601:1'] } },
      },
      { match: { family: 'ipv4-unicast' }, action: 'accept', set: { med: 7, prepend: 2 } },
    );
    for (const prefix of ['198.51.100.1/32', '198.51.100.200/32', '2001:db8:1::1/128']) a.addInstance(prefix);
    await startBoth({ export: ['out'] });
    expect(received('198.51.100.1/32')).toMatchObject({
      med: 7,
      asPath: '64601 64601 64601',
      communities: ['64601:1'],
    });
    expect(received('198.51.100.200/32')).toMatchObject({ med: 7, communities: [] });
    expect(received('2001:db8:1::1/128')).toBeUndefined();
    expect(a.routes({ view: 'advertised', peer: 'to-b' })).toMatchObject([
      { prefix: '198.51.100.1/32', policy: 'policy out, term 2', nextHop: '192.0.2.1' },
      { prefix: '198.51.100.200/32', policy: 'policy out, term 2' },
    ]);
  });

  it('that changes sends what differs and nothing else, over the same session', async () => {
    a.addInstance('198.51.100.1/32');
    a.addInstance('198.51.100.2/32');
    a.putPolicy('out', { action: 'accept' });
    await startBoth({ export: ['out'] });
    const before = updatesOfA();
    a.putPolicy(
      'out',
      { match: { prefixes: [{ cidr: '198.51.100.2/32' }] }, action: 'accept', set: { med: 9 } },
      { action: 'accept' },
    );
    await clock.advanceAsync(SECOND);
    expect(updatesOfA()).toBe(before + 1);
    expect(received('198.51.100.2/32')).toMatchObject({ med: 9 });
    a.putPolicy(
      'out',
      { match: { prefixes: [{ cidr: '198.51.100.2/32' }] }, action: 'accept', set: { med: 9 } },
      { action: 'reject' },
    );
    await clock.advanceAsync(SECOND);
    expect(updatesOfA()).toBe(before + 2);
    expect(b.learned()).toEqual(['198.51.100.2/32 via 192.0.2.1']);
    expect(a.neighbor('to-b').stateSeconds).toBeGreaterThan(1);
  });

  it('that is not there announces nothing, says so, and announces once it is there', async () => {
    a.addInstance('198.51.100.1/32');
    await startBoth({ export: ['out'] });
    expect(b.learned()).toEqual([]);
    expect(a.status().findings).toMatchObject([{ code: 'bgp-peer.unknown-policy', path: 'spec.export[0]' }]);
    a.putPolicy('out', { action: 'accept' });
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
    a.removePolicy('out');
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual([]);
  });

  it('makes MED of the metric of the kernel’s route, also when only that changes', async () => {
    a.putPolicy('out', { match: { metric: { ge: 100 } }, action: 'accept', set: { med: 500 } }, { action: 'accept' });
    a.addInstance('198.51.100.1/32', 100);
    await startBoth({ export: ['out'] });
    expect(received('198.51.100.1/32')).toMatchObject({ med: 500 });
    a.addInstance('198.51.100.1/32', 50);
    await clock.advanceAsync(SECOND);
    expect(received('198.51.100.1/32')).not.toHaveProperty('med');
    await a.removeInstance('198.51.100.1/32', 50);
    await clock.advanceAsync(SECOND);
    expect(received('198.51.100.1/32')).toMatchObject({ med: 500 });
    await a.removeInstance('198.51.100.1/32', 100);
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual([]);
  });
});

describe('import policy', () => {
  it('sets LOCAL_PREF over eBGP, is judged again when it changes, and keeps what came', async () => {
    a.addInstance('198.51.100.1/32');
    b.putPolicy('in', { name: 'like', action: 'accept', set: { localPref: 300, communities: { add: ['64602:9'] } } });
    await startBoth({}, { import: ['in'] });
    const route = () => b.routes({ prefix: '198.51.100.1/32' })[0];
    expect(route()).toMatchObject({ localPref: 300, communities: ['64602:9'], policy: 'policy in, term like' });
    expect(received('198.51.100.1/32')).toMatchObject({ communities: [] });
    expect(received('198.51.100.1/32')).not.toHaveProperty('localPref');

    b.putPolicy('in', { match: { asPath: { originAs: [64_601] } }, action: 'reject' }, { action: 'accept' });
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual([]);
    expect(route()).toMatchObject({ best: false, reason: 'rejected: policy in, term 1' });
    expect(b.routes({ view: 'accepted' })).toEqual([]);
    expect(b.neighbor('to-a').prefixes['ipv4-unicast']).toMatchObject({ received: 1, accepted: 0 });
    b.addPeer('to-a', '192.0.2.1', 64_601);
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
    expect(b.neighbor('to-a').messages.sent['ROUTE-REFRESH']).toBe(0);
    expect(b.neighbor('to-a').lastDown).toBeUndefined();
  });

  it('chooses between two routers', async () => {
    const c = new LabHost(clock, pair.network, { name: 'c', address: '192.0.2.3', asNumber: 64_603 });
    await c.prepare();
    a.addInstance('198.51.100.1/32');
    c.addInstance('198.51.100.1/32');
    b.putPolicy('prefer', { action: 'accept', set: { localPref: 200 } });
    b.addPeer('to-c', '192.0.2.3', 64_603, { import: ['prefer'] });
    c.addPeer('to-b', '192.0.2.2', 64_602);
    await c.start();
    await startBoth();
    await clock.advanceAsync(5 * SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.3']);
    expect(b.routes({ view: 'best' })).toMatchObject([{ source: 'to-c', reason: 'best by LOCAL_PREF' }]);
    b.addPeer('to-c', '192.0.2.3', 64_603);
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1 192.0.2.3']);
  });
});

describe('AS numbers of one router', () => {
  it('may be another one than the host’s; a route with either of ours is a loop', async () => {
    a.addInstance('198.51.100.1/32');
    a.addPeer('to-b', '192.0.2.2', 64_602, { localAsNumber: 64_999 });
    b.addPeer('to-a', '192.0.2.1', 64_999);
    await a.start();
    await b.start();
    await established();
    expect(received('198.51.100.1/32')).toMatchObject({ asPath: '64999' });
  });

  it('may be in the path as often as is allowed', async () => {
    a.addInstance('198.51.100.1/32');
    b.addPeer('to-a', '192.0.2.1', 64_601, { localAsNumber: 64_700 });
    a.addPeer('to-b', '192.0.2.2', 64_700, { localAsNumber: 64_602 });
    b.addPeer('to-a', '192.0.2.1', 64_602, { localAsNumber: 64_700 });
    await a.start();
    await b.start();
    await established();
    expect(received('198.51.100.1/32')?.reason).toBe('rejected: AS_PATH contains our own AS 64602');
    b.addPeer('to-a', '192.0.2.1', 64_602, { localAsNumber: 64_700, allowOwnAs: 1 });
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
  });
});
