import { bgpPeerSchema, hostSchema } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import type { PasswordState } from '../../src/peers/password-files.ts';
import { EMPTY_PLAN, planPeers } from '../../src/peers/peer-plan.ts';
import { protectionOf } from '../../src/peers/peer-protection.ts';
import { fieldsNeedingReset, isOnLink, type PeerSettings } from '../../src/peers/peer-settings.ts';
import { readyPeers } from '../../src/peers/ready-peers.ts';

const API = 'slash32.dev/v1';
const KEY = new TextEncoder().encode('secret');

function settings(spec: object): PeerSettings {
  const host = hostSchema.parse({
    apiVersion: API,
    kind: 'Host',
    metadata: { name: 'h1' },
    spec: { address: '192.0.2.1', asNumber: 64_601 },
  });
  const peer = bgpPeerSchema.parse({
    apiVersion: API,
    kind: 'BGPPeer',
    metadata: { name: 'tor' },
    spec: { hosts: 'all()', asNumber: 65_000, ...spec },
  });
  const planned = planPeers('h1', { host, peers: new Map([['tor', peer]]) }, EMPTY_PLAN).peers.get('tor');
  if (planned === undefined) throw new Error('not planned');
  return planned;
}

function readiness(spec: object, known: { password?: PasswordState; router?: string; failure?: string } = {}) {
  return readyPeers(new Map([['tor', settings(spec)]]), {
    passwordOf: () => known.password,
    routerOn: (device) => (device === 'eth1' ? known.router : undefined),
    announceFailureOn: () => known.failure,
  });
}

const ADDRESS = { address: '192.0.2.254' };
const FILE = { ...ADDRESS, passwordFile: '/etc/slash32/tor' };

describe('a peer is ready', () => {
  it('as it is, if it needs nothing', () => {
    expect(readiness(ADDRESS)).toEqual({
      ready: new Map([['tor', { settings: settings(ADDRESS) }]]),
      waiting: new Map(),
      undecided: new Map(),
      findings: [],
    });
  });

  it('with its key, which is not among its settings', () => {
    const { ready, findings } = readiness(FILE, { password: { key: KEY, keyId: 7 } });
    expect(ready.get('tor')).toEqual({ settings: { ...settings(FILE), passwordId: 7 }, md5Key: KEY });
    expect(JSON.stringify(ready.get('tor')?.settings)).not.toContain('secret');
    expect(findings).toEqual([]);
  });

  it('with the last key of a file that cannot be read any more, with a warning', () => {
    const { ready, findings } = readiness(FILE, { password: { key: KEY, keyId: 7, problem: 'is empty' } });
    expect(ready.get('tor')?.md5Key).toBe(KEY);
    expect(findings).toMatchObject([{ code: 'bgp-peer.no-password', severity: 'warning' }]);
  });

  it('at the address of the router that was found', () => {
    expect(readiness({ interface: 'eth1' }, { router: 'fe80::a' }).ready.get('tor')?.settings).toMatchObject({
      interface: 'eth1',
      address: 'fe80::a',
    });
  });
});

describe('a peer has no session', () => {
  it('without its password', () => {
    const { ready, waiting, findings } = readiness(FILE, { password: { problem: 'cannot be read (ENOENT)' } });
    expect(ready.size).toBe(0);
    expect(findings).toMatchObject([{ code: 'bgp-peer.no-password', severity: 'error', path: 'spec.passwordFile' }]);
    expect(waiting.get('tor')?.reason).toBe(
      '/etc/slash32/tor cannot be read (ENOENT); write the password into it, readable by the speaker; the session stays closed until then',
    );
  });

  it('without a router, whatever is in the way', () => {
    expect(readiness({ interface: 'eth1' }).findings).toMatchObject([
      { code: 'bgp-peer.no-router', message: expect.stringContaining('no router is known on eth1') },
    ]);
    expect(readiness({ interface: 'eth1' }, { failure: 'no such interface' }).waiting.get('tor')?.reason).toBe(
      'no such interface',
    );
  });

  it('yet, while its file is read', () => {
    const { ready, waiting, undecided } = readiness(FILE);
    expect([ready.size, waiting.size, [...undecided.keys()]]).toEqual([0, 0, ['tor']]);
  });
});

describe('protection of a peer', () => {
  it.each([
    ['eBGP: the link', ADDRESS, { hopLimit: 1 }],
    ['eBGP over hops', { ...ADDRESS, multihopTtl: 5 }, { hopLimit: 5 }],
    ['iBGP: anywhere', { ...ADDRESS, asNumber: 64_601 }, {}],
    ['TTL security on the link', { ...ADDRESS, ttlSecurity: { hops: 1 } }, { hopLimit: 255, minHopLimit: 255 }],
    ['TTL security over hops', { ...ADDRESS, ttlSecurity: { hops: 4 } }, { hopLimit: 255, minHopLimit: 252 }],
    ['an interface', { interface: 'eth1' }, { hopLimit: 1 }],
  ])('%s', (_, spec, protection) => {
    expect(protectionOf(settings(spec), undefined)).toEqual(protection);
    expect(protectionOf(settings(spec), KEY)).toEqual({ ...protection, md5Key: KEY });
  });

  it('of a peer more than one hop away: it is not on the link', () => {
    expect(isOnLink(settings({ ...ADDRESS, ttlSecurity: { hops: 1 } }))).toBe(true);
    expect(isOnLink(settings({ ...ADDRESS, ttlSecurity: { hops: 2 } }))).toBe(false);
    expect(isOnLink(settings({ interface: 'eth1', asNumber: 64_601 }))).toBe(true);
  });

  it('takes a new session when the key changes, not when the file does', () => {
    const before = { ...settings(FILE), passwordId: 1 };
    expect(fieldsNeedingReset(before, { ...before, passwordId: 2 })).toEqual(['passwordId']);
    expect(fieldsNeedingReset(before, { ...before, passwordFile: '/elsewhere' })).toEqual([]);
    expect(fieldsNeedingReset(settings(ADDRESS), before)).toEqual(['passwordId']);
  });
});
