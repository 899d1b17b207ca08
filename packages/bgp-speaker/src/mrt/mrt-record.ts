import { OctetWriter } from '../codec/octet-writer.ts';

/** RFC 6396 4. */
export const MRT_TYPE = { tableDumpV2: 13, bgp4mp: 16, bgp4mpEt: 17 } as const;

/** RFC 6396 4.3, RFC 8050 4. */
export const TABLE_DUMP_V2 = { peerIndexTable: 1, ribIpv4Unicast: 2, ribIpv6Unicast: 4 } as const;

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
  const extended = type === MRT_TYPE.bgp4mpEt;
  const writer = new OctetWriter()
    .uint32(Math.floor(wallMs / 1000))
    .uint16(type)
    .uint16(subtype)
    .uint32(body.length + (extended ? 4 : 0));
  if (extended) writer.uint32(Math.floor((wallMs % 1000) * 1000));
  return writer.bytes(body).finish();
}
