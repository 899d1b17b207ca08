import { attribute, MP_REACH, ROUTE, ROUTE6, type SessionName, updateRow } from './row-builder.ts';
import type { Vector, VectorExpectation } from './vector.ts';

const WITHDRAW: VectorExpectation = { action: 'treat-as-withdraw' };
const ACCEPT: VectorExpectation = { action: 'accept' };
const discard = (typeCode: number): VectorExpectation => ({ action: 'attribute-discard', discard: [typeCode] });
const reset = (subcode: number): VectorExpectation => ({ action: 'notification', code: 3, subcode });

/** What a wrong value of an attribute leads to: from an eBGP peer, from an iBGP peer. */
type Malformed = readonly [name: string, attribute: string, ebgp: VectorExpectation, ibgp: VectorExpectation];

const WELL_KNOWN = 0x40;
const OPTIONAL = 0x80;
const TRANSITIVE = 0xc0;

const both = (name: string, octets: string, expect: VectorExpectation): Malformed => [name, octets, expect, expect];
/** RFC 7606 7.5, 7.9, 7.10: an eBGP peer's is not looked at. */
const ibgpOnly = (name: string, octets: string, typeCode: number, ibgp = WITHDRAW): Malformed => [
  name,
  octets,
  discard(typeCode),
  ibgp,
];

