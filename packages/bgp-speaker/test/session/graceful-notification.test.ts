import type { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostPair } from '../lab/host-pair.ts';
import { LabHost } from '../lab/lab-host.ts';

const SECOND = 1000;
const OF_A = '198.51.100.1/32 via 192.0.2.1';
const OF_B = '198.51.100.2/32 via 192.0.2.2';

let pair: HostPair;
let clock: FakeClock;
let a: LabHost;
let b: LabHost;

beforeEach(async () => {
  pair = new HostPair();
  ({ clock, a, b } = pair);
  await pair.prepare();
});

/** The session is up, with one route each way. */
async function start(specA: object = {}, specB: object = {}): Promise<void> {
  a.addPeer('to-b', '192.0.2.2', 64_602, { families: ['ipv4-unicast'], holdTimeSeconds: 9, ...specA });
  b.addPeer('to-a', '192.0.2.1', 64_601, { families: ['ipv4-unicast'], holdTimeSeconds: 9, ...specB });
  a.addInstance('198.51.100.1/32');
  b.addInstance('198.51.100.2/32');
  await a.start();
  await b.start();
  await established();
  await clock.advanceAsync(20 * SECOND);
  expect(a.learned()).toEqual([OF_B]);
  expect(b.learned().join()).toContain(OF_A);
  a.kernel.journal.length = 0;
  b.kernel.journal.length = 0;
}

const established = () => pair.established(60);

describe('where both keep routes over NOTIFICATIONs (RFC 8538)', () => {
  it('a session that is set up anew touches no route of either kernel', async () => {
    await start();
    a.clear({ peer: 'to-b' });
    await clock.advanceAsync(10);
    expect(a.neighbor('to-b').gracefulRestart).toEqual({ peerRestarting: true, staleRoutes: 1 });
    expect(b.neighbor('to-a').gracefulRestart).toEqual({ peerRestarting: true, staleRoutes: 1 });
    expect(b.neighbor('to-a').lastDown?.reason).toContain('received Cease/Administrative Reset (6/4)');
    await established();
    await clock.advanceAsync(SECOND);
    expect(b.neighbor('to-a').gracefulRestart).toEqual({ peerRestarting: false, staleRoutes: 0 });
    expect([a.kernel.journal, b.kernel.journal]).toEqual([[], []]);
  });

  it('a session that is set up anew the hard way keeps nothing on either side', async () => {
    await start();
    expect(a.clear({ peer: 'to-b', hard: true })).toEqual(['the session is set up anew']);
    await clock.advanceAsync(10);
    expect([a.learned(), b.learned()]).toEqual([[], []]);
    expect(b.neighbor('to-a').lastDown?.reason).toBe(
      'received Cease/Hard Reset (6/9): Cease/Administrative Reset (6/4)',
    );
    await established();
    await clock.advanceAsync(SECOND);
    expect([a.learned(), b.learned()]).toEqual([[OF_B], [OF_A]]);
  });

  it('a route that is not announced again goes at End-of-RIB', async () => {
    await start();
    a.clear({ peer: 'to-b' });
    await a.removeInstance('198.51.100.1/32');
    await clock.advanceAsync(10);
    expect(b.learned()).toEqual([OF_A]);
    await established();
    await clock.advanceAsync(SECOND);
    expect([a.learned(), b.learned()]).toEqual([[OF_B], []]);
  });

  it('an expired hold time keeps routes for the restart time, and no longer', async () => {
    await start({ gracefulRestart: { restartTimeSeconds: 60 } }, { gracefulRestart: { restartTimeSeconds: 60 } });
    pair.network.partitioned = true;
    await clock.advanceAsync(10 * SECOND);
    expect(a.neighbor('to-b').lastDown?.reason).toContain('sent Hold Timer Expired');
    expect([a.learned(), b.learned()]).toEqual([[OF_B], [OF_A]]);
    await clock.advanceAsync(60 * SECOND);
    expect([a.learned(), b.learned()]).toEqual([[], []]);
  });

  it('a router that fell silent is the last resort: the other one takes its traffic', async () => {
    const c = new LabHost(clock, pair.network, { name: 'c', address: '192.0.2.3', asNumber: 64_603 });
    await c.prepare();
    b.addPeer('to-c', '192.0.2.3', 64_603, { families: ['ipv4-unicast'] });
    c.addPeer('to-b', '192.0.2.2', 64_602, { families: ['ipv4-unicast'] });
    c.addInstance('198.51.100.1/32');
    await c.start();
    await start();
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.1 192.0.2.3']);
    a.vanish();
    await clock.advanceAsync(10 * SECOND);
    expect(b.neighbor('to-a').lastDown?.reason).toContain('Hold Timer Expired');
    expect(b.learned()).toEqual(['198.51.100.1/32 via 192.0.2.3']);
    expect(b.routes({ prefix: '198.51.100.1/32' }).map(({ source, stale, reason }) => [source, stale, reason])).toEqual(
      [
        ['to-c', false, 'best by router in session'],
        ['to-a', true, 'router in session: this one fell silent, and its routes are kept'],
      ],
    );
    c.shutdownPeer({ peer: 'to-b', reason: 'work' });
    await clock.advanceAsync(10);
    expect(b.learned()).toEqual([OF_A]);
  });

  it('a shutdown is a Hard Reset that says why, and ends the routes of both', async () => {
    await start();
    a.shutdownPeer({ peer: 'to-b', reason: 'moving racks' });
    await clock.advanceAsync(10);
    expect([a.learned(), b.learned()]).toEqual([[], []]);
    expect(b.neighbor('to-a').lastDown?.reason).toBe(
      'received Cease/Hard Reset (6/9): Cease/Administrative Shutdown (6/2): "moving racks"',
    );
    expect(a.neighbor('to-b').lastDown?.reason).toMatch(/^stopped, sent Cease\/Hard Reset/);
  });

  it('more prefixes than the limit, a changed setting and a removed peer end the routes of both', async () => {
    await start();
    b.addPeer('to-a', '192.0.2.1', 64_601, {
      families: ['ipv4-unicast'],
      maxPrefixes: { 'ipv4-unicast': { limit: 1, action: 'idle' } },
    });
    await established();
    await clock.advanceAsync(SECOND);
    expect(a.neighbor('to-b').lastDown?.reason).toContain('Hard Reset (6/9): Cease/Other Configuration Change');
    a.addInstance('198.51.100.11/32');
    await clock.advanceAsync(SECOND);
    expect([a.learned(), b.learned()]).toEqual([[], []]);
    expect(a.neighbor('to-b').lastDown?.reason).toContain('Hard Reset (6/9): Cease/Maximum Number of Prefixes');
  });
});

describe('where one side does not', () => {
  it('an expired hold time and a reset end the routes, and nothing is wrapped', async () => {
    await start({ gracefulRestart: { notifications: false } });
    expect(b.neighbor('to-a').remoteCapabilities.join()).not.toContain('notification');
    expect(b.neighbor('to-a').localCapabilities.join()).toMatch(/graceful-restart 120 s, .*notification/);
    a.clear({ peer: 'to-b' });
    await clock.advanceAsync(10);
    expect([a.learned(), b.learned()]).toEqual([[], []]);
    await established();
    await clock.advanceAsync(SECOND);
    b.shutdownPeer({ peer: 'to-a', reason: 'work' });
    await clock.advanceAsync(10);
    expect(a.neighbor('to-b').lastDown?.reason).toBe('received Cease/Administrative Shutdown (6/2): "work"');
  });
});
