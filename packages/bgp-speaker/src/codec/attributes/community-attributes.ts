import { FabricError } from '@slash32/shared';
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
    const values: string[] = [];
    for (let at = start; at < end; at += 8) values.push(formatHex(octets.subarray(at, at + 8)));
    draft.attributes.extendedCommunities = canonicalTextSet(values);
    return undefined;
  },
  encode({ attributes }, { peerType }) {
    const values = canonicalTextSet(attributes.extendedCommunities ?? []).map(extendedCommunityOctets);
    const sent = peerType === 'ebgp' ? values.filter(([type = 0]) => (type & 0x40) === 0) : values;
    return sent.length === 0 ? undefined : concatOctets(sent);
  },
  format: (attributes) => attributes.extendedCommunities?.map(formatExtendedCommunity).join(' '),
};

function extendedCommunityOctets(text: string): Uint8Array {
  if (!/^[0-9a-f]{16}$/.test(text)) {
    throw new FabricError(
      'bgp.encode.extended-community',
      `extended community "${text}" must have 16 lower-case hex digits`,
      { details: { text } },
    );
  }
  return Uint8Array.from({ length: 8 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16));
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
