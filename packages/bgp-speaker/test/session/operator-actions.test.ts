import type { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostPair } from '../lab/host-pair.ts';
import type { LabHost } from '../lab/lab-host.ts';

const SECOND = 1000;

let pair: HostPair;
let clock: FakeClock;
let a: LabHost;
let b: LabHost;

beforeEach(async () => {
  pair = new HostPair();
  ({ clock, a, b } = pair);
  await pair.prepare();
  const spec = { families: ['ipv4-unicast'] };
  a.addPeer('to-b', '192.0.2.2', 64_602, spec);
  b.addPeer('to-a', '192.0.2.1', 64_601, spec);
  a.addInstance('198.51.100.1/32');
  b.addInstance('198.51.100.2/32');
  for (const host of [a, b]) await host.start();
  await established();
});

async function established(withinSeconds = 20): Promise<void> {
  await clock.advanceAsync(50);
  await pair.established(withinSeconds);
  await clock.advanceAsync(100);
}

const codes = (host: LabHost) => host.status().findings.map(({ code }) => code);

describe('shutdown', () => {
  it('ends the session with the operator’s words, and keeps it down until it is enabled', async () => {
    expect(a.shutdownPeer({ peer: '192.0.2.2', reason: 'new line card' })).toEqual(['shut down']);
    await clock.advanceAsync(600 * SECOND);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Idle', held: { cause: 'shutdown', reason: 'new line card' } });
    expect(b.neighbor('to-a').lastDown?.reason).toMatch(/received .*Administrative Shutdown.*new line card/);
    expect([a.learned(), b.learned()]).toEqual([[], []]);
    expect(codes(a)).toEqual(['bgp-peer.shut-down']);
    expect(() => a.clear({ peer: 'to-b' })).toThrow('is shut down');
    expect(a.enablePeer('to-b')).toEqual(['enabled']);
    await established(60);
    expect(a.learned()).toEqual(['198.51.100.2/32 via 192.0.2.2']);
    expect(codes(a)).toEqual([]);
  });

  it('stays over a change of configuration that needs a new session', async () => {
    a.shutdownPeer({ peer: 'to-b', reason: 'x' });
    a.addPeer('to-b', '192.0.2.2', 64_602, { families: ['ipv4-unicast'], holdTimeSeconds: 30 });
    await clock.advanceAsync(60 * SECOND);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Idle', held: { cause: 'shutdown' } });
    a.enablePeer('to-b');
    await established(60);
  });

  it('stays over a time in which the peer may have no session, but not over its removal', async () => {
    const spec = { families: ['ipv4-unicast'] };
    a.shutdownPeer({ peer: 'to-b', reason: 'x' });
    a.addPeer('to-b', '192.0.2.2', 64_602, { ...spec, passwordFile: '/nowhere/password' });
    await clock.advanceAsync(SECOND);
    expect(a.speaker.neighbors.size).toBe(0);
    a.addPeer('to-b', '192.0.2.2', 64_602, spec);
    await clock.advanceAsync(60 * SECOND);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Idle', held: { cause: 'shutdown', reason: 'x' } });
    a.removePeer('to-b');
    a.addPeer('to-b', '192.0.2.2', 64_602, spec);
    await established(60);
  });

  it('after a drain: routes are the last resort on both sides first (RFC 8326)', async () => {
    expect(a.shutdownPeer({ peer: 'to-b', reason: 'x', drainSeconds: 30 })[0]).toContain('shut down in 30 s');
    await clock.advanceAsync(SECOND);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Established', draining: true });
    expect(b.routes({ prefix: '198.51.100.1/32' })).toMatchObject([
      { localPref: 0, communities: ['GRACEFUL_SHUTDOWN'], installed: true },
    ]);
    expect(a.routes({ prefix: '198.51.100.2/32' })).toMatchObject([{ localPref: 0, installed: true }]);
    await clock.advanceAsync(30 * SECOND);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Idle', held: { reason: 'x' } });
    expect(a.neighbor('to-b')).not.toHaveProperty('draining');
    a.enablePeer('to-b');
    await established(60);
    expect(b.routes({ prefix: '198.51.100.1/32' })).toMatchObject([{ communities: [] }]);
  });

  it('can be called off while it drains', async () => {
    a.shutdownPeer({ peer: 'to-b', drainSeconds: 30 });
    await clock.advanceAsync(SECOND);
    a.enablePeer('to-b');
    await clock.advanceAsync(60 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Established');
    expect(b.routes({ prefix: '198.51.100.1/32' })).toMatchObject([{ communities: [] }]);
    expect(a.routes({ prefix: '198.51.100.2/32' })[0]).not.toHaveProperty('localPref');
    expect(a.enablePeer('to-b')).toEqual(['was enabled already']);
  });

  it('refuses an unknown peer and an impossible drain', () => {
    expect(() => a.shutdownPeer({ peer: 'nobody' })).toThrow(
      'there is no BGP session with "nobody"; this host has to-b',
    );
    expect(() => a.shutdownPeer({ peer: 'to-b', drainSeconds: -1 })).toThrow('a drain takes');
  });
});

describe('clear', () => {
  it('sets the session up anew', async () => {
    expect(a.clear({ peer: 'to-b' })).toEqual(['the session is set up anew']);
    await clock.advanceAsync(100);
    expect(b.neighbor('to-a').lastDown?.reason).toContain('Administrative Reset');
    await established(60);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
  });

  it('soft in asks for everything, which comes between two marks', async () => {
    expect(a.clear({ peer: 'to-b', soft: 'in' })).toEqual(['judged its routes again', 'asked for ipv4-unicast again']);
    await clock.advanceAsync(SECOND);
    expect(b.neighbor('to-a').messages.received['ROUTE-REFRESH']).toBe(1);
    expect(a.neighbor('to-b').messages.received['ROUTE-REFRESH']).toBe(2);
    expect(a.neighbor('to-b').gracefulRestart?.staleRoutes).toBe(0);
    expect(a.learned()).toEqual(['198.51.100.2/32 via 192.0.2.2']);
  });

  it('soft out tells everything again', async () => {
    const before = b.neighbor('to-a').messages.received.UPDATE ?? 0;
    expect(a.clear({ peer: 'to-b', soft: 'out' })).toEqual(['sends ipv4-unicast again']);
    await clock.advanceAsync(SECOND);
    expect(b.neighbor('to-a').messages.received.UPDATE).toBe(before + 1);
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1']);
  });

  it('soft needs a session', async () => {
    a.shutdownPeer({ peer: 'to-b' });
    expect(() => a.clear({ peer: 'to-b', soft: 'in' })).toThrow('is not up (Idle)');
  });
});

describe('more prefixes than the limit', () => {
  const limited = (limit: object) =>
    a.addPeer('to-b', '192.0.2.2', 64_602, { families: ['ipv4-unicast'], maxPrefixes: { 'ipv4-unicast': limit } });

  it('warn first, then end the session until somebody enables it', async () => {
    limited({ limit: 2, warnAtPercent: 100, action: 'idle' });
    expect(codes(a)).toEqual([]);
    b.addInstance('198.51.100.3/32');
    await clock.advanceAsync(SECOND);
    expect(codes(a)).toEqual(['bgp-peer.prefix-limit-near']);
    b.addInstance('198.51.100.4/32');
    await clock.advanceAsync(SECOND);
    expect(a.neighbor('to-b')).toMatchObject({
      state: 'Idle',
      held: { cause: 'max-prefixes', reason: '3 prefixes of ipv4-unicast, the limit is 2' },
    });
    expect(a.learned()).toEqual([]);
    expect(codes(a)).toEqual(['bgp-peer.prefix-limit']);
    expect(b.neighbor('to-a').lastDown?.reason).toMatch(/Maximum Number of Prefixes Reached/);
    await clock.advanceAsync(3600 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Idle');
    await b.removeInstance('198.51.100.4/32');
    expect(a.clear({ peer: 'to-b' })).toEqual(['enabled']);
    await established(60);
    expect(a.learned()).toHaveLength(2);
  });

  it('end it for a while', async () => {
    limited({ limit: 1, action: 'restart', restartSeconds: 60 });
    b.addInstance('198.51.100.3/32');
    await clock.advanceAsync(30 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Idle');
    expect(a.neighbor('to-b').held?.resumesInSeconds).toBeCloseTo(30, 0);
    await b.removeInstance('198.51.100.3/32');
    await clock.advanceAsync(31 * SECOND);
    await established(60);
  });

  it('only warn, if so wished, and count at once what is there when the limit comes', async () => {
    b.addInstance('198.51.100.3/32');
    await clock.advanceAsync(SECOND);
    limited({ limit: 1, action: 'warn' });
    await clock.advanceAsync(SECOND);
    expect(a.neighbor('to-b')).toMatchObject({
      state: 'Established',
      prefixes: { 'ipv4-unicast': { received: 2, limit: 1 } },
    });
    expect(codes(a)).toEqual(['bgp-peer.prefix-limit']);
    limited({ limit: 1, action: 'idle' });
    await clock.advanceAsync(SECOND);
    expect(a.neighbor('to-b').state).toBe('Idle');
    limited({ limit: 2, action: 'idle' });
    await established(60);
  });
});

describe('clear while there is no session', () => {
  it('tries at once, however often it failed before, and never stops trying', async () => {
    b.shutDown();
    a.addPeer('to-b', '192.0.2.2', 64_602, { families: ['ipv4-unicast'], connectRetrySeconds: 3600 });
    await clock.advanceAsync(10);
    expect(a.neighbor('to-b').state).toBe('Idle');
    a.clear({ peer: 'to-b' });
    expect(a.neighbor('to-b').state).toBe('Connect');
    a.clear({ peer: 'to-b' });
    expect(a.neighbor('to-b').state).toBe('Idle');
    await clock.advanceAsync(10 * SECOND);
    expect(a.neighbor('to-b').state).toBe('Active');
    await b.start();
    await established();
  });
});