/** RFC 7606 section 7, row by row, and the RFCs of later attributes. */
const MALFORMED: readonly Malformed[] = [
  both('origin/length-0', attribute(WELL_KNOWN, 1, ''), WITHDRAW),
  both('origin/length-2', attribute(WELL_KNOWN, 1, '0000'), WITHDRAW),
  both('origin/value-3', attribute(WELL_KNOWN, 1, '03'), WITHDRAW),
  both('origin/value-255', attribute(WELL_KNOWN, 1, 'ff'), WITHDRAW),
  both('origin/flags-optional', attribute(TRANSITIVE, 1, '00'), WITHDRAW),
  both('origin/flags-not-transitive', attribute(OPTIONAL, 1, '00'), WITHDRAW),
  both('origin/flags-partial', attribute(0x60, 1, '00'), ACCEPT),
  both('as-path/length-1', attribute(WELL_KNOWN, 2, '02'), WITHDRAW),
  both('as-path/segment-type-0', attribute(WELL_KNOWN, 2, '00010000fde9'), WITHDRAW),
  both('as-path/segment-type-5', attribute(WELL_KNOWN, 2, '05010000fde9'), WITHDRAW),
  both('as-path/segment-empty', attribute(WELL_KNOWN, 2, '0200'), WITHDRAW),
  both('as-path/segment-empty-behind', attribute(WELL_KNOWN, 2, '02010000fde90200'), WITHDRAW),
  both('as-path/segment-overrun', attribute(WELL_KNOWN, 2, '02020000fde9'), WITHDRAW),
  both('as-path/segment-underrun', attribute(WELL_KNOWN, 2, '02010000fde900'), WITHDRAW),
  both('as-path/two-octet-numbers', attribute(WELL_KNOWN, 2, '0201fde9'), WITHDRAW),
  both('as-path/as-0', attribute(WELL_KNOWN, 2, '020100000000'), WITHDRAW),
  both('as-path/as-0-inside', attribute(WELL_KNOWN, 2, '02030000fde9000000000000fdea'), WITHDRAW),
  both('as-path/confed-sequence', attribute(WELL_KNOWN, 2, '03010000fde9'), WITHDRAW),
  both('as-path/confed-set', attribute(WELL_KNOWN, 2, '04010000fde9'), WITHDRAW),
  both('as-path/flags-optional', attribute(TRANSITIVE, 2, '02010000fde9'), WITHDRAW),
  both('next-hop/length-0', attribute(WELL_KNOWN, 3, ''), WITHDRAW),
  both('next-hop/length-3', attribute(WELL_KNOWN, 3, '0a0000'), WITHDRAW),
  both('next-hop/length-5', attribute(WELL_KNOWN, 3, '0a00000200'), WITHDRAW),
  both('next-hop/length-16', attribute(WELL_KNOWN, 3, '20010db8000000000000000000000001'), WITHDRAW),
  both('next-hop/zero', attribute(WELL_KNOWN, 3, '00000000'), WITHDRAW),
  both('next-hop/loopback', attribute(WELL_KNOWN, 3, '7f000001'), WITHDRAW),
  both('next-hop/multicast', attribute(WELL_KNOWN, 3, 'e0000001'), WITHDRAW),
  both('next-hop/class-e', attribute(WELL_KNOWN, 3, 'f0000001'), WITHDRAW),
  both('next-hop/flags-optional', attribute(TRANSITIVE, 3, '0a000002'), WITHDRAW),
  both('med/length-0', attribute(OPTIONAL, 4, ''), WITHDRAW),
  both('med/length-3', attribute(OPTIONAL, 4, '000001'), WITHDRAW),
  both('med/length-5', attribute(OPTIONAL, 4, '0000000001'), WITHDRAW),
  both('med/flags-transitive', attribute(TRANSITIVE, 4, '00000001'), WITHDRAW),
  both('med/flags-well-known', attribute(WELL_KNOWN, 4, '00000001'), WITHDRAW),
  both('med/extended-length', attribute(0x90, 4, '00000001'), { action: 'accept', decoded: { med: 1 } }),
  ibgpOnly('local-pref/length-0', attribute(WELL_KNOWN, 5, ''), 5),
  ibgpOnly('local-pref/length-3', attribute(WELL_KNOWN, 5, '000064'), 5),
  ibgpOnly('local-pref/length-5', attribute(WELL_KNOWN, 5, '0000000064'), 5),
  ibgpOnly('local-pref/flags-optional', attribute(TRANSITIVE, 5, '00000064'), 5),
  ibgpOnly('local-pref/good', attribute(WELL_KNOWN, 5, '00000007'), 5, { action: 'accept', decoded: { localPref: 7 } }),
  both('atomic-aggregate/length-1', attribute(WELL_KNOWN, 6, '00'), discard(6)),
  both('atomic-aggregate/length-4', attribute(WELL_KNOWN, 6, '00000000'), discard(6)),
  both('atomic-aggregate/good', attribute(WELL_KNOWN, 6, ''), ACCEPT),
  both('atomic-aggregate/flags-optional', attribute(TRANSITIVE, 6, ''), WITHDRAW),
  both('aggregator/length-0', attribute(TRANSITIVE, 7, ''), discard(7)),
  both('aggregator/length-6', attribute(TRANSITIVE, 7, 'fde90a090909'), discard(7)),
  both('aggregator/length-7', attribute(TRANSITIVE, 7, '0000fde90a0909'), discard(7)),
  both('aggregator/length-9', attribute(TRANSITIVE, 7, '0000fde90a09090900'), discard(7)),
  both('aggregator/as-0', attribute(TRANSITIVE, 7, '000000000a090909'), discard(7)),
  both('aggregator/flags-not-transitive', attribute(OPTIONAL, 7, '0000fde90a090909'), WITHDRAW),
  both('aggregator/good', attribute(TRANSITIVE, 7, '0000fde90a090909'), {
    action: 'accept',
    decoded: { aggregator: '65001 10.9.9.9' },
  }),
  both('communities/length-0', attribute(TRANSITIVE, 8, ''), WITHDRAW),
  both('communities/length-3', attribute(TRANSITIVE, 8, '000001'), WITHDRAW),
  both('communities/length-6', attribute(TRANSITIVE, 8, 'fde900010001'), WITHDRAW),
  both('communities/flags-not-transitive', attribute(OPTIONAL, 8, 'fde90001'), WITHDRAW),
  both('communities/partial', attribute(0xe0, 8, 'fde90001'), {
    action: 'accept',
    decoded: { communities: ['65001:1'] },
  }),
  both('communities/repeated-value', attribute(TRANSITIVE, 8, 'fde90001fde90001'), {
    action: 'accept',
    decoded: { communities: ['65001:1'] },
  }),
  ibgpOnly('originator-id/length-0', attribute(OPTIONAL, 9, ''), 9),
  ibgpOnly('originator-id/length-5', attribute(OPTIONAL, 9, '0a09090900'), 9),
  ibgpOnly('originator-id/flags-transitive', attribute(TRANSITIVE, 9, '0a090909'), 9),
  ibgpOnly('originator-id/own', attribute(OPTIONAL, 9, '0a000001'), 9),
  ibgpOnly('cluster-list/length-0', attribute(OPTIONAL, 10, ''), 10),
  ibgpOnly('cluster-list/length-5', attribute(OPTIONAL, 10, '0a09090900'), 10),
  ibgpOnly('cluster-list/flags-transitive', attribute(TRANSITIVE, 10, '0a090909'), 10),
  ibgpOnly('cluster-list/own-id', attribute(OPTIONAL, 10, '0a0909080a000001'), 10),
  both('extended-communities/length-0', attribute(TRANSITIVE, 16, ''), WITHDRAW),
  both('extended-communities/length-7', attribute(TRANSITIVE, 16, '0002fde9000000'), WITHDRAW),
  both('extended-communities/length-12', attribute(TRANSITIVE, 16, '0002fde90000000100000000'), WITHDRAW),
  both('extended-communities/unknown-type', attribute(TRANSITIVE, 16, '3f3f010203040506'), {
    action: 'accept',
    decoded: { extendedCommunities: ['3f3f010203040506'] },
  }),
  both('extended-communities/flags-well-known', attribute(WELL_KNOWN, 16, '0002fde900000001'), WITHDRAW),
  both('as4-path/from-new-speaker', attribute(TRANSITIVE, 17, '02010000fde9'), { ...discard(17), decoded: {} }),
  both('as4-aggregator/from-new-speaker', attribute(TRANSITIVE, 18, '0000fde90a090909'), discard(18)),
  both('ipv6-extended-communities/length-0', attribute(TRANSITIVE, 25, ''), WITHDRAW),
  both('ipv6-extended-communities/length-8', attribute(TRANSITIVE, 25, '0002fde900000001'), WITHDRAW),
  both('ipv6-extended-communities/length-21', attribute(TRANSITIVE, 25, '00'.repeat(21)), WITHDRAW),
  both('ipv6-extended-communities/unknown-type', attribute(TRANSITIVE, 25, `3f3f${'00'.repeat(18)}`), ACCEPT),
  both('aigp/good', attribute(OPTIONAL, 26, '01000b0000000000000001'), ACCEPT),
  both('aigp/length-0', attribute(OPTIONAL, 26, ''), ACCEPT),
  both('aigp/tlv-overrun', attribute(OPTIONAL, 26, '0100ff00'), ACCEPT),
  both('aigp/flags-transitive', attribute(TRANSITIVE, 26, '01000b0000000000000001'), discard(26)),
  both('large-communities/length-0', attribute(TRANSITIVE, 32, ''), WITHDRAW),
  both('large-communities/length-8', attribute(TRANSITIVE, 32, '0000fde900000001'), WITHDRAW),
  both('large-communities/length-13', attribute(TRANSITIVE, 32, '00'.repeat(13)), WITHDRAW),
  both('large-communities/repeated-value', attribute(TRANSITIVE, 32, '0000fde90000000100000002'.repeat(2)), {
    action: 'accept',
    decoded: { largeCommunities: ['65001:1:2'] },
  }),
  both('large-communities/flags-not-transitive', attribute(OPTIONAL, 32, '0000fde90000000100000002'), WITHDRAW),
  both('otc/length-0', attribute(TRANSITIVE, 35, ''), WITHDRAW),
  both('otc/length-3', attribute(TRANSITIVE, 35, '00fde9'), WITHDRAW),
  both('otc/length-8', attribute(TRANSITIVE, 35, '0000fde90000fde9'), WITHDRAW),
  both('otc/flags-not-transitive', attribute(OPTIONAL, 35, '0000fde9'), WITHDRAW),
  both('prefix-sid/length-0', attribute(TRANSITIVE, 40, ''), discard(40)),
  both('prefix-sid/good', attribute(TRANSITIVE, 40, '01000700000000000064'), discard(40)),
];

