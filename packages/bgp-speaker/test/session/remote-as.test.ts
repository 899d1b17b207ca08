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

async function startRouter(asNumber: number): Promise<LabHost> {
  const router = new LabHost(clock, network, { name: 'b', address: '192.0.2.2', asNumber });
  await router.prepare();
  router.addPeer('to-a', '192.0.2.1', 64_601);
  await router.start();
  return router;
}

describe('AS number of the router', () => {
  it.each([
    ['external', 64_902],
    ['internal', 64_601],
    [[64_901, 64_902], 64_902],
  ] as const)('%j takes AS %i, and tells', async (asNumber, remoteAsNumber) => {
    a.addPeer('to-b', '192.0.2.2', 0, { asNumber });
    await a.start();
    expect(a.neighbor('to-b').remoteAsNumber).toBe(asNumber === 'internal' ? remoteAsNumber : undefined);
    await startRouter(remoteAsNumber);
    await clock.advanceAsync(10 * SECOND);
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Established', remoteAsNumber });
  });

  it.each([
    ['external', 64_601, 'external (any but our own 64601)'],
    ['internal', 64_902, 'internal (our own 64601)'],
    [[64_901, 64_903], 64_902, '64901 or 64903'],
  ] as const)('%j refuses AS %i with Bad Peer AS on both sides', async (asNumber, remoteAsNumber, words) => {
    a.addPeer('to-b', '192.0.2.2', 0, { asNumber });
    await a.start();
    const b = await startRouter(remoteAsNumber);
    await clock.advanceAsync(10 * SECOND);
    expect(a.neighbor('to-b').state).not.toBe('Established');
    expect(a.neighbor('to-b').lastDown?.reason).toContain('Bad Peer AS');
    expect(a.neighbor('to-b').lastDown?.reason).toContain(`AS number ${remoteAsNumber} is not the configured ${words}`);
    expect(b.neighbor('to-a').lastDown?.reason).toContain('Bad Peer AS');
  });

  it('drops routes that were kept for a router of another AS', async () => {
    a.addPeer('to-b', '192.0.2.2', 0, { asNumber: 'external' });
    await a.start();
    const b = await startRouter(64_902);
    b.addInstance('198.51.100.7/32');
    await clock.advanceAsync(10 * SECOND);
    expect(a.learned()).toEqual(['198.51.100.7/32 via 192.0.2.2']);
    b.kill();
    await clock.advanceAsync(SECOND);
    expect(a.learned()).toHaveLength(1);
    const other = await startRouter(64_999);
    for (let tries = 0; tries < 100 && other.neighbor('to-a').state !== 'Established'; tries += 1) {
      await clock.advanceAsync(50);
    }
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Established', remoteAsNumber: 64_999 });
    expect(a.neighbor('to-b').prefixes['ipv4-unicast']?.received).toBe(0);
  });
});
