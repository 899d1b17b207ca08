import { describe, expect, it } from 'vitest';
import { encodeAttributes } from '../../src/codec/attributes/attribute-encoder.ts';
import {
  attributesKey,
  type CodecContext,
  formatAttributes,
  formatCommunity,
  formatExtendedCommunity,
  type PathAttributes,
} from '../../src/codec/index.ts';
import { hex, PLAIN, readUpdate, sessionContext, toHex } from './message-fixtures.ts';

const EBGP = sessionContext();
const IBGP = sessionContext({ peerType: 'ibgp' });
const PLAIN_ROUTE: PathAttributes = { origin: 'igp', asPath: [{ type: 'sequence', asNumbers: [65_001] }] };

interface Pair {
  readonly name: string;
  /** The attribute's octets, written from its RFC. */
  readonly octets: string;
  readonly attributes: Partial<PathAttributes>;
  readonly shown: string;
  readonly context?: CodecContext;
}

/** One pair of octets and value for each attribute that a route can have, beside the plain route's own. */
const PAIRS: readonly Pair[] = [
  { name: 'MULTI_EXIT_DISC', octets: '800404 000000c8', attributes: { med: 200 }, shown: '200' },
  { name: 'LOCAL_PREF', octets: '400504 00000064', attributes: { localPref: 100 }, shown: '100', context: IBGP },
  { name: 'ATOMIC_AGGREGATE', octets: '400600', attributes: { atomicAggregate: true }, shown: 'yes' },
  {
    name: 'AGGREGATOR',
    octets: 'c00708 0000fde9 c0000201',
    attributes: { aggregator: { asNumber: 65_001, routerId: '192.0.2.1' } },
    shown: 'AS 65001 at 192.0.2.1',
  },
  {
    name: 'COMMUNITIES',
    octets: 'c00808 fde90064 ffffff01',
    attributes: { communities: [0xfde9_0064, 0xffff_ff01] },
    shown: '65001:100 NO_EXPORT',
  },
  {
    name: 'ORIGINATOR_ID',
    octets: '800904 c0000201',
    attributes: { originatorId: '192.0.2.1' },
    shown: '192.0.2.1',
    context: IBGP,
  },
  {
    name: 'CLUSTER_LIST',
    octets: '800a08 c0000202 c0000201',
    attributes: { clusterList: ['192.0.2.2', '192.0.2.1'] },
    shown: '192.0.2.2 192.0.2.1',
    context: IBGP,
  },
  {
    name: 'EXTENDED_COMMUNITIES',
    octets: 'c01010 0002fde900000064 0103c00002010007',
    attributes: { extendedCommunities: ['0002fde900000064', '0103c00002010007'] },
    shown: 'rt:65001:100 soo:192.0.2.1:7',
  },
  {
    name: 'LARGE_COMMUNITY',
    octets: 'c0200c 0000fde9 00000001 00000002',
    attributes: { largeCommunities: [{ globalAdministrator: 65_001, localData1: 1, localData2: 2 }] },
    shown: '65001:1:2',
  },
  { name: 'OTC', octets: 'c02304 0000fde9', attributes: { onlyToCustomer: 65_001 }, shown: '65001' },
];

/** Type code order: what stands ahead of the attribute in a plain route with LOCAL_PREF for iBGP. */
function wireOrder(pair: Pair): string {
  const localPref = pair.context === IBGP && pair.name !== 'LOCAL_PREF' ? '40050400000064' : '';
  const before = ['LOCAL_PREF', 'MULTI_EXIT_DISC'].includes(pair.name) ? '' : localPref;
  return toHex(hex(`${PLAIN} ${before} ${pair.octets}`));
}

