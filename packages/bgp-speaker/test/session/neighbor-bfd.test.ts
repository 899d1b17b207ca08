import type { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { SpeakerMetrics } from '../../src/daemon/speaker-metrics.ts';
import { FakeBfd } from '../lab/fake-bfd.ts';
import { HostPair } from '../lab/host-pair.ts';
import type { LabHost } from '../lab/lab-host.ts';

const INSTANCE = '203.0.113.10/32';
const LEARNED = `${INSTANCE} via 192.0.2.2`;
const EXPIRED = { state: 'Down', localDiagnostic: 'Control Detection Time Expired' } as const;

let clock: FakeClock;
let bfd: FakeBfd;
let a: LabHost;
let b: LabHost;

beforeEach(async () => {
  bfd = new FakeBfd();
  const pair = new HostPair({ bfd });
  ({ clock, a, b } = pair);
  await pair.prepare();
  b.addInstance(INSTANCE);
});

async function start(bfdSpec: unknown = true): Promise<void> {
  a.addPeer('to-b', '192.0.2.2', 64_602, { bfd: bfdSpec });
  b.addPeer('to-a', '192.0.2.1', 64_601);
  await a.start();
  await b.start();
}

async function until(what: string, met: () => boolean, withinMs = 10_000): Promise<void> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 10) {
    if (met()) return;
    await clock.advanceAsync(10);
  }
  throw new Error(`not within ${withinMs} ms: ${what}`);
}

const bfdFindings = () => a.status().findings.filter(({ code }) => code === 'bgp-peer.bfd-problem');

async function learned(): Promise<void> {
  await until('session and route', () => a.learned().length === 1);
}

