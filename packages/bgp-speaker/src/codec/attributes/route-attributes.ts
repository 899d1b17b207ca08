import { dottedQuadOctets, readAddress, readDottedQuad } from '../address-octets.ts';
import { twoOctetAsNumber } from '../as-number.ts';
import { UPDATE_ERROR } from '../messages/notification.ts';
import { concatOctets, readUint16, readUint32, uint32Octets } from '../octets.ts';
import {
  asPathContains,
  decodeAsPath,
  encodeAsPath,
  formatAsPath,
  needsAs4Path,
  withoutConfederation,
} from './as-path.ts';
import { type AttributeDefinition, anyLength, DISCARD, entriesOf, exactly, WITHDRAW } from './attribute-definition.ts';
import { ipv4NextHopFault } from './next-hop.ts';
import { type Aggregator, type AsPathSegment, ORIGINS } from './path-attributes.ts';

/** ORIGIN, RFC 4271 section 5.1.1. */
export const origin: AttributeDefinition = {
  typeCode: 1,
  name: 'ORIGIN',
  category: 'well-known',
  exchangedWith: 'all',
  length: exactly(1),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.invalidOriginAttribute,
  decode(draft, octets, start) {
    const value = ORIGINS[octets[start] ?? ORIGINS.length];
    if (value === undefined) return { reason: `has the undefined value ${octets[start]}` };
    draft.attributes.origin = value;
    return undefined;
  },
  encode: ({ attributes }) => Uint8Array.of(ORIGINS.indexOf(attributes.origin)),
  format: ({ origin: value }) => value,
};

/** AS_PATH, RFC 4271 section 5.1.2; four octets for each AS number if negotiated (RFC 6793). */
export const asPath: AttributeDefinition = {
  typeCode: 2,
  name: 'AS_PATH',
  category: 'well-known',
  exchangedWith: 'all',
  length: anyLength,
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.malformedAsPath,
  decode(draft, octets, start, end, { fourOctetAs }) {
    const path = decodeAsPath(octets, start, end, fourOctetAs ? 4 : 2);
    if (!path.ok) return { reason: path.reason };
    draft.attributes.asPath = path.segments;
    const reason = asPathFault(path.segments);
    return reason === undefined ? undefined : { reason };
  },
  encode: ({ attributes }, { fourOctetAs }) => encodeAsPath(attributes.asPath, fourOctetAs ? 4 : 2),
  format: (attributes) => formatAsPath(attributes.asPath),
};

const AS_ZERO = 'contains AS 0 (RFC 7607)';

/** What makes a well-formed path unusable: AS 0, sets, and confederation segments, since we are in no confederation. */
function asPathFault(segments: readonly AsPathSegment[]): string | undefined {
  if (asPathContains(segments, 0)) return AS_ZERO;
  if (segments.some(({ type }) => type === 'set')) return 'contains an AS_SET (RFC 9774)';
  if (segments.some(({ type }) => type !== 'sequence')) return 'contains a confederation segment (RFC 5065 section 5)';
  return undefined;
}

/** NEXT_HOP, RFC 4271 section 5.1.3. */
export const nextHop: AttributeDefinition = {
  typeCode: 3,
  name: 'NEXT_HOP',
  category: 'well-known',
  exchangedWith: 'all',
  length: exactly(4),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.invalidNextHopAttribute,
  decode(draft, octets, start) {
    const address = readDottedQuad(octets, start);
    const fault = ipv4NextHopFault(octets, start);
    if (fault !== undefined) return { reason: `${address} ${fault}` };
    draft.nextHop = { address };
    return undefined;
  },
  encode: (source) => (source.nextHop === undefined ? undefined : dottedQuadOctets(source.nextHop, 'NEXT_HOP')),
};