describe('path attributes', () => {
  it.each(PAIRS.map((pair) => [pair.name, pair] as const))('%s', (name, pair) => {
    const context = pair.context ?? EBGP;
    const withPref = context === IBGP ? { localPref: 100 } : {};
    const attributes: PathAttributes = { ...PLAIN_ROUTE, ...withPref, ...pair.attributes };
    const wire = wireOrder(pair);
    expect(toHex(encodeAttributes({ attributes, nextHop: '10.0.0.2' }, context))).toBe(wire);
    const read = readUpdate({ attributes: wire, nlri: '200a000001' }, context);
    expect(read.errors).toEqual([]);
    expect(read.attributes).toEqual(attributes);
    expect(formatAttributes(attributes)).toContainEqual({ name, value: pair.shown });
  });

  it('does not send iBGP attributes to an eBGP peer', () => {
    const attributes: PathAttributes = {
      ...PLAIN_ROUTE,
      localPref: 1,
      originatorId: '192.0.2.1',
      clusterList: ['192.0.2.1'],
    };
    expect(toHex(encodeAttributes({ attributes, nextHop: '10.0.0.2' }, EBGP))).toBe(toHex(hex(PLAIN)));
  });

  it('does not send non-transitive extended communities out of the AS', () => {
    const attributes: PathAttributes = { ...PLAIN_ROUTE, extendedCommunities: ['4004fde900000001'] };
    expect(toHex(encodeAttributes({ attributes }, EBGP))).not.toContain('4004fde9');
    expect(toHex(encodeAttributes({ attributes }, IBGP))).toContain('4004fde9');
  });

  it('passes unknown transitive attributes on as partial, in type code order', () => {
    const read = readUpdate({ attributes: `c06302 0102 ${PLAIN} c01500 c02304 0000fde9`, nlri: '200a000001' });
    expect(read.attributes.unknown).toEqual([
      { typeCode: 21, flags: 0xc0, value: hex('') },
      { typeCode: 99, flags: 0xc0, value: hex('0102') },
    ]);
    const sent = toHex(encodeAttributes({ attributes: read.attributes, nextHop: '10.0.0.2' }, EBGP));
    expect(sent).toBe(toHex(hex(`${PLAIN} e01500 c02304 0000fde9 e06302 0102`)));
  });

  it('keeps a copy of an unknown value, not a view of the receive buffer', () => {
    const octets = hex('0102');
    const read = readUpdate({ attributes: `${PLAIN} c06302 ${toHex(octets)}`, nlri: '200a000001' });
    expect(read.attributes.unknown?.[0]?.value.buffer.byteLength).toBe(2);
  });

  it('refuses to pass on what is not unknown', () => {
    const unknown = (typeCode: number, flags: number) => ({
      ...PLAIN_ROUTE,
      unknown: [{ typeCode, flags, value: hex('') }],
    });
    expect(() => encodeAttributes({ attributes: unknown(2, 0xc0) }, EBGP)).toThrow(/attribute 2/);
    expect(() => encodeAttributes({ attributes: unknown(99, 0x80) }, EBGP)).toThrow(/optional transitive/);
  });

  it('uses the extended length only where it must', () => {
    const communities = (count: number) => Array.from({ length: count }, (_, index) => index);
    const sent = (count: number) =>
      toHex(encodeAttributes({ attributes: { ...PLAIN_ROUTE, communities: communities(count) } }, EBGP));
    expect(sent(63)).toContain('c008fc00000000');
    expect(sent(64)).toContain('d008010000000000');
    const unknown = [{ typeCode: 99, flags: 0xe0, value: new Uint8Array(255) }];
    expect(toHex(encodeAttributes({ attributes: { ...PLAIN_ROUTE, unknown } }, EBGP))).toContain('e063ff00');
  });
});

describe('attributesKey', () => {
  it('is equal for the same sets in another order, and only for those', () => {
    const key = (changes: Partial<PathAttributes>) => attributesKey({ ...PLAIN_ROUTE, ...changes });
    expect(key({ communities: [1, 2] })).toBe(key({ communities: [2, 1, 2] }));
    const keys = [
      {},
      { med: 0 },
      { localPref: 0 },
      { communities: [1] },
      { origin: 'egp' as const },
      { asPath: [] },
    ].map(key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('tells next hops apart', () => {
    const hops = [
      undefined,
      { address: '10.0.0.1' },
      { address: '10.0.0.2' },
      { address: '10.0.0.1', linkLocal: 'fe80::1' },
    ];
    expect(new Set(hops.map((hop) => attributesKey(PLAIN_ROUTE, hop))).size).toBe(4);
  });
});

describe('communities for people', () => {
  it.each([
    [0xffff_0000, 'GRACEFUL_SHUTDOWN'],
    [0xffff_029a, 'BLACKHOLE'],
    [0xffff_ff02, 'NO_ADVERTISE'],
    [0x0001_0002, '1:2'],
    [0xffff_ffff, '65535:65535'],
  ])('%i is %s', (value, text) => {
    expect(formatCommunity(value)).toBe(text);
  });

  it.each([
    ['0002fde900000064', 'rt:65001:100'],
    ['0102c00002010007', 'rt:192.0.2.1:7'],
    ['0202fa56ea010007', 'rt:4200000001:7'],
    ['8006000000000000', '0x8006000000000000'],
    ['4302000000000000', '0x4302000000000000'],
  ])('%s is %s', (value, text) => {
    expect(formatExtendedCommunity(value)).toBe(text);
  });
});
