import type { BgpFamily } from '@slash32/shared';
import fc from 'fast-check';
import { canonicalLargeSet, canonicalSet, canonicalTextSet } from '../../src/codec/attributes/communities.ts';
import {
  type Capability,
  type CodecContext,
  familyOf,
  initialContext,
  type NextHop,
  type OpenMessage,
  ORIGINS,
  type PathAttributes,
  type PrefixKey,
  prefixKeyFromText,
} from '../../src/codec/index.ts';

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const asNumber = fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xffff_ffff }));
const dottedQuad = fc.ipV4();

/** Without Optional fields that are `undefined`: the codec leaves them out. */
function compact<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Value;
}

export const familySets = fc.subarray<BgpFamily>(['ipv4-unicast', 'ipv6-unicast']).map((list) => new Set(list));

/** A session in which both directions are alike, so that what one side sends the same context reads. */
export const symmetricContexts: fc.Arbitrary<CodecContext> = fc
  .record({
    peerType: fc.constantFrom('ebgp' as const, 'ibgp' as const),
    fourOctetAs: fc.boolean(),
    extendedMessages: fc.boolean(),
    addPath: familySets,
    extendedNextHop: fc.boolean(),
  })
  .map(({ peerType, fourOctetAs, extendedMessages, addPath, extendedNextHop }) => ({
    ...initialContext(peerType),
    fourOctetAs,
    extendedMessages,
    families: new Set<BgpFamily>(['ipv4-unicast', 'ipv6-unicast']),
    addPathReceive: addPath,
    addPathSend: addPath,
    extendedNextHop: new Set<BgpFamily>(extendedNextHop ? ['ipv4-unicast'] : []),
  }));

const largeCommunity = fc.record({ globalAdministrator: uint32, localData1: uint32, localData2: uint32 });
const hexDigits = fc.stringMatching(/^[0-9a-f]{16}$/);
const ipv6HexDigits = fc.stringMatching(/^[0-9a-f]{40}$/);
/** Type codes that the attribute table does not have. */
const unknownCode = fc.constantFrom(11, 13, 19, 21, 23, 24, 28, 99, 128, 255);

/** Attribute sets in canonical form, all that may go to an iBGP peer. */
export const ibgpAttributes: fc.Arbitrary<PathAttributes> = fc
  .record({
    origin: fc.constantFrom(...ORIGINS),
    asPath: fc
      .array(asNumber, { maxLength: 300 })
      .map((asNumbers) => (asNumbers.length === 0 ? [] : [{ type: 'sequence' as const, asNumbers }])),
    localPref: uint32,
    med: fc.option(uint32, { nil: undefined }),
    atomicAggregate: fc.option(fc.constant(true as const), { nil: undefined }),
    aggregator: fc.option(fc.record({ asNumber, routerId: dottedQuad }), { nil: undefined }),
    communities: fc.option(fc.array(uint32, { minLength: 1, maxLength: 80 }).map(canonicalSet), { nil: undefined }),
    originatorId: fc.option(dottedQuad, { nil: undefined }),
    clusterList: fc.option(fc.array(dottedQuad, { minLength: 1, maxLength: 5 }), { nil: undefined }),
    extendedCommunities: fc.option(fc.array(hexDigits, { minLength: 1, maxLength: 5 }).map(canonicalTextSet), {
      nil: undefined,
    }),
    ipv6ExtendedCommunities: fc.option(fc.array(ipv6HexDigits, { minLength: 1, maxLength: 3 }).map(canonicalTextSet), {
      nil: undefined,
    }),
    largeCommunities: fc.option(fc.array(largeCommunity, { minLength: 1, maxLength: 5 }).map(canonicalLargeSet), {
      nil: undefined,
    }),
    onlyToCustomer: fc.option(uint32, { nil: undefined }),
    unknown: fc.option(
      fc
        .uniqueArray(
          fc.record({ typeCode: unknownCode, flags: fc.constant(0xe0), value: fc.uint8Array({ maxLength: 300 }) }),
          { minLength: 1, maxLength: 3, selector: ({ typeCode }) => typeCode },
        )
        .map((list) => list.toSorted((left, right) => left.typeCode - right.typeCode)),
      { nil: undefined },
    ),
  })
  .map((attributes) => compact(attributes) as PathAttributes);

/** The part of a set that reaches an eBGP peer. */
export function forEbgp({
  localPref: _pref,
  originatorId: _id,
  clusterList: _list,
  ...rest
}: PathAttributes): PathAttributes {
  const { extendedCommunities, ipv6ExtendedCommunities, ...others } = rest;
  return compact<PathAttributes>({
    ...others,
    ...transitiveOnly('extendedCommunities', extendedCommunities),
    ...transitiveOnly('ipv6ExtendedCommunities', ipv6ExtendedCommunities),
  });
}