describe('a session with BFD', () => {
  it('does not wait for BFD to come up', async () => {
    await start();
    await learned();
    bfd.report({ state: 'Down' });
    bfd.report({ state: 'Init' });
    bfd.report({ state: 'Down', localDiagnostic: 'Control Detection Time Expired' });
    await clock.advanceAsync(1000);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Established', bfd: { state: 'Down' } });
  });

  it('ends with Cease/BFD Down when BFD was Up, and its routes go at once', async () => {
    await start();
    await learned();
    bfd.report({ state: 'Up', detectionMs: 300, transmitMs: 100 });
    bfd.report(EXPIRED);
    await clock.advanceAsync(5);
    expect(a.neighbor('to-b').state).not.toBe('Established');
    expect(a.learned()).toEqual([]);
    expect(a.neighbor('to-b')).toMatchObject({
      lastDown: { reason: expect.stringContaining('BFD Down') },
      bfd: { lastDown: { at: '2026-01-01T00:00:00.000Z', reason: 'Control Detection Time Expired' } },
    });
    await until('the peer was told', () => b.neighbor('to-a').lastDown?.reason.includes('BFD Down') === true);
    await learned();
  });

  it('ends when the router signals Down', async () => {
    await start();
    await learned();
    bfd.report({ state: 'Up' });
    bfd.report({ state: 'Down', localDiagnostic: 'Neighbor Signaled Session Down' });
    await clock.advanceAsync(5);
    expect(a.learned()).toEqual([]);
  });

  it('stays when the router ends its BFD in order', async () => {
    await start();
    await learned();
    bfd.report({ state: 'Up' });
    bfd.report({ state: 'Down', remoteState: 'AdminDown', localDiagnostic: 'Neighbor Signaled Session Down' });
    await clock.advanceAsync(1000);
    expect(a.neighbor('to-b')).toMatchObject({
      state: 'Established',
      bfd: { lastDown: { reason: 'the router ended its side' } },
    });
    expect(a.learned()).toEqual([LEARNED]);
  });

  it('keeps the routes of a router that restarts gracefully, whose BFD dies with it', async () => {
    await start();
    await learned();
    bfd.report({ state: 'Up' });
    b.kill();
    await until('restart seen', () => a.neighbor('to-b').gracefulRestart?.peerRestarting === true);
    bfd.report(EXPIRED);
    await clock.advanceAsync(1000);
    expect(a.learned()).toEqual([LEARNED]);
    await b.start();
    await until('back', () => a.neighbor('to-b').state === 'Established');
    await until('confirmed', () => a.neighbor('to-b').gracefulRestart?.staleRoutes === 0);
    expect(a.learned()).toEqual([LEARNED]);
    bfd.report({ state: 'Up' });
    bfd.report(EXPIRED);
    await clock.advanceAsync(5);
    expect(a.learned()).toEqual([]);
  });

  it('takes new timers without a new session, on both', async () => {
    await start({ minTxMs: 50, minRxMs: 60, multiplier: 4 });
    await learned();
    expect(bfd.sessions.map(({ settings }) => settings)).toEqual([
      {
        endpoint: { remoteAddress: '192.0.2.2', multihop: false },
        timers: { desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 60_000, detectMultiplier: 4 },
      },
    ]);
    a.applyResources();
    expect(bfd.configured).toEqual([]);
    a.addPeer('to-b', '192.0.2.2', 64_602, { bfd: true });
    expect(bfd.configured).toEqual([
      { desiredMinTxIntervalUs: 100_000, requiredMinRxIntervalUs: 100_000, detectMultiplier: 3 },
    ]);
    expect(a.neighbor('to-b').state).toBe('Established');
    expect(bfd.sessions).toHaveLength(1);
  });

  it('gets and loses its BFD while it is up', async () => {
    await start(false);
    await learned();
    expect(bfd.sessions).toEqual([]);
    expect(a.neighbor('to-b')).not.toHaveProperty('bfd');
    a.addPeer('to-b', '192.0.2.2', 64_602, { bfd: true });
    expect(bfd.running).toHaveLength(1);
    bfd.report({ state: 'Up' });
    a.addPeer('to-b', '192.0.2.2', 64_602);
    expect(bfd.running).toEqual([]);
    expect(a.neighbor('to-b').state).toBe('Established');
  });

  it('ends its BFD when the peer is removed, and when the speaker stops', async () => {
    await start();
    await learned();
    a.removePeer('to-b');
    expect(bfd.running).toEqual([]);
    a.addPeer('to-b', '192.0.2.2', 64_602, { bfd: true });
    expect(bfd.running).toHaveLength(1);
    a.shutDown();
    expect(bfd.running).toEqual([]);
  });

  it('is multihop where the router is not on the link', async () => {
    a.addPeer('far', '198.51.100.1', 64_700, { bfd: true, multihopTtl: 4, localAddress: '192.0.2.1' });
    a.addPeer('inside', '198.51.100.2', 64_601, { bfd: true });
    await a.start();
    expect(bfd.sessions.map(({ settings }) => settings.endpoint)).toEqual([
      { remoteAddress: '198.51.100.1', localAddress: '192.0.2.1', multihop: true },
      { remoteAddress: '198.51.100.2', multihop: true },
    ]);
  });

  it('reports what keeps BFD from working', async () => {
    await start();
    bfd.report({ state: 'Down', problem: 'cannot use UDP port 3784 of 0.0.0.0: Address already in use' });
    expect(a.neighbor('to-b').bfd).toEqual({
      state: 'Down',
      remoteState: 'Down',
      multihop: false,
      packets: { sent: 4, received: 3, discarded: 2, hopLimitDiscarded: 1 },
      problem: 'cannot use UDP port 3784 of 0.0.0.0: Address already in use',
    });
    expect(a.status().findings).toContainEqual({
      code: 'bgp-peer.bfd-problem',
      resource: 'BGPPeer/to-b',
      path: 'spec.bfd',
      severity: 'warning',
      message: expect.stringMatching(/^BFD with 192\.0\.2\.2 does not work: cannot use UDP port 3784/),
    });
    bfd.report({ state: 'Down' });
    expect(a.status().findings).toEqual([]);
    bfd.failure = 'the thread ended';
    expect(a.status().findings).toMatchObject([{ code: 'bgp-peer.bfd-problem' }]);
  });

  it.each([
    ['AdminDown', {}, 'it is shut down at the router'],
    ['Down', {}, 'it is Down here and Down at the router'],
    ['Down', { received: 0 }, 'its packets come from more than one hop away; set multihopTtl'],
    ['Down', { received: 0, hopLimitDiscarded: 0 }, 'the router sends no BFD packets'],
  ] as const)('says why BFD is not Up while BGP is: %s %j', async (remoteState, counts, reason) => {
    bfd.counts = { ...bfd.counts, ...counts };
    await start();
    bfd.report({ state: 'Down', remoteState });
    await learned();
    expect(bfdFindings()).toEqual([]);
    await clock.advanceAsync(10_000);
    expect(bfdFindings()).toMatchObject([
      { code: 'bgp-peer.bfd-problem', message: expect.stringContaining(`does not work: ${reason}`) },
    ]);
    bfd.report({ state: 'Up' });
    expect(bfdFindings()).toEqual([]);
    b.kill();
    await until('BGP is down', () => a.neighbor('to-b').state !== 'Established');
    bfd.report(EXPIRED);
    await clock.advanceAsync(20_000);
    expect(bfdFindings()).toEqual([]);
  });

  it('is in the metrics', async () => {
    a.addPeer('plain', '192.0.2.3', 64_603);
    await start();
    bfd.report({ state: 'Up', detectionMs: 300 });
    const metrics = new SpeakerMetrics(
      () => a.speaker,
      () => true,
    );
    await metrics.registry.text();
    const lines = (await metrics.registry.text()).split('\n').filter((line) => line.startsWith('slash32_bgp_bfd_'));
    expect(lines).toEqual([
      'slash32_bgp_bfd_session_up{peer="to-b"} 1',
      'slash32_bgp_bfd_detection_seconds{peer="to-b"} 0.3',
      'slash32_bgp_bfd_packets_total{peer="to-b",kind="sent"} 4',
      'slash32_bgp_bfd_packets_total{peer="to-b",kind="received"} 3',
      'slash32_bgp_bfd_packets_total{peer="to-b",kind="discarded"} 2',
      'slash32_bgp_bfd_packets_total{peer="to-b",kind="hopLimitDiscarded"} 1',
    ]);
  });
});
