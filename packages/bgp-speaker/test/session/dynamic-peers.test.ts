import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

const SECOND = 1000;

let clock: FakeClock;
let network: MemoryNetwork;
let a: LabHost;

beforeEach(async () => {
  clock = new FakeClock();
  network = new MemoryNetwork(clock);
  a = new LabHost(clock, network, { name: 'a', address: '192.0.2.1', asNumber: 64_601 });
  await a.prepare();
});

/** What is said of the sessions' address families is not of interest here. */
const findings = () => a.status().findings.filter(({ code }) => code !== 'bgp-peer.no-next-hop');

async function startRouter(last: number, asNumber = 64_900 + last, spec: object = {}): Promise<LabHost> {
  const router = new LabHost(clock, network, { name: `r${last}`, address: `192.0.2.${last}`, asNumber });
  await router.prepare();
  router.addPeer('to-a', '192.0.2.1', 64_601, { connectRetrySeconds: 1, ...spec });
  await router.start();
  return router;
}

const names = () => a.neighbors().map(({ peer }) => peer);
const stateOf = (last: number) => a.neighbors().find(({ address }) => address === `192.0.2.${last}`)?.state;

describe('dynamic neighbours', () => {
  it('come when routers of the range call, with the range’s settings and their own AS', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external', { holdTimeSeconds: 30 });
    await a.start();
    expect(a.neighbor('tors')).toMatchObject({
      address: '192.0.2.0/28',
      state: 'Active',
      remoteAs: 'external (any but our own 64601)',
      range: { neighbors: 0, limit: 100, refused: 0 },
    });
    const b = await startRouter(2);
    await startRouter(3);
    await startRouter(99);
    b.addInstance('198.51.100.7/32');
    a.addInstance('203.0.113.9/32');
    await clock.advanceAsync(5 * SECOND);
    expect(names()).toEqual(['tors/192.0.2.2', 'tors/192.0.2.3', 'tors']);
    expect(a.neighbor('tors/192.0.2.2')).toMatchObject({
      state: 'Established',
      remoteAsNumber: 64_902,
      holdTimeSeconds: 30,
      dynamic: { peer: 'tors', range: '192.0.2.0/28' },
    });
    expect(a.learned()).toEqual(['198.51.100.7/32 via 192.0.2.2']);
    expect(b.learned()).toEqual(['203.0.113.9/32 via 192.0.2.1']);
    expect(a.neighbor('tors').range?.neighbors).toBe(2);
    expect(a.status().sessions).toEqual({ configured: 2, established: 2 });
  });

  it('are named one by one where a session is meant', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external');
    await a.start();
    const ask = (peer: string) => () => a.routes({ view: 'advertised', peer });
    expect(ask('tors')).toThrow('"tors" is a range of routers; none has called yet');
    await startRouter(2);
    a.addInstance('203.0.113.9/32');
    await clock.advanceAsync(5 * SECOND);
    expect(ask('tors')).toThrow('"tors" is a range of routers; name one of them: tors/192.0.2.2');
    expect(ask('x')).toThrow('there is no BGP session with "x"; this host has tors/192.0.2.2, tors');
    expect(ask('tors/192.0.2.2')()).toHaveLength(1);
    expect(ask('192.0.2.2')()).toHaveLength(1);
  });

  it('leave routers to the BGPPeer with their address, and to the longest range', async () => {
    a.addRange('all', '192.0.2.0/24', 'external');
    a.addRange('some', '192.0.2.0/29', 'external');
    a.addPeer('own', '192.0.2.3', 64_903, { passive: true });
    await a.start();
    await startRouter(2);
    await startRouter(3);
    await startRouter(20);
    await clock.advanceAsync(5 * SECOND);
    expect(names()).toEqual(['own', 'some/192.0.2.2', 'all/192.0.2.20', 'all', 'some']);
    a.addPeer('mine', '192.0.2.2', 64_902);
    await clock.advanceAsync(5 * SECOND);
    expect(names()).toEqual(['own', 'all/192.0.2.20', 'mine', 'all', 'some']);
    expect(stateOf(2)).toBe('Established');
    a.removePeer('mine');
    await clock.advanceAsync(5 * SECOND);
    expect(stateOf(2)).toBe('Established');
    expect(names()).toContain('some/192.0.2.2');
  });

  it('refuse a wrong AS, say why, and are forgotten', async () => {
    a.addRange('tors', '192.0.2.0/28', [64_902, 64_904]);
    await a.start();
    await startRouter(2);
    const wrong = await startRouter(3);
    await clock.advanceAsync(5 * SECOND);
    expect(stateOf(2)).toBe('Established');
    expect(a.neighbor('tors/192.0.2.3').lastDown?.reason).toContain(
      'AS number 64903 is not the configured 64902 or 64904',
    );
    wrong.shutDown();
    await clock.advanceAsync(70 * SECOND);
    expect(names()).toEqual(['tors/192.0.2.2', 'tors']);
  });

  it('are kept while graceful restart keeps their routes, and forgotten then', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external');
    await a.start();
    const b = await startRouter(2, 64_902, { gracefulRestart: { restartTimeSeconds: 300 } });
    b.addInstance('198.51.100.7/32');
    await clock.advanceAsync(5 * SECOND);
    b.kill();
    await clock.advanceAsync(250 * SECOND);
    expect(a.learned()).toEqual(['198.51.100.7/32 via 192.0.2.2']);
    expect(a.neighbor('tors/192.0.2.2').gracefulRestart?.staleRoutes).toBe(1);
    await clock.advanceAsync(60 * SECOND);
    expect(a.learned()).toEqual([]);
    await clock.advanceAsync(70 * SECOND);
    expect(names()).toEqual(['tors']);
    await b.start();
    await clock.advanceAsync(5 * SECOND);
    expect(a.learned()).toEqual(['198.51.100.7/32 via 192.0.2.2']);
  });

  it('find what they announced before our own restart still installed', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external');
    await a.start();
    const b = await startRouter(2);
    b.addInstance('198.51.100.7/32');
    b.addInstance('198.51.100.8/32');
    await clock.advanceAsync(5 * SECOND);
    a.kill();
    await b.removeInstance('198.51.100.8/32');
    await clock.advanceAsync(SECOND);
    await a.start();
    expect(a.learned()).toHaveLength(2);
    await clock.advanceAsync(60 * SECOND);
    expect(stateOf(2)).toBe('Established');
    // Whoever else may call from the range has the restart time for it.
    expect(a.learned()).toHaveLength(2);
    await clock.advanceAsync(70 * SECOND);
    expect(a.learned()).toEqual(['198.51.100.7/32 via 192.0.2.2']);
  });

  it('are as many as the range allows; an idle one makes room', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external', { maxDynamicPeers: 2 });
    await a.start();
    const first = await startRouter(2, 64_902, { holdTimeSeconds: 9 });
    await startRouter(3);
    await clock.advanceAsync(5 * SECOND);
    await startRouter(4);
    await clock.advanceAsync(5 * SECOND);
    expect(stateOf(4)).toBeUndefined();
    const { range } = a.neighbor('tors');
    expect(range).toMatchObject({
      neighbors: 2,
      lastRefused: { address: '192.0.2.4', reason: 'there are 2 already (maxDynamicPeers)' },
    });
    expect(findings().map(({ code, resource }) => [code, resource])).toEqual([['bgp-peer.range-full', 'BGPPeer/tors']]);
    // A NOTIFICATION ends it, so that nothing is kept.
    first.removePeer('to-a');
    await clock.advanceAsync(5 * SECOND);
    expect(stateOf(4)).toBe('Established');
    expect(stateOf(2)).toBeUndefined();
  });

  it('take over what changes in the range, with a new session only where that needs one', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external');
    await a.start();
    await startRouter(2);
    await startRouter(12);
    await clock.advanceAsync(60 * SECOND);
    a.addRange('tors', '192.0.2.0/28', 'external', { allowOwnAs: 1, maxDynamicPeers: 50 });
    await clock.advanceAsync(SECOND);
    expect(a.neighbor('tors/192.0.2.2').stateSeconds).toBeGreaterThan(50);
    expect(a.neighbor('tors').range?.limit).toBe(50);
    a.addRange('tors', '192.0.2.0/28', 'external', { holdTimeSeconds: 30 });
    await clock.advanceAsync(10 * SECOND);
    expect(a.neighbor('tors/192.0.2.2')).toMatchObject({ state: 'Established', holdTimeSeconds: 30 });
    a.addRange('tors', '192.0.2.0/29', 'external', { holdTimeSeconds: 30 });
    await clock.advanceAsync(10 * SECOND);
    expect(names()).toEqual(['tors/192.0.2.2', 'tors']);
    expect(a.neighbor('tors/192.0.2.2').stateSeconds).toBeGreaterThan(5);
    a.removePeer('tors');
    await clock.advanceAsync(SECOND);
    expect(names()).toEqual([]);
    expect(network.openConnections).toBe(0);
  });

  it('need the range’s password, and get a new session with another one', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external', { passwordFile: '/etc/tors' });
    await a.start();
    const b = await startRouter(2);
    await clock.advanceAsync(3 * SECOND);
    expect(a.neighbors()).toMatchObject([{ peer: 'tors', address: '192.0.2.0/28', state: 'Idle' }]);
    expect(a.neighbors()[0]?.lastDown?.reason).toContain('/etc/tors cannot be read');
    a.files.set('/etc/tors', 'secret');
    await clock.advanceAsync(5 * SECOND);
    expect(a.admitted).toMatchObject([{ name: 'tors', address: '192.0.2.0', prefixLength: 28 }]);
    expect(Buffer.from(a.admitted[0]?.protection.md5Key ?? []).toString()).toBe('secret');
    expect(stateOf(2)).toBe('Established');
    a.files.set('/etc/tors', 'another');
    await clock.advanceAsync(2 * SECOND);
    expect(b.neighbor('to-a').lastDown?.reason).toContain('Other Configuration Change');
    await clock.advanceAsync(5 * SECOND);
    expect(stateOf(2)).toBe('Established');
    expect(a.neighbor('tors/192.0.2.2').stateSeconds).toBeLessThan(7);
  });

  it('obey operators one by one and as a range', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external');
    await a.start();
    const b = await startRouter(2);
    await startRouter(3);
    await clock.advanceAsync(5 * SECOND);
    expect(a.shutdownPeer({ peer: '192.0.2.2', reason: 'bad optics' })).toEqual(['shut down']);
    await clock.advanceAsync(300 * SECOND);
    expect(b.neighbor('to-a').lastDown?.reason).toContain('bad optics');
    expect(a.neighbor('tors/192.0.2.2')).toMatchObject({ held: { cause: 'shutdown', reason: 'bad optics' } });
    expect(findings()).toMatchObject([{ code: 'bgp-peer.shut-down', resource: 'BGPPeer/tors' }]);
    expect(a.enablePeer('tors/192.0.2.2')).toEqual(['enabled']);
    await clock.advanceAsync(60 * SECOND);
    expect(stateOf(2)).toBe('Established');

    expect(a.shutdownPeer({ peer: 'tors', reason: 'rack work' })).toEqual([
      'takes no new routers',
      '192.0.2.2: shut down',
      '192.0.2.3: shut down',
    ]);
    await startRouter(4);
    await clock.advanceAsync(30 * SECOND);
    expect([2, 3, 4].map(stateOf)).toEqual(['Idle', 'Idle', undefined]);
    expect(a.neighbor('tors')).toMatchObject({ state: 'Idle', held: { reason: 'rack work' } });
    expect(a.neighbor('tors').range?.lastRefused?.reason).toBe('the range is shut down');
    expect(a.enablePeer('tors')).toHaveLength(3);
    await clock.advanceAsync(60 * SECOND);
    expect([2, 3, 4].map(stateOf)).toEqual(['Established', 'Established', 'Established']);
    expect(a.clear({ peer: 'tors', soft: 'out' })).toContain('192.0.2.4: sends ipv4-unicast and ipv6-unicast again');
  });
});