function transitiveOnly(
  field: 'extendedCommunities' | 'ipv6ExtendedCommunities',
  values: readonly string[] = [],
): Partial<PathAttributes> {
  const kept = values.filter((text) => (Number.parseInt(text.slice(0, 2), 16) & 0x40) === 0);
  return kept.length === 0 ? {} : { [field]: kept };
}

const ipv4Prefix = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
const ipv6Prefix = fc.tuple(
  fc.ipV6().filter((text) => !text.includes('.')),
  fc.integer({ min: 0, max: 128 }),
);

export function prefixKeys(family: BgpFamily): fc.Arbitrary<PrefixKey[]> {
  const prefix: fc.Arbitrary<readonly [string, number]> = family === 'ipv4-unicast' ? ipv4Prefix : ipv6Prefix;
  return fc.array(
    prefix.map(([address, length]) => prefixKeyFromText(`${address}/${length}`)),
    { minLength: 1, maxLength: 1500 },
  );
}

export const ipv4NextHops: fc.Arbitrary<NextHop> = fc
  .integer({ min: 0x0100_0000, max: 0xdfff_ffff })
  .filter((value) => value >>> 24 !== 127)
  .map((value) => ({ address: [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.') }));

export const ipv6NextHops: fc.Arbitrary<NextHop> = fc.constantFrom<NextHop>(
  { address: '2001:db8::1' },
  { address: '2001:db8::1', linkLocal: 'fe80::1' },
  { address: '::', linkLocal: 'fe80::2' },
  { address: 'fe80::3' },
);

const afiSafi = fc.record({ afi: uint16, safi: uint8 }).map(({ afi, safi }) => {
  const family = familyOf(afi, safi);
  return family === undefined ? { afi, safi } : { afi, safi, family };
});
const text = fc.string({ unit: 'grapheme', maxLength: 20 });

const capabilities: fc.Arbitrary<Capability> = fc.oneof(
  afiSafi.map((family): Capability => ({ kind: 'multiprotocol', ...family })),
  fc.constantFrom<Capability>(
    { kind: 'route-refresh' },
    { kind: 'enhanced-route-refresh' },
    { kind: 'extended-message' },
  ),
  fc.record({
    kind: fc.constant('role' as const),
    role: fc.constantFrom(
      'provider' as const,
      'route-server' as const,
      'route-server-client' as const,
      'customer' as const,
      'peer' as const,
    ),
  }),
  fc.record({ kind: fc.constant('four-octet-as' as const), asNumber }),
  fc.array(fc.tuple(afiSafi, uint16), { maxLength: 5 }).map(
    (list): Capability => ({
      kind: 'extended-next-hop',
      families: list.map(([family, nextHopAfi]) => ({ ...family, nextHopAfi })),
    }),
  ),
  fc
    .record({
      restarting: fc.boolean(),
      notification: fc.boolean(),
      restartTimeSeconds: fc.integer({ min: 0, max: 4095 }),
      families: fc.array(fc.tuple(afiSafi, fc.boolean()), { maxLength: 5 }),
    })
    .map(
      ({ families, ...rest }): Capability => ({
        kind: 'graceful-restart',
        ...rest,
        families: families.map(([family, forwardingPreserved]) => ({ ...family, forwardingPreserved })),
      }),
    ),
  fc.array(fc.tuple(afiSafi, fc.boolean(), fc.integer({ min: 0, max: 0xff_ffff })), { maxLength: 5 }).map(
    (list): Capability => ({
      kind: 'long-lived-graceful-restart',
      families: list.map(([family, forwardingPreserved, staleTimeSeconds]) => ({
        ...family,
        forwardingPreserved,
        staleTimeSeconds,
      })),
    }),
  ),
  fc
    .array(fc.tuple(afiSafi, fc.constantFrom('send' as const, 'receive' as const, 'both' as const)), { maxLength: 5 })
    .map(
      (list): Capability => ({
        kind: 'add-path',
        families: list.map(([family, direction]) => ({ ...family, direction })),
      }),
    ),
  fc.record({ kind: fc.constant('hostname' as const), hostname: text, domain: text }),
  fc.record({ kind: fc.constant('software-version' as const), version: text }),
  fc.record({
    kind: fc.constant('unknown' as const),
    code: fc.constantFrom(3, 66, 200, 255),
    value: fc.uint8Array({ maxLength: 255 }),
  }),
);

export const opens: fc.Arbitrary<OpenMessage> = fc.record({
  version: fc.constant(4),
  myAs: fc.integer({ min: 1, max: 0xffff }),
  holdTimeSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 0xffff })),
  routerId: dottedQuad.filter((id) => id !== '0.0.0.0'),
  capabilities: fc.array(capabilities, { maxLength: 12 }),
});