/** MULTI_EXIT_DISC, RFC 4271 section 5.1.4. */
export const multiExitDisc: AttributeDefinition = {
  typeCode: 4,
  name: 'MULTI_EXIT_DISC',
  category: 'optional-non-transitive',
  exchangedWith: 'all',
  length: exactly(4),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start) {
    draft.attributes.med = readUint32(octets, start);
    return undefined;
  },
  encode: ({ attributes: { med } }) => (med === undefined ? undefined : uint32Octets([med])),
  format: ({ med }) => med?.toString(),
};

/** LOCAL_PREF, RFC 4271 section 5.1.5, RFC 7606 section 7.5. */
export const localPref: AttributeDefinition = {
  typeCode: 5,
  name: 'LOCAL_PREF',
  category: 'well-known',
  exchangedWith: 'ibgp',
  length: exactly(4),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.attributeLengthError,
  decode(draft, octets, start) {
    draft.attributes.localPref = readUint32(octets, start);
    return undefined;
  },
  encode: ({ attributes }) => (attributes.localPref === undefined ? undefined : uint32Octets([attributes.localPref])),
  format: (attributes) => attributes.localPref?.toString(),
};

/** ATOMIC_AGGREGATE, RFC 4271 section 5.1.6. */
export const atomicAggregate: AttributeDefinition = {
  typeCode: 6,
  name: 'ATOMIC_AGGREGATE',
  category: 'well-known',
  exchangedWith: 'all',
  length: exactly(0),
  onError: DISCARD,
  valueSubcode: UPDATE_ERROR.attributeLengthError,
  decode(draft) {
    draft.attributes.atomicAggregate = true;
    return undefined;
  },
  encode: ({ attributes }) => (attributes.atomicAggregate === undefined ? undefined : new Uint8Array(0)),
  format: (attributes) => (attributes.atomicAggregate === undefined ? undefined : 'yes'),
};

/** AGGREGATOR, RFC 4271 section 5.1.7, RFC 6793: AS number and router id. */
export const aggregator: AttributeDefinition = {
  typeCode: 7,
  name: 'AGGREGATOR',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: (length, context) => exactly(context.fourOctetAs ? 8 : 6)(length, context),
  onError: DISCARD,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, _end, { fourOctetAs }) {
    const asNumber = fourOctetAs ? readUint32(octets, start) : readUint16(octets, start);
    if (asNumber === 0) return { reason: 'names AS 0 (RFC 7607)' };
    draft.attributes.aggregator = { asNumber, routerId: readDottedQuad(octets, start + (fourOctetAs ? 4 : 2)) };
    return undefined;
  },
  encode: ({ attributes }, { fourOctetAs }) =>
    attributes.aggregator === undefined ? undefined : encodeAggregator(attributes.aggregator, fourOctetAs),
  format: (attributes) =>
    attributes.aggregator && `AS ${attributes.aggregator.asNumber} at ${attributes.aggregator.routerId}`,
};

function encodeAggregator({ asNumber, routerId }: Aggregator, fourOctets: boolean): Uint8Array {
  const short = twoOctetAsNumber(asNumber);
  const asOctets = fourOctets ? uint32Octets([asNumber]) : Uint8Array.of(short >>> 8, short);
  return concatOctets([asOctets, dottedQuadOctets(routerId, 'AGGREGATOR')]);
}

/** ORIGINATOR_ID, RFC 4456 section 8. */
export const originatorId: AttributeDefinition = {
  typeCode: 9,
  name: 'ORIGINATOR_ID',
  category: 'optional-non-transitive',
  exchangedWith: 'ibgp',
  length: exactly(4),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start) {
    draft.attributes.originatorId = readDottedQuad(octets, start);
    return undefined;
  },
  encode: ({ attributes: { originatorId: id } }) =>
    id === undefined ? undefined : dottedQuadOctets(id, 'ORIGINATOR_ID'),
  format: (attributes) => attributes.originatorId,
};

