import { describe, expect, it } from 'vitest';
import { ATTRIBUTE_TABLE } from '../../src/codec/attributes/attribute-table.ts';
import { decodeUpdate, type UpdateErrorAction } from '../../src/codec/index.ts';
import {
  hex,
  message,
  NO_FAMILIES,
  PLAIN,
  prefixTexts,
  readUpdate,
  sessionContext,
  toHex,
} from './message-fixtures.ts';

const EBGP = sessionContext();
const IBGP = sessionContext({ peerType: 'ibgp' });
const NLRI = '200a000001';
const ROUTE = '10.0.0.1/32';
const ORIGIN = '40010100';
const AS_PATH = '40020602010000fde9';
const NEXT_HOP = '4003040a000002';
const LOCAL_PREF = '40050400000064';

/** Per attribute and kind of peer: what RFC 7606 section 7 (or the attribute's RFC) says of a malformed value. */
const MALFORMED: readonly (readonly [string, string, UpdateErrorAction, UpdateErrorAction, number])[] = [
  ['ORIGIN of two octets', '4001020000', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['ORIGIN 3', '40010103', 'treat-as-withdraw', 'treat-as-withdraw', 6],
  ['NEXT_HOP of three octets', '4003030a0000', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['NEXT_HOP 0.0.0.0', '40030400000000', 'treat-as-withdraw', 'treat-as-withdraw', 8],
  ['NEXT_HOP 127.0.0.1', '4003047f000001', 'treat-as-withdraw', 'treat-as-withdraw', 8],
  ['NEXT_HOP 240.0.0.1', '400304f0000001', 'treat-as-withdraw', 'treat-as-withdraw', 8],
  ['NEXT_HOP 224.0.0.1', '400304e0000001', 'treat-as-withdraw', 'treat-as-withdraw', 8],
  ['MULTI_EXIT_DISC of three octets', '800403000000', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['LOCAL_PREF of three octets', '400503000000', 'attribute-discard', 'treat-as-withdraw', 5],
  ['ATOMIC_AGGREGATE of one octet', '40060100', 'attribute-discard', 'attribute-discard', 5],
  ['AGGREGATOR of six octets', 'c00706fde9c0000201', 'attribute-discard', 'attribute-discard', 5],
  ['AGGREGATOR of AS 0', 'c0070800000000c0000201', 'attribute-discard', 'attribute-discard', 9],
  ['COMMUNITIES of no octets', 'c00800', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['COMMUNITIES of five octets', 'c008050000000000', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['ORIGINATOR_ID of three octets', '800903000000', 'attribute-discard', 'treat-as-withdraw', 5],
  ['CLUSTER_LIST of no octets', '800a00', 'attribute-discard', 'treat-as-withdraw', 5],
  ['EXTENDED_COMMUNITIES of seven octets', 'c0100700000000000000', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['IPV6_EXTENDED_COMMUNITIES of no octets', 'c01900', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['IPV6_EXTENDED_COMMUNITIES of 21 octets', `c01915${'00'.repeat(21)}`, 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['AIGP with the Transitive bit', 'c01a0b01000b0000000000000001', 'attribute-discard', 'attribute-discard', 4],
  ['LARGE_COMMUNITY of no octets', 'c02000', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['OTC of two octets', 'c02302fde9', 'treat-as-withdraw', 'treat-as-withdraw', 5],
  ['PREFIX_SID', 'c0280100', 'attribute-discard', 'attribute-discard', 9],
];

/** A plain route's attributes, but for the one that `attribute` replaces. */
function routeWith(attribute: string, ibgp: boolean): string {
  const typeCode = attribute.slice(2, 4);
  const plain = ibgp ? [ORIGIN, AS_PATH, NEXT_HOP, LOCAL_PREF] : [ORIGIN, AS_PATH, NEXT_HOP];
  return [...plain.filter((one) => one.slice(2, 4) !== typeCode), attribute].join('');
}

describe('RFC 7606 section 7', () => {
  it.each(MALFORMED)('%s', (_name, attribute, fromEbgp, fromIbgp, subcode) => {
    for (const [context, action] of [
      [EBGP, fromEbgp],
      [IBGP, fromIbgp],
    ] as const) {
      const read = readUpdate({ attributes: routeWith(attribute, context === IBGP), nlri: NLRI }, context);
      expect(read.action).toBe(action);
      expect(read.notification).toBeUndefined();
      expect(read.errors).toHaveLength(1);
      const withdrawn = action === 'treat-as-withdraw';
      expect(prefixTexts(read.withdrawn)).toEqual(withdrawn ? [ROUTE] : []);
      expect(prefixTexts(read.reachable)).toEqual(withdrawn ? [] : [ROUTE]);
      if (withdrawn) {
        expect(read.errors[0]?.notification).toEqual({ code: 3, subcode, data: hex(attribute) });
      }
    }
  });

  it.each(ATTRIBUTE_TABLE.map((row) => [row.name, row] as const))('wrong flags of %s', (_name, row) => {
    // Well-known becomes optional; the others become well-known. One octet: whatever it is, flags come first.
    const flags = row.category === 'well-known' ? 'c0' : '40';
    const attribute = `${flags}${row.typeCode.toString(16).padStart(2, '0')}00`;
    const read = readUpdate({ attributes: routeWith(attribute, true), nlri: NLRI }, IBGP);
    const hidesNlri = row.name.startsWith('MP_');
    expect(read.action).toBe(hidesNlri ? 'session-reset' : (row.onFlagsError ?? 'treat-as-withdraw'));
    if (!hidesNlri) expect(read.errors[0]?.notification.subcode).toBe(4);
  });

  it('withdraws the routes of an MP_REACH_NLRI with wrong flags', () => {
    const mpReach = 'c00e1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8';
    const read = readUpdate({ attributes: `${ORIGIN} ${AS_PATH} ${mpReach}` });
    expect(read.action).toBe('treat-as-withdraw');
    expect(prefixTexts(read.withdrawn)).toEqual(['2001:db8::/32']);
  });
});

describe('NEXT_HOP in a message whose routes are all in MP_REACH_NLRI (RFC 4760 section 3)', () => {
  const mpReach = '800e1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8';

  it.each(['40030400000000', '4003030a0000', 'c003040a000002'])('is ignored, whatever it holds: %s', (attribute) => {
    const read = readUpdate({ attributes: `${mpReach} ${ORIGIN} ${AS_PATH} ${attribute}` });
    expect(read.action).toBe('attribute-discard');
    expect(prefixTexts(read.reachable)).toEqual(['2001:db8::/32']);
  });

  it('counts if the NLRI field has routes as well, or nothing has', () => {
    const attributes = `${mpReach} ${ORIGIN} ${AS_PATH} 40030400000000`;
    expect(readUpdate({ attributes, nlri: NLRI }).action).toBe('treat-as-withdraw');
    expect(readUpdate({ attributes: `${ORIGIN} ${AS_PATH} 40030400000000` }).action).toBe('session-reset');
  });
});

describe('RFC 7606 sections 3 to 5', () => {
  it('lets the strongest action win, and names every error', () => {
    const read = readUpdate({ attributes: `${PLAIN} 40060100 c00800 ${ORIGIN}`, nlri: NLRI });
    expect(read.action).toBe('treat-as-withdraw');
    expect(read.errors.map(({ attribute, action }) => [attribute, action])).toEqual([
      ['ATOMIC_AGGREGATE', 'attribute-discard'],
      ['COMMUNITIES', 'treat-as-withdraw'],
      ['ORIGIN', 'attribute-discard'],
    ]);
  });

  it('still applies what the message withdraws', () => {
    const read = readUpdate({ withdrawn: '200a000009', attributes: `${AS_PATH} ${NEXT_HOP}`, nlri: NLRI });
    expect(prefixTexts(read.withdrawn)).toEqual(['10.0.0.9/32', ROUTE]);
  });

  it.each([
    ['attribute of which only the flags are there', '40'],
    ['extended length cut off', '500100'],
    ['value beyond the attributes', 'c00810ffffff01'],
  ])('withdraws after an %s (section 4)', (_name, rest) => {
    const read = readUpdate({ attributes: `${PLAIN} ${rest}`, nlri: NLRI });
    expect(read).toMatchObject({ action: 'treat-as-withdraw', reachable: [] });
    expect(prefixTexts(read.withdrawn)).toEqual([ROUTE]);
  });

  it('does not take the NLRI field for the type of an attribute that is cut off', () => {
    const read = readUpdate({ attributes: `${PLAIN} 40`, nlri: '0e0a00' });
    expect(read.action).toBe('treat-as-withdraw');
    expect(prefixTexts(read.withdrawn)).toEqual(['10.0.0.0/14']);
  });

  it.each([
    ['NLRI', { attributes: PLAIN, nlri: '200a0000' }],
    ['Withdrawn Routes', { withdrawn: '200a0000', attributes: PLAIN, nlri: NLRI }],
  ])('resets for a prefix in %s that lacks its last octet (section 5.3)', (attribute, fields) => {
    expect(readUpdate(fields)).toMatchObject({
      action: 'session-reset',
      notification: { code: 3, subcode: 10 },
      errors: [{ attribute }],
    });
  });

  it('says which length field is wrong', () => {
    const reasonOf = (body: string) => decodeUpdate(message(2, hex(body)), EBGP).errors[0]?.reason;
    expect(reasonOf('0005 0000')).toBe('Withdrawn Routes Length exceeds the message');
    expect(reasonOf('0000 0001')).toBe('Total Path Attribute Length exceeds the message');
  });

  it('resets if the attribute that is cut off holds the NLRI', () => {
    const read = readUpdate({ attributes: `${ORIGIN} ${AS_PATH} 800e40 000201`, nlri: NLRI });
    expect(read).toMatchObject({ action: 'session-reset', notification: { code: 3, subcode: 9 } });
  });

  it('resets for an error without a route to withdraw (section 5.2), but not for one to discard', () => {
    expect(readUpdate({ attributes: 'c00800' })).toMatchObject({
      action: 'session-reset',
      notification: { code: 3, subcode: 5 },
      withdrawn: [],
    });
    expect(readUpdate({ attributes: '40060100' }).action).toBe('attribute-discard');
  });

  it('requires LOCAL_PREF of iBGP peers, NEXT_HOP for the NLRI field only, and nothing for a withdrawal', () => {
    expect(readUpdate({ attributes: PLAIN, nlri: NLRI }, IBGP).errors[0]).toMatchObject({
      attribute: 'LOCAL_PREF',
      notification: { code: 3, subcode: 3, data: hex('05') },
    });
    const mpReach = '800e1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8';
    expect(readUpdate({ attributes: `${ORIGIN} ${AS_PATH} ${mpReach}` }).errors).toEqual([]);
    expect(readUpdate({ withdrawn: NLRI }, IBGP).errors).toEqual([]);
    expect(readUpdate({ attributes: '800f08 0002 01 20 20010db8' }, IBGP).errors).toEqual([]);
  });

  it('limits the data of a NOTIFICATION to what fits', () => {
    const long = `50630fff${'00'.repeat(4095)}`;
    const context = sessionContext({ extendedMessages: true });
    const read = readUpdate({ attributes: `${PLAIN}${long}`, nlri: NLRI }, context);
    expect(read.notification).toMatchObject({ code: 3, subcode: 2 });
    expect(read.notification?.data).toHaveLength(4075);
  });
});

describe('multiprotocol attributes (RFC 4760)', () => {
  const reach = (value: string) => `800e${hex(value).length.toString(16).padStart(2, '0')}${value}`;
  const HOP = '20010db8000000000000000000000001';
  const LINK_LOCAL = 'fe800000000000000000000000000001';

  it.each([
    ['global', '10', HOP, { address: '2001:db8::1' }],
    ['global and link-local', '20', HOP + LINK_LOCAL, { address: '2001:db8::1', linkLocal: 'fe80::1' }],
    ['unspecified and link-local', '20', '00'.repeat(16) + LINK_LOCAL, { address: '::', linkLocal: 'fe80::1' }],
    ['global twice: the second is no link-local address', '20', HOP + HOP, { address: '2001:db8::1' }],
    ['link-local alone', '10', LINK_LOCAL, { address: 'fe80::1' }],
  ])('takes a next hop that is %s', (_name, length, octets, nextHop) => {
    const read = readUpdate({ attributes: `${ORIGIN}${AS_PATH}${reach(`000201${length}${octets}002020010db8`)}` });
    expect(read.errors).toEqual([]);
    expect(read.reachable[0]?.nextHop).toEqual(nextHop);
  });

  it.each([
    ['unspecified', '10', '00'.repeat(16)],
    ['loopback', '10', `${'00'.repeat(15)}01`],
    ['multicast', '10', `ff02${'00'.repeat(13)}01`],
    ['unspecified with no link-local', '20', `${'00'.repeat(16)}${HOP}`],
  ])('withdraws for a next hop that is %s', (_name, length, octets) => {
    const read = readUpdate({ attributes: `${ORIGIN}${AS_PATH}${reach(`000201${length}${octets}002020010db8`)}` });
    expect(read.action).toBe('treat-as-withdraw');
    expect(prefixTexts(read.withdrawn)).toEqual(['2001:db8::/32']);
  });

  it.each([
    ['next hop of 24 octets', `000201 18 ${'00'.repeat(24)} 00 2020010db8`],
    ['next hop beyond the attribute', '000201 10 2001'],
    ['no reserved octet', `000201 10 ${HOP}`],
    ['prefix of 129 bits', `000201 10 ${HOP} 00 81${'00'.repeat(17)}`],
    ['prefix cut off', `000201 10 ${HOP} 00 20 2001`],
  ])('disables the family for a %s, and leaves the other one alone', (_name, value) => {
    const text = toHex(hex(value));
    const read = readUpdate({ attributes: `${PLAIN}${reach(text)}`, nlri: NLRI });
    expect(read).toMatchObject({ action: 'disable-family', notification: { code: 3, subcode: 9 } });
    expect(read.errors[0]?.family).toBe('ipv6-unicast');
    expect(prefixTexts(read.reachable)).toEqual([ROUTE]);
  });

  it('drops every route of a disabled family', () => {
    const read = readUpdate({ attributes: `${PLAIN}${reach('0001010500')}`, nlri: NLRI });
    expect(read).toMatchObject({ action: 'disable-family', reachable: [] });
  });

  it('resets if not even the family can be read', () => {
    expect(readUpdate({ attributes: `${PLAIN} 800e02 0002`, nlri: NLRI }).action).toBe('session-reset');
    expect(readUpdate({ attributes: '800f00' }).action).toBe('session-reset');
  });

  it('takes an IPv6 next hop for IPv4 routes if negotiated (RFC 8950)', () => {
    const attributes = `${ORIGIN}${AS_PATH}${reach(`00010110${HOP}00${NLRI}`)}`;
    expect(readUpdate({ attributes }).action).toBe('disable-family');
    const read = readUpdate({ attributes }, sessionContext({ extendedNextHop: new Set(['ipv4-unicast']) }));
    expect(read.reachable).toMatchObject([{ family: 'ipv4-unicast', nextHop: { address: '2001:db8::1' } }]);
  });

  it('ignores the routes of families that are not negotiated', () => {
    const none = sessionContext({ families: NO_FAMILIES });
    const read = readUpdate({ withdrawn: NLRI, attributes: PLAIN, nlri: NLRI }, none);
    expect(read).toMatchObject({ action: 'attribute-discard', withdrawn: [], reachable: [] });
    expect(readUpdate({}, none).endOfRib).toBeUndefined();
    expect(readUpdate({ attributes: '800f03000201' }, none).endOfRib).toBeUndefined();
  });

  it('reads Path Identifiers where negotiated (RFC 7911)', () => {
    const addPath = sessionContext({ addPathReceive: new Set(['ipv4-unicast']) });
    const read = readUpdate({ attributes: PLAIN, nlri: `00000007${NLRI}00000008${NLRI}` }, addPath);
    expect(read.reachable[0]?.pathIds).toEqual([7, 8]);
    expect(prefixTexts(read.reachable)).toEqual([ROUTE, ROUTE]);
    const cut = readUpdate({ attributes: PLAIN, nlri: '00000007' }, addPath);
    expect(cut).toMatchObject({ action: 'session-reset', notification: { code: 3, subcode: 10 } });
  });

  it('takes an empty MP_UNREACH_NLRI for End-of-RIB only if it is alone', () => {
    expect(readUpdate({ attributes: '800f03000201' }).endOfRib).toBe('ipv6-unicast');
    expect(readUpdate({ attributes: `800f03000201${ORIGIN}` }).endOfRib).toBeUndefined();
    expect(readUpdate({ withdrawn: NLRI, attributes: '800f03000201' }).endOfRib).toBeUndefined();
  });
});
