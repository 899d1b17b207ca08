import type { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostPair } from '../lab/host-pair.ts';
import type { LabHost } from '../lab/lab-host.ts';
import type { MemoryNetwork } from '../lab/memory-transport.ts';

const IPV4 = { families: ['ipv4-unicast'] };
const FILE = '/etc/slash32/b';

let clock: FakeClock;
let network: MemoryNetwork;
let a: LabHost;
let b: LabHost;

beforeEach(async () => {
  ({ clock, network, a, b } = new HostPair());
  b.addPeer('to-a', '192.0.2.1', 64_601);
  await b.start();
});

async function reaches(state: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
    if (a.neighbor('to-b').state === state) return;
    await clock.advanceAsync(50);
  }
  throw new Error(`still ${a.neighbor('to-b').state}`);
}

/** Codes of what a has to say about its peers. */
const findings = () => a.status().findings.map(({ code }) => code);

describe('a peer with a password file', () => {
  it('neither calls nor answers before the password is there; the listener has the key before the session', async () => {
    a.addPeer('to-b', '192.0.2.2', 64_602, { ...IPV4, passwordFile: FILE });
    await a.start();
    await clock.advanceAsync(10_000);
    expect(network.openConnections).toBe(0);
    expect(a.admitted).toEqual([]);
    expect(a.status()).toMatchObject({ sessions: { configured: 1, established: 0 } });
    expect(a.neighbor('to-b')).toMatchObject({ state: 'Idle', lastDown: { reason: expect.stringContaining(FILE) } });
    expect(findings()).toEqual(['bgp-peer.no-password']);
    a.files.set(FILE, 'secret');
    await reaches('Established');
    expect(a.admitted).toMatchObject([
      { address: '192.0.2.2', protection: { md5Key: new TextEncoder().encode('secret') } },
    ]);
    expect(findings()).toEqual([]);
    expect(JSON.stringify([a.status(), a.neighbor('to-b')])).not.toContain('secret');
  });

  it('has a new session when the key changes, and none once the manifest names a file that is missing', async () => {
    a.files.set(FILE, 'one');
    a.addPeer('to-b', '192.0.2.2', 64_602, { ...IPV4, passwordFile: FILE });
    await a.start();
    await reaches('Established');
    a.files.set(FILE, 'one\n');
    await clock.advanceAsync(3000);
    expect(b.neighbor('to-a').lastDown).toBeUndefined();
    a.files.set(FILE, 'two');
    await clock.advanceAsync(1100);
    expect(b.neighbor('to-a').lastDown?.reason).toContain('Other Configuration Change');
    await reaches('Established');
    a.addPeer('to-b', '192.0.2.2', 64_602, { ...IPV4, passwordFile: '/nowhere' });
    await reaches('Idle');
    await clock.advanceAsync(10_000);
    expect(a.neighbor('to-b').state).toBe('Idle');
    expect(network.openConnections).toBe(0);
  });

  it('is a finding while the kernel has no room for its key, which is tried again', async () => {
    a.files.set(FILE, 'one');
    a.unprotected = new Map([['to-b', 'no room for the MD5 key']]);
    a.addPeer('to-b', '192.0.2.2', 64_602, { ...IPV4, passwordFile: FILE });
    await a.start();
    await clock.advanceAsync(1000);
    expect(a.status().findings).toMatchObject([
      { code: 'bgp-peer.unprotected', resource: 'BGPPeer/to-b', message: expect.stringContaining('no room') },
    ]);
    a.unprotected = new Map();
    await clock.advanceAsync(31_000);
    expect(findings()).toEqual([]);
  });
});