/** Attributes of other uses: what is optional and unknown costs nothing, whatever is in it. */
const UNKNOWN: readonly (readonly [name: string, typeCode: number, value: string])[] = [
  ['reserved-0', 0, ''],
  ['dpa', 11, '0000'],
  ['connector', 20, '000000010a090909'],
  ['as-pathlimit', 21, '010000fde9'],
  ['pmsi-tunnel-cut-off', 22, '00'],
  ['tunnel-encapsulation-empty', 23, ''],
  ['traffic-engineering', 24, 'ff'],
  ['bgp-ls', 29, '0400ffff'],
  ['bgpsec-path', 33, '000200'],
  ['sfp', 37, '01ffff'],
  ['bfd-discriminator', 38, '00'],
  ['d-path', 36, '01'],
  ['attr-set-cut-off', 128, '0000'],
  ['attr-set-as-0', 128, '00000000'],
  ['development', 255, 'de'.repeat(200)],
];

function malformedRows(session: SessionName): readonly Vector[] {
  return MALFORMED.map(([name, octets, ebgp, ibgp]) =>
    updateRow(`rfc7606/${name}`, session, { with: octets }, session === 'ibgp' ? ibgp : ebgp),
  );
}

const UNKNOWN_ROWS = UNKNOWN.flatMap(([name, typeCode, value]) => [
  updateRow(
    `unknown/${name}-transitive`,
    'ebgp',
    { with: attribute(TRANSITIVE, typeCode, value) },
    {
      action: 'accept',
      propagate_unknown: true,
    },
  ),
  updateRow(
    `unknown/${name}`,
    'ebgp',
    { with: attribute(OPTIONAL, typeCode, value) },
    {
      action: 'accept',
      discard: [typeCode],
    },
  ),
  updateRow(`unknown/${name}-well-known`, 'ebgp', { with: attribute(WELL_KNOWN, typeCode, value) }, reset(2)),
]);

