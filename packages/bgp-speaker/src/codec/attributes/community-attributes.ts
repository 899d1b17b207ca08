import { FabricError } from '@slash32/shared';
import type { PeerType } from '../codec-context.ts';
import { UPDATE_ERROR } from '../messages/notification.ts';
import { concatOctets, formatHex, readUint32, readUint32List, uint32Octets } from '../octets.ts';
import { type AttributeDefinition, entriesOf, WITHDRAW } from './attribute-definition.ts';
import {
  canonicalLargeSet,
  canonicalSet,
  canonicalTextSet,
  formatCommunity,
  formatExtendedCommunity,
  formatLargeCommunity,
} from './communities.ts';
import type { LargeCommunity } from './path-attributes.ts';

/** COMMUNITIES, RFC 1997. */
export const communities: AttributeDefinition = {
  typeCode: 8,
  name: 'COMMUNITIES',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: entriesOf(4),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end) {
    draft.attributes.communities = canonicalSet(readUint32List(octets, start, end));
    return undefined;
  },
  encode: ({ attributes: { communities: values } }) =>
    values === undefined || values.length === 0 ? undefined : uint32Octets(canonicalSet(values)),
  format: (attributes) => attributes.communities?.map(formatCommunity).join(' '),
};

/** EXTENDED COMMUNITIES, RFC 4360. Non-transitive ones (bit 0x40 of the type) do not leave the AS. */
export const extendedCommunities: AttributeDefinition = {
  typeCode: 16,
  name: 'EXTENDED_COMMUNITIES',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: entriesOf(8),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end) {
    draft.attributes.extendedCommunities = hexEntries(octets, start, end, 8);
    return undefined;
  },
  encode: ({ attributes }, { peerType }) => hexEntriesOctets(attributes.extendedCommunities, 8, peerType),
  format: (attributes) => attributes.extendedCommunities?.map(formatExtendedCommunity).join(' '),
};

/** IPv6 Address Specific Extended Communities, RFC 5701; RFC 7606 section 7.15. Of no effect here, and carried along. */
export const ipv6ExtendedCommunities: AttributeDefinition = {
  typeCode: 25,
  name: 'IPV6_EXTENDED_COMMUNITIES',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: entriesOf(20),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end) {
    draft.attributes.ipv6ExtendedCommunities = hexEntries(octets, start, end, 20);
    return undefined;
  },
  encode: ({ attributes }, { peerType }) => hexEntriesOctets(attributes.ipv6ExtendedCommunities, 20, peerType),
  format: (attributes) => attributes.ipv6ExtendedCommunities?.map((value) => `0x${value}`).join(' '),
};

function hexEntries(octets: Uint8Array, start: number, end: number, size: number): readonly string[] {
  const values: string[] = [];
  for (let at = start; at < end; at += size) values.push(formatHex(octets.subarray(at, at + size)));
  return canonicalTextSet(values);
}

/** Entries of `size` octets. Those with the non-transitive bit of their type do not leave the AS. */
function hexEntriesOctets(
  values: readonly string[] | undefined,
  size: number,
  peerType: PeerType,
): Uint8Array | undefined {
  const entries = canonicalTextSet(values ?? []).map((text) => hexEntryOctets(text, size));
  const sent = peerType === 'ebgp' ? entries.filter(([type = 0]) => (type & NON_TRANSITIVE) === 0) : entries;
  return sent.length === 0 ? undefined : concatOctets(sent);
}

/** Of the type octet, RFC 4360 section 2. */
const NON_TRANSITIVE = 0x40;

function hexEntryOctets(text: string, size: number): Uint8Array {
  if (text.length !== size * 2 || !/^[0-9a-f]+$/.test(text)) {
    throw new FabricError(
      'bgp.encode.extended-community',
      `extended community "${text}" must have ${size * 2} lower-case hex digits`,
      { details: { text } },
    );
  }
  return Uint8Array.from({ length: size }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16));
}

/** LARGE_COMMUNITY, RFC 8092. */
export const largeCommunities: AttributeDefinition = {
  typeCode: 32,
  name: 'LARGE_COMMUNITY',
  category: 'optional-transitive',
  exchangedWith: 'all',
  length: entriesOf(12),
  onError: WITHDRAW,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end) {
    const values: LargeCommunity[] = [];
    for (let at = start; at < end; at += 12) {
      values.push({
        globalAdministrator: readUint32(octets, at),
        localData1: readUint32(octets, at + 4),
        localData2: readUint32(octets, at + 8),
      });
    }
    draft.attributes.largeCommunities = canonicalLargeSet(values);
    return undefined;
  },
  encode({ attributes }) {
    const values = canonicalLargeSet(attributes.largeCommunities ?? []);
    if (values.length === 0) return undefined;
    return uint32Octets(
      values.flatMap(({ globalAdministrator, localData1, localData2 }) => [
        globalAdministrator,
        localData1,
        localData2,
      ]),
    );
  },
  format: (attributes) => attributes.largeCommunities?.map(formatLargeCommunity).join(' '),
};