/** CLUSTER_LIST, RFC 4456 section 8. */
export const clusterList: AttributeDefinition = {
  typeCode: 10,
  name: 'CLUSTER_LIST',
  category: 'optional-non-transitive',
  exchangedWith: 'ibgp',
  length: entriesOf(4),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end) {
    const ids: string[] = [];
    for (let at = start; at < end; at += 4) ids.push(readAddress(octets, at, at + 4));
    draft.attributes.clusterList = ids;
    return undefined;
  },
  encode: ({ attributes: { clusterList: ids } }) =>
    ids === undefined || ids.length === 0
      ? undefined
      : concatOctets(ids.map((id) => dottedQuadOctets(id, 'CLUSTER_LIST'))),
  format: (attributes) => attributes.clusterList?.join(' '),
};

/** AS4_PATH, RFC 6793: between speakers of which one has no 4-octet AS numbers. */
export const as4Path: AttributeDefinition = {
  typeCode: 17,
  name: 'AS4_PATH',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: anyLength,
  onError: DISCARD,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end, { fourOctetAs }) {
    if (fourOctetAs) return { reason: 'comes from a peer with 4-octet AS numbers' };
    const path = decodeAsPath(octets, start, end, 4);
    if (!path.ok) return { reason: path.reason };
    // RFC 7607 section 2 leaves AS 0 in here to RFC 6793 section 6: the attribute goes, the route stays.
    if (asPathContains(path.segments, 0)) return { reason: AS_ZERO };
    // RFC 9774 section 3 names AS4_PATH along with AS_PATH, AS_CONFED_SET along with AS_SET.
    const kept = path.segments.filter(({ type }) => type !== 'confed-sequence');
    const reason = asPathFault(kept);
    if (reason !== undefined) return { reason, action: 'treat-as-withdraw' };
    draft.as4Path = kept;
    return undefined;
  },
  encode({ attributes }, { fourOctetAs }) {
    if (fourOctetAs || !needsAs4Path(attributes.asPath)) return undefined;
    return encodeAsPath(withoutConfederation(attributes.asPath), 4);
  },
};

/** AS4_AGGREGATOR, RFC 6793. */
export const as4Aggregator: AttributeDefinition = {
  typeCode: 18,
  name: 'AS4_AGGREGATOR',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: exactly(8),
  onError: DISCARD,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, _end, { fourOctetAs }) {
    if (fourOctetAs) return { reason: 'comes from a peer with 4-octet AS numbers' };
    const asNumber = readUint32(octets, start);
    if (asNumber === 0) return { reason: 'names AS 0 (RFC 7607)' };
    draft.as4Aggregator = { asNumber, routerId: readDottedQuad(octets, start + 4) };
    return undefined;
  },
  encode({ attributes }, { fourOctetAs }) {
    const value = attributes.aggregator;
    return fourOctetAs || value === undefined || value.asNumber <= 0xffff ? undefined : encodeAggregator(value, true);
  },
};

/** OTC, RFC 9234 section 5. */
export const onlyToCustomer: AttributeDefinition = {
  typeCode: 35,
  name: 'OTC',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: exactly(4),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start) {
    draft.attributes.onlyToCustomer = readUint32(octets, start);
    return undefined;
  },
  encode: ({ attributes: { onlyToCustomer: as } }) => (as === undefined ? undefined : uint32Octets([as])),
  format: (attributes) => attributes.onlyToCustomer?.toString(),
};

/**
 * AIGP, RFC 7311. This speaker does not use it, and so it ignores it quietly; with a wrong Transitive bit as well
 * (section 3.2), instead of carrying it along as an unknown transitive one.
 */
export const accumulatedIgpMetric: AttributeDefinition = {
  typeCode: 26,
  name: 'AIGP',
  category: 'optional-non-transitive',
  exchangedWith: 'all',
  length: anyLength,
  onError: DISCARD,
  onFlagsError: 'attribute-discard',
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode: () => undefined,
};

/** BGP Prefix-SID, RFC 8669: means something only within an SR domain, which this fabric is not (section 6). */
export const prefixSid: AttributeDefinition = {
  typeCode: 40,
  name: 'PREFIX_SID',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: anyLength,
  onError: DISCARD,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode: () => ({ reason: 'has no meaning outside of an SR domain' }),
};