/** Sessions without 4-octet AS numbers (RFC 6793). */
const OLD_ROWS: readonly Vector[] = [
  updateRow('rfc6793/aggregator-length-8', 'old', { with: attribute(TRANSITIVE, 7, '0000fde90a090909') }, discard(7)),
  updateRow(
    'rfc6793/aggregator-length-6',
    'old',
    { with: attribute(TRANSITIVE, 7, 'fde90a090909') },
    {
      action: 'accept',
      decoded: { aggregator: '65001 10.9.9.9' },
    },
  ),
  updateRow('rfc6793/as-path-of-four-octets', 'old', { with: attribute(WELL_KNOWN, 2, '02010000fde9') }, WITHDRAW),
  ...(
    [
      ['merge', '0202fde95ba0', '0202 0000fde9 fa56ea01', '65001 4200000001'],
      ['longer-than-as-path', '0201fde9', '0202 0000fde9 fa56ea01', '65001'],
      ['cut-off', '0202fde95ba0', '0202 0000fde9', '65001 23456'],
      ['segment-type-0', '0202fde95ba0', '0001 0000fde9', '65001 23456'],
      ['empty-segment', '0202fde95ba0', '0200', '65001 23456'],
      ['as-0', '0202fde95ba0', '0201 00000000', '65001 23456'],
      ['confederation-sequence-only', '0202fde95ba0', '0301 0000fde9', '65001 23456'],
    ] as const
  ).map(([name, asPath, as4Path, asPathText]) =>
    updateRow(
      `rfc6793/as4-path-${name}`,
      'old',
      { with: attribute(WELL_KNOWN, 2, asPath) + attribute(TRANSITIVE, 17, as4Path) },
      { action: 'accept', decoded: { asPathText } },
    ),
  ),
  updateRow('rfc9774/as4-path-set', 'old', { with: attribute(TRANSITIVE, 17, '0101 0000fde9') }, WITHDRAW),
  updateRow('rfc9774/as4-path-confed-set', 'old', { with: attribute(TRANSITIVE, 17, '0401 0000fde9') }, WITHDRAW),
  updateRow('rfc6793/as4-path-flags', 'old', { with: attribute(OPTIONAL, 17, '0201 0000fde9') }, WITHDRAW),
  updateRow('rfc6793/as4-aggregator-length-6', 'old', { with: attribute(TRANSITIVE, 18, 'fde90a090909') }, discard(18)),
  updateRow('rfc6793/as4-aggregator-as-0', 'old', { with: attribute(TRANSITIVE, 18, '000000000a090909') }, discard(18)),
  updateRow(
    'rfc6793/as4-aggregator-merge',
    'old',
    { with: attribute(TRANSITIVE, 7, '5ba00a090909') + attribute(TRANSITIVE, 18, 'fa56ea010a090909') },
    { action: 'accept', decoded: { aggregator: '4200000001 10.9.9.9' } },
  ),
];

