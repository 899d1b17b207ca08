import { addressOctets, dottedQuadOctets } from '../codec/address-octets.ts';
import { ATTRIBUTE_FLAG } from '../codec/attributes/attribute-definition.ts';
import { encodeAttributes } from '../codec/attributes/attribute-encoder.ts';
import { mpReachNlri } from '../codec/attributes/mp-attributes.ts';
import {
  type CodecContext,
  initialContext,
  type NextHop,
  type PathAttributes,
  type PrefixKey,
} from '../codec/index.ts';
import { nlriOctets, writeNlri } from '../codec/nlri/nlri-field.ts';
import { OctetWriter } from '../codec/octet-writer.ts';
import { writeUint16, writeUint32 } from '../codec/octets.ts';
import { encodeMrtRecord, MRT_HEADER_OCTETS, MRT_TYPE, newMrtRecord, TABLE_DUMP_V2 } from './mrt-record.ts';

/** A peer as RIB records refer to it, by its index in the list. */
export interface IndexedPeer {
  readonly address: string;
  readonly asNumber: number;
  /** Dotted quad. */
  readonly routerId: string;
}

export interface RibEntry {
  readonly peerIndex: number;
  /** Absent: the route came without one. */
  readonly pathId?: number;
  /** What {@link encodeRibAttributes} makes. */
  readonly attributes: Uint8Array;
}

/** Peer index, Originated Time, attribute length. */
const ENTRY_HEADER_OCTETS = 8;
const PATH_ID_OCTETS = 4;

/** Peer Type of RFC 6396 4.3.1. */
const PEER_TYPE = { ipv6: 1, fourOctetAs: 2 } as const;

/** The first record of a dump: who its routes come from. */
export function encodePeerIndexTable(wallMs: number, routerId: string, peers: readonly IndexedPeer[]): Uint8Array {
  const writer = new OctetWriter().bytes(dottedQuadOctets(routerId, 'MRT collector id')).uint16(0).uint16(peers.length);
  for (const peer of peers) {
    const address = addressOctets(peer.address, 'MRT peer address');
    writer
      .uint8(PEER_TYPE.fourOctetAs | (address.length === 16 ? PEER_TYPE.ipv6 : 0))
      .bytes(dottedQuadOctets(peer.routerId, 'MRT peer id'))
      .bytes(address)
      .uint32(peer.asNumber);
  }
  return encodeMrtRecord(MRT_TYPE.tableDumpV2, TABLE_DUMP_V2.peerIndexTable, wallMs, writer.finish());
}

/**
 * All routes to one prefix, as RIB_IPV4_UNICAST or RIB_IPV6_UNICAST; if any of them came with a Path Identifier, as the
 * variant of RFC 8050 4.1, in which those without have 0. Originated Time is 0: the tables do not keep it.
 *
 * ```
 * +--------------+------------+--------+-----------------+
 * | Sequence (4) | Length (1) | Prefix | Entry count (2) |
 * +--------------+------------+--------+-----------------+
 *   per entry:
 * +----------------+---------------------+-----------------------+-----------------+
 * | Peer index (2) | Originated Time (4) | Attribute length (2)  | Path attributes |
 * +----------------+---------------------+-----------------------+-----------------+
 *                                        ^ RFC 8050: Path Identifier (4)
 * ```
 */
export function encodeRibRecord(
  wallMs: number,
  sequence: number,
  key: PrefixKey,
  entries: readonly RibEntry[],
): Uint8Array {
  const addPath = entries.some(({ pathId }) => pathId !== undefined);
  const headerOctets = ENTRY_HEADER_OCTETS + (addPath ? PATH_ID_OCTETS : 0);
  let length = 4 + nlriOctets(key, false) + 2;
  for (const { attributes } of entries) length += headerOctets + attributes.length;
  const record = newMrtRecord(MRT_TYPE.tableDumpV2, ribSubtype(key, addPath), wallMs, length);
  writeUint32(record, MRT_HEADER_OCTETS, sequence);
  let at = writeNlri(record, MRT_HEADER_OCTETS + 4, key, undefined);
  writeUint16(record, at, entries.length);
  at += 2;
  for (const { peerIndex, pathId = 0, attributes } of entries) {
    writeUint16(record, at, peerIndex);
    if (addPath) writeUint32(record, at + 6, pathId);
    at += headerOctets;
    writeUint16(record, at - 2, attributes.length);
    record.set(attributes, at);
    at += attributes.length;
  }
  return record;
}

function ribSubtype(key: PrefixKey, addPath: boolean): number {
  if (typeof key === 'number') return addPath ? TABLE_DUMP_V2.ribIpv4UnicastAddPath : TABLE_DUMP_V2.ribIpv4Unicast;
  return addPath ? TABLE_DUMP_V2.ribIpv6UnicastAddPath : TABLE_DUMP_V2.ribIpv6Unicast;
}

/** LOCAL_PREF included, AS numbers of four octets (RFC 6396 4.3.4). */
const ATTRIBUTE_CONTEXT: CodecContext = { ...initialContext('ibgp'), fourOctetAs: true };

/** A route's attributes as a RIB record has them: of MP_REACH_NLRI only the next hop and its length (RFC 6396 4.3.4). */
export function encodeRibAttributes(attributes: PathAttributes, nextHop: NextHop): Uint8Array {
  if (!nextHop.address.includes(':')) {
    return encodeAttributes({ attributes, nextHop: nextHop.address }, ATTRIBUTE_CONTEXT);
  }
  const hops = new OctetWriter().bytes(addressOctets(nextHop.address, 'MRT next hop'));
  if (nextHop.linkLocal !== undefined) hops.bytes(addressOctets(nextHop.linkLocal, 'MRT link-local next hop'));
  return new OctetWriter()
    .bytes(encodeAttributes({ attributes }, ATTRIBUTE_CONTEXT))
    .uint8(ATTRIBUTE_FLAG.optional)
    .uint8(mpReachNlri.typeCode)
    .uint8(hops.length + 1)
    .uint8(hops.length)
    .bytes(hops.finish())
    .finish();
}
