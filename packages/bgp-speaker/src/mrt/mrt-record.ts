import { writeUint16, writeUint32 } from '../codec/octets.ts';

/** RFC 6396 4. */
export const MRT_TYPE = { tableDumpV2: 13, bgp4mp: 16, bgp4mpEt: 17 } as const;

/** RFC 6396 4.3, RFC 8050 4. */
export const TABLE_DUMP_V2 = {
  peerIndexTable: 1,
  ribIpv4Unicast: 2,
  ribIpv6Unicast: 4,
  ribIpv4UnicastAddPath: 8,
  ribIpv6UnicastAddPath: 10,
} as const;

/** RFC 6396 4.4; the last four for sessions with ADD-PATH, RFC 8050 3. `local`: sent by the speaker that writes the record. */
export const BGP4MP = {
  message: 1,
  messageAs4: 4,
  stateChangeAs4: 5,
  messageLocal: 6,
  messageAs4Local: 7,
  messageAddPath: 8,
  messageAs4AddPath: 9,
  messageLocalAddPath: 10,
  messageAs4LocalAddPath: 11,
} as const;

/** Octets ahead of the body, but for the microseconds of `bgp4mpEt`. */
export const MRT_HEADER_OCTETS = 12;

/**
 * A whole record. With type `bgp4mpEt` the microseconds of `wallMs` follow the header (RFC 6396 3).
 *
 * ```
 * +---------------+----------+-------------+------------+--------------------------+------+
 * | Timestamp (4) | Type (2) | Subtype (2) | Length (4) | Microseconds (4, ET only)| Body |
 * +---------------+----------+-------------+------------+--------------------------+------+
 * ```
 */
export function encodeMrtRecord(type: number, subtype: number, wallMs: number, body: Uint8Array): Uint8Array {
  const extension = type === MRT_TYPE.bgp4mpEt ? 4 : 0;
  const record = newMrtRecord(type, subtype, wallMs, extension + body.length);
  if (extension > 0) writeUint32(record, MRT_HEADER_OCTETS, Math.floor((wallMs % 1000) * 1000));
  record.set(body, MRT_HEADER_OCTETS + extension);
  return record;
}

/** A record of which the header is written; `length`: of all behind it, octets, to be filled in by the caller. */
export function newMrtRecord(type: number, subtype: number, wallMs: number, length: number): Uint8Array {
  const record = new Uint8Array(MRT_HEADER_OCTETS + length);
  writeUint32(record, 0, Math.floor(wallMs / 1000));
  writeUint16(record, 4, type);
  writeUint16(record, 6, subtype);
  writeUint32(record, 8, length);
  return record;
}