/** RFC 7606 3 d to 3 h and section 4. */
const LIST_ROWS: readonly Vector[] = [
  ...([1, 2, 3] as const).map((typeCode) =>
    updateRow(`rfc7606/missing-${typeCode}`, 'ibgp', { without: typeCode }, WITHDRAW),
  ),
  ...[
    ['med', attribute(OPTIONAL, 4, '00000001') + attribute(OPTIONAL, 4, '00000002'), { decoded: { med: 1 } }],
    [
      'communities',
      attribute(TRANSITIVE, 8, 'fde90001') + attribute(TRANSITIVE, 8, 'fde9'),
      { decoded: { communities: ['65001:1'] } },
    ],
    ['unknown', attribute(TRANSITIVE, 99, '01') + attribute(TRANSITIVE, 99, '02'), { propagate_unknown: true }],
  ].map(([name, octets, rest]) =>
    updateRow(`rfc7606/duplicate-${name}`, 'ebgp', { with: String(octets) }, { action: 'accept', ...(rest as object) }),
  ),
  updateRow(
    'rfc7606/duplicate-first-malformed',
    'ebgp',
    { with: attribute(TRANSITIVE, 8, 'fde9') + attribute(TRANSITIVE, 8, 'fde90001') },
    WITHDRAW,
  ),
  ...(
    [
      ['flags-only', 'c0'],
      ['type-only', 'c008'],
      ['extended-length-cut-off', 'd00800'],
      ['value-cut-off', 'c00808fde90001'],
      ['length-255', 'c008fffde90001'],
      ['extended-length-65535', 'd008fffffde90001'],
      ['extended-flag-on-short-form', 'd00804fde90001'],
    ] as const
  ).map(([name, octets]) => updateRow(`rfc7606/overrun-${name}`, 'ebgp', { with: octets }, WITHDRAW)),
  updateRow(
    'rfc7606/discard-and-withdraw',
    'ebgp',
    { with: attribute(WELL_KNOWN, 6, '00') + attribute(TRANSITIVE, 8, '') },
    WITHDRAW,
  ),
  updateRow(
    'rfc7606/withdraw-and-reset',
    'ebgp',
    { with: attribute(TRANSITIVE, 8, '') + attribute(WELL_KNOWN, 99, '') },
    reset(2),
  ),
  updateRow('rfc7606/no-route-discard', 'ebgp', { with: attribute(WELL_KNOWN, 6, '00'), announced: '' }, ACCEPT, []),
  updateRow('rfc7606/no-route-withdraw', 'ebgp', { with: attribute(TRANSITIVE, 8, ''), announced: '' }, reset(5), []),
  updateRow(
    'rfc7606/next-hop-beside-mp-reach',
    'ebgp',
    { with: MP_REACH + attribute(WELL_KNOWN, 3, '00000000'), without: 3, announced: '' },
    ACCEPT,
    [ROUTE6],
  ),
  updateRow('rfc7606/both-fields-withdraw', 'ebgp', { with: MP_REACH + attribute(TRANSITIVE, 8, '') }, WITHDRAW, [
    ROUTE,
    ROUTE6,
  ]),
];

export const ATTRIBUTE_ROWS: readonly Vector[] = [
  ...malformedRows('ebgp'),
  ...malformedRows('ibgp'),
  ...UNKNOWN_ROWS,
  ...OLD_ROWS,
  ...LIST_ROWS,
];
