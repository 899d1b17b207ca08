import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

const SECOND = 1000;
const NONE = { missing: 7, unexpected: 8, wrong: 9 };

let clock: FakeClock;
let a: LabHost;

beforeEach(async () => {
  clock = new FakeClock();
  a = new LabHost(clock, new MemoryNetwork(clock), { name: 'a', address: '192.0.2.1', asNumber: 64_601 });
  await a.prepare();
  // What was counted before we came says nothing.
  a.signatures = NONE;
  a.files.set('/etc/tor', 'secret');
  a.addPeer('signed', '192.0.2.2', 64_902, { passive: true, passwordFile: '/etc/tor' });
  a.addPeer('plain', '192.0.2.3', 64_903, { passive: true });
  await a.start();
  await clock.advanceAsync(20 * SECOND);
});

const hints = () => a.neighbors().map(({ peer, hint }) => [peer, hint] as const);
const codes = () => a.status().findings.map(({ code, resource }) => `${code} ${resource}`);

describe('segments with bad signatures', () => {
  it('say nothing while there are none', () => {
    expect(hints()).toEqual([
      ['plain', undefined],
      ['signed', undefined],
    ]);
    expect(codes()).toEqual([]);
  });

  it.each([
    ['wrong', '1 segment with the MD5 signature of another password came to this host within two minutes', 'signed'],
    ['missing', '1 segment without MD5 signature came to this host within two minutes', 'signed'],
    ['unexpected', '1 segment with an MD5 signature that nothing here asks for came to this host', 'plain'],
  ] as const)('%s ones hint at a peer without session: %s', async (kind, text, peer) => {
    a.signatures = { ...NONE, [kind]: NONE[kind] + 1 };
    await clock.advanceAsync(6 * SECOND);
    expect(a.neighbor(peer).hint).toContain(text);
    expect(hints().filter(([, hint]) => hint !== undefined)).toHaveLength(1);
    expect(codes()).toEqual([`bgp-peer.bad-signatures BGPPeer/${peer}`]);
    await clock.advanceAsync(130 * SECOND);
    expect(codes()).toEqual([]);
  });

  it('are told of a range with a password', async () => {
    a.addRange('tors', '192.0.2.0/28', 'external', { passwordFile: '/etc/tor' });
    a.addRange('open', '198.51.100.0/24', 'external');
    a.removePeer('signed');
    await clock.advanceAsync(20 * SECOND);
    a.signatures = { missing: 9, unexpected: 8, wrong: 12 };
    await clock.advanceAsync(6 * SECOND);
    expect(a.neighbor('tors').hint).toBe(
      '3 segments with the MD5 signature of another password and 2 segments without MD5 signature came to this host within two minutes, and were dropped; if they are of a router of 192.0.2.0/28: check that the password is the same on both sides',
    );
    expect(a.neighbor('open').hint).toBeUndefined();
  });

  it('are not told where the kernel does not count', async () => {
    a.signatures = undefined;
    await clock.advanceAsync(20 * SECOND);
    a.signatures = { missing: 100, unexpected: 100, wrong: 100 };
    await clock.advanceAsync(6 * SECOND);
    expect(codes()).toEqual([]);
  });
});
