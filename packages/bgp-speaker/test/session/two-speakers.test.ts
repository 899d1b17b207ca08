import { type FakeClock, VERSION } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostPair } from '../lab/host-pair.ts';
import { LabHost } from '../lab/lab-host.ts';
import type { MemoryNetwork } from '../lab/memory-transport.ts';

const SECOND = 1000;

let pair: HostPair;
let clock: FakeClock;
let network: MemoryNetwork;
let a: LabHost;
let b: LabHost;

beforeEach(async () => {
  pair = new HostPair({ ipv6: true });
  ({ clock, network, a, b } = pair);
  await pair.prepare();
});

async function startBoth(specA: object = {}, specB: object = {}): Promise<void> {
  a.addPeer('to-b', '192.0.2.2', 64_602, specA);
  b.addPeer('to-a', '192.0.2.1', 64_601, specB);
  await a.start();
  await b.start();
}

const established = (withinSeconds = 10) => pair.established(withinSeconds);

describe('sessions', () => {
  it('are established when both sides call at once, over one connection', async () => {
    await startBoth();
    await established();
    await clock.advanceAsync(SECOND);
    expect(network.openConnections).toBe(2);
    expect(network.initiators).toEqual(['192.0.2.2']);
    expect(a.neighbor('to-b')).toMatchObject({
      remoteRouterId: '192.0.2.2',
      holdTimeSeconds: 90,
      keepaliveSeconds: 30,
    });
  });

  it('tell each other who they are, as far as they may', async () => {
    await startBoth({ introduce: 'hostname-and-version' }, { introduce: 'nothing' });
    await established();
    expect(b.neighbor('to-a')).toMatchObject({ remoteHostname: 'a', remoteSoftware: `slash32/${VERSION}` });
    expect(a.neighbor('to-b').remoteHostname).toBeUndefined();
    b.addPeer('to-a', '192.0.2.1', 64_601);
    await clock.advanceAsync(5 * SECOND);
    await established();
    expect(a.neighbor('to-b')).toMatchObject({ remoteHostname: 'b' });
    expect(a.neighbor('to-b').remoteSoftware).toBeUndefined();
  });

  it('are established with one side passive', async () => {
    await startBoth({ passive: true });
    await established();
  });

  it('are established where an OPEN is held back, by theirs or by the timer', async () => {
    await startBoth({ delayOpenSeconds: 60 });
    await established();
    await clock.advanceAsync(SECOND);
    expect(network.openConnections).toBe(2);
    expect(a.neighbor('to-b').messages.sent.OPEN).toBe(1);
    expect(a.neighbor('to-b')).toMatchObject({ remoteRouterId: '192.0.2.2', keepaliveSeconds: 30 });
  });

  it('are established where both hold it back: the one whose timer is over speaks first', async () => {
    await startBoth({ delayOpenSeconds: 30, connectRetrySeconds: 60 }, { delayOpenSeconds: 90, passive: true });
    await clock.advanceAsync(20 * SECOND);
    expect([a.neighbor('to-b').state, b.neighbor('to-a').state]).toEqual(['Connect', 'Active']);
    expect(a.neighbor('to-b').messages.sent.OPEN).toBe(0);
    await established(20);
    expect(b.neighbor('to-a').messages.sent.OPEN).toBe(1);
    a.addInstance('198.51.100.1/32');
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
  });

  it('come up when the peer starts later, without waiting for our retry', async () => {
    a.addPeer('to-b', '192.0.2.2', 64_602, { connectRetrySeconds: 3600 });
    b.addPeer('to-a', '192.0.2.1', 64_601);
    await a.start();
    await clock.advanceAsync(60 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Active');
    await b.start();
    await established(2);
  });

  it('live on keepalives for hours, with different hold times', async () => {
    await startBoth({ holdTimeSeconds: 9 }, { holdTimeSeconds: 30 });
    await established();
    await clock.advanceAsync(3600 * SECOND);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Established', holdTimeSeconds: 9 });
    expect(a.neighbor('to-b').stateSeconds).toBeGreaterThan(3590);
  });

  it('have no keepalives with hold time 0', async () => {
    await startBoth({ holdTimeSeconds: 0 });
    await established();
    const { sent } = a.neighbor('to-b').messages;
    await clock.advanceAsync(3600 * SECOND);
    expect(a.neighbor('to-b').messages.sent).toEqual(sent);
    expect(a.neighbor('to-b').state).toBe('Established');
  });

  it('end when the hold time passes in silence, without keeping routes', async () => {
    await startBoth({ holdTimeSeconds: 9, gracefulRestart: { notifications: false } });
    await established();
    b.addInstance('198.51.100.7/32');
    await clock.advanceAsync(SECOND);
    expect(a.learned()).toEqual(['198.51.100.7/32 via 192.0.2.2']);
    network.partitioned = true;
    await clock.advanceAsync(10 * SECOND);
    expect(a.neighbor('to-b').state).not.toBe('Established');
    expect(a.neighbor('to-b').lastDown?.reason).toContain('Hold Timer Expired');
    expect(a.learned()).toEqual([]);
  });

  it('end when the peer reads nothing for eight minutes (RFC 9687)', async () => {
    await startBoth({ holdTimeSeconds: 0 });
    await established();
    network.partitioned = true;
    await clock.advanceAsync(600 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Established');
    a.addInstance('198.51.100.1/32');
    await clock.advanceAsync(479 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Established');
    await clock.advanceAsync(2 * SECOND);
    expect(a.neighbor('to-b').state).not.toBe('Established');
    expect(a.neighbor('to-b').lastDown?.reason).toContain('Send Hold Timer Expired');
  });

  it('end sooner where sendHoldSeconds says so', async () => {
    await startBoth({ sendHoldSeconds: 20, holdTimeSeconds: 0 });
    await established();
    network.partitioned = true;
    a.addInstance('198.51.100.1/32');
    await clock.advanceAsync(19 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Established');
    await clock.advanceAsync(2 * SECOND);
    expect(a.neighbor('to-b').lastDown?.reason).toContain('Send Hold Timer Expired');
  });

  it('are refused by a wrong AS number, with the reason, again and again but ever more slowly', async () => {
    a.addPeer('to-b', '192.0.2.2', 64_999);
    b.addPeer('to-a', '192.0.2.1', 64_601);
    await a.start();
    await b.start();
    await clock.advanceAsync(60 * SECOND);
    expect(a.neighbor('to-b').lastDown?.reason).toMatch(/Bad Peer AS/);
    expect(b.neighbor('to-a').lastDown?.reason).toMatch(/received .*Bad Peer AS/);
    const early = a.neighbor('to-b').messages.sent.OPEN ?? 0;
    await clock.advanceAsync(600 * SECOND);
    expect((a.neighbor('to-b').messages.sent.OPEN ?? 0) - early).toBeLessThan(60);
  });
});

describe('routes', () => {
  it('pass both ways, both families, and go when they go', async () => {
    a.addInstance('198.51.100.1/32');
    a.addInstance('2001:db8:1::1/128');
    await startBoth();
    await established();
    b.addInstance('198.51.100.2/32');
    b.addInstance('2001:db8:1::2/128');
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1', '2001:db8:1::1/128 via 2001:db8::1']);
    expect(a.learned()).toEqual(['198.51.100.2/32 via 192.0.2.2', '2001:db8:1::2/128 via 2001:db8::2']);
    await a.removeInstance('198.51.100.1/32');
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual(['2001:db8:1::1/128 via 2001:db8::1']);
  });

  it('are not passed on: a host is no transit', async () => {
    const c = new LabHost(clock, network, { name: 'c', address: '192.0.2.3', asNumber: 64_603 });
    await c.prepare();
    b.addPeer('to-c', '192.0.2.3', 64_603);
    c.addPeer('to-b', '192.0.2.2', 64_602);
    a.addInstance('198.51.100.1/32');
    await startBoth();
    await c.start();
    await established();
    await clock.advanceAsync(5 * SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
    expect(c.neighbor('to-b')).toMatchObject({ state: 'Established' });
    expect(c.learned()).toEqual([]);
  });

  it('lose to an instance on this host, and are back when it goes', async () => {
    await startBoth();
    await established();
    b.addInstance('198.51.100.2/32');
    await clock.advanceAsync(SECOND);
    expect(a.learned()).toHaveLength(1);
    a.addInstance('198.51.100.2/32');
    await clock.advanceAsync(SECOND);
    expect(a.learned()).toEqual([]);
    await a.removeInstance('198.51.100.2/32');
    await clock.advanceAsync(SECOND);
    expect(a.learned()).toEqual(['198.51.100.2/32 via 192.0.2.2']);
  });

  it('pass between speakers of one AS with LOCAL_PREF and an empty AS_PATH', async () => {
    const c = new LabHost(clock, network, { name: 'c', address: '192.0.2.3', asNumber: 64_602 });
    await c.prepare();
    b.addPeer('to-c', '192.0.2.3', 64_602);
    c.addPeer('to-b', '192.0.2.2', 64_602);
    c.addInstance('198.51.100.3/32');
    await c.start();
    await b.start();
    await clock.advanceAsync(5 * SECOND);
    expect(b.learned()).toEqual(['198.51.100.3/32 via 192.0.2.3']);
    expect(b.routes()).toMatchObject([{ source: 'to-c', asPath: '', localPref: 100, best: true }]);
  });

  it('are exported for one family only, with a finding, where the other has no next hop', async () => {
    const c = new LabHost(clock, network, { name: 'c', address: '192.0.2.3', asNumber: 64_603 });
    await c.prepare();
    c.addPeer('to-b', '192.0.2.2', 64_602);
    b.addPeer('to-c', '192.0.2.3', 64_603);
    c.addInstance('198.51.100.3/32');
    c.addInstance('2001:db8:1::3/128');
    await c.start();
    await b.start();
    await clock.advanceAsync(5 * SECOND);
    expect(b.learned()).toEqual(['198.51.100.3/32 via 192.0.2.3']);
    expect(c.speaker.findings()).toMatchObject([{ code: 'bgp-peer.no-next-hop', severity: 'warning' }]);
    await c.kernel.addresses.apply([{ op: 'add', address: { device: 'eth0', address: '2001:db8::3/64' } }]);
    await clock.advanceAsync(10 * SECOND);
    expect(b.learned()).toEqual(['198.51.100.3/32 via 192.0.2.3', '2001:db8:1::3/128 via 2001:db8::3']);
    expect(c.speaker.findings()).toEqual([]);
  });
});

describe('graceful restart', () => {
  async function withRoutes(): Promise<void> {
    a.addInstance('198.51.100.1/32');
    b.addInstance('198.51.100.2/32');
    await startBoth();
    await established();
    await clock.advanceAsync(20 * SECOND);
    expect(a.learned()).toEqual(['198.51.100.2/32 via 192.0.2.2']);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
  }

  it('keeps both tables over a kill, and removes what did not come back', async () => {
    await withRoutes();
    a.kernel.journal.length = 0;
    b.kernel.journal.length = 0;
    a.addInstance('198.51.100.11/32');
    await clock.advanceAsync(SECOND);
    a.kill();
    await clock.advanceAsync(5 * SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1', '198.51.100.11/32 via 192.0.2.1']);
    expect(b.neighbor('to-a').gracefulRestart).toEqual({ peerRestarting: true, staleRoutes: 2 });
    await a.removeInstance('198.51.100.11/32');
    await b.removeInstance('198.51.100.2/32');
    b.addInstance('198.51.100.22/32');
    b.kernel.journal.length = 0;
    await a.start();
    await established();
    await clock.advanceAsync(SECOND);
    const touched = b.kernel.journal.flatMap((done) => (done.kind === 'routes' ? done.changes : []));
    expect(touched.map(({ op, route }) => `${op} ${route.prefix}`)).toEqual(['delete 198.51.100.11/32']);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
    expect(b.neighbor('to-a').gracefulRestart).toEqual({ peerRestarting: false, staleRoutes: 0 });
    expect(a.learned()).toEqual(['198.51.100.22/32 via 192.0.2.2']);
    expect(a.speaker.isDeferralOver).toBe(true);
  });

  it('keeps them over SIGTERM', async () => {
    await withRoutes();
    a.shutDown();
    await clock.advanceAsync(5 * SECOND);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
    expect(a.learned()).toEqual(['198.51.100.2/32 via 192.0.2.2']);
  });

  it('gives a peer up that does not come back within its restart time', async () => {
    await withRoutes();
    a.kill();
    await clock.advanceAsync(119 * SECOND);
    expect(b.learned()).toHaveLength(1);
    await clock.advanceAsync(3 * SECOND);
    expect(b.learned()).toEqual([]);
  });

  it('takes a new connection of a peer that vanished as its restart', async () => {
    await withRoutes();
    a.vanish();
    await clock.advanceAsync(5 * SECOND);
    expect(b.neighbor('to-a').state).toBe('Established');
    b.kernel.journal.length = 0;
    await a.start();
    await established();
    await clock.advanceAsync(SECOND);
    expect(b.neighbor('to-a').stateSeconds).toBeLessThan(15);
    expect(b.kernel.journal).toEqual([]);
    b.addInstance('198.51.100.22/32');
    await clock.advanceAsync(SECOND);
    expect(a.learned()).toEqual(['198.51.100.2/32 via 192.0.2.2', '198.51.100.22/32 via 192.0.2.2']);
  });

  it('gives its own routes up when no peer confirms them before the deferral ends', async () => {
    await withRoutes();
    a.kill();
    b.kill();
    await a.start();
    await clock.advanceAsync(119 * SECOND);
    expect(a.learned()).toHaveLength(1);
    await clock.advanceAsync(2 * SECOND);
    expect(a.learned()).toEqual([]);
  });

  it('drops the routes of a peer that left with a Cease', async () => {
    await withRoutes();
    a.removePeer('to-b');
    await clock.advanceAsync(SECOND);
    expect(b.learned()).toEqual([]);
    expect(b.neighbor('to-a').lastDown?.reason).toContain('Peer De-configured');
  });
});

describe('configuration changes', () => {
  it('reset only the session that they concern', async () => {
    const c = new LabHost(clock, network, { name: 'c', address: '192.0.2.3', asNumber: 64_603 });
    await c.prepare();
    b.addPeer('to-c', '192.0.2.3', 64_603);
    c.addPeer('to-b', '192.0.2.2', 64_602);
    await startBoth();
    await c.start();
    await established();
    await clock.advanceAsync(30 * SECOND);
    b.addPeer('to-c', '192.0.2.3', 64_603, { holdTimeSeconds: 30 });
    await clock.advanceAsync(5 * SECOND);
    expect(b.neighbor('to-c')).toMatchObject({ state: 'Established', holdTimeSeconds: 30 });
    expect(b.neighbor('to-c').stateSeconds).toBeLessThan(6);
    expect(b.neighbor('to-a').stateSeconds).toBeGreaterThan(30);
  });

  it('that need no reset cause none', async () => {
    await startBoth();
    await established();
    await clock.advanceAsync(30 * SECOND);
    b.addPeer('to-a', '192.0.2.1', 64_601, { connectRetrySeconds: 60 });
    await clock.advanceAsync(SECOND);
    expect(b.neighbor('to-a').stateSeconds).toBeGreaterThan(30);
  });
});
