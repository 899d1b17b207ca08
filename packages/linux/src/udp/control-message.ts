import { addressText } from './socket-address.ts';

/** Socket levels and options of Linux that deliver something along with a datagram. */
export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
export const IP_TTL = 2;
export const IP_PKTINFO = 8;
export const IPV6_PKTINFO = 50;
export const IPV6_HOPLIMIT = 52;

const HEADER_OCTETS = 16;
const LITTLE_ENDIAN = true;

/** What the kernel tells about a datagram beside its octets. */
export interface ArrivalFacts {
  /** TTL or hop limit as it arrived. */
  readonly hopLimit?: number;
  /** Address that it was sent to. */
  readonly localAddress?: string;
  readonly interfaceIndex?: number;
}

/**
 * Reads the control messages that `recvmsg` filled in. Each, aligned to 8 octets:
 *
 * ```
 *  0               8       12      16
 * +---------------+-------+-------+- - - - - - - -
 * | length        | level | type  |  data
 * +---------------+-------+-------+- - - - - - - -
 *
 *  IP_TTL, IPV6_HOPLIMIT   hop limit (4)
 *  IP_PKTINFO              interface (4)  local address (4)  destination (4)
 *  IPV6_PKTINFO            destination (16)  interface (4)
 * ```
 *
 * The length counts the header. Messages of other kinds and cut-off ones are passed over.
 */
export function readControlMessages(octets: Uint8Array): ArrivalFacts {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  let facts: ArrivalFacts = {};
  for (let start = 0; start + HEADER_OCTETS <= octets.length; ) {
    const length = Number(view.getBigUint64(start, LITTLE_ENDIAN));
    if (length < HEADER_OCTETS || start + length > octets.length) break;
    const kind = `${view.getUint32(start + 8, LITTLE_ENDIAN)}/${view.getUint32(start + 12, LITTLE_ENDIAN)}`;
    facts = { ...facts, ...readMessage(kind, octets.subarray(start + HEADER_OCTETS, start + length)) };
    start += (length + 7) & ~7;
  }
  return facts;
}

function readMessage(kind: string, data: Uint8Array): ArrivalFacts {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (kind) {
    case `${IPPROTO_IP}/${IP_TTL}`:
    case `${IPPROTO_IPV6}/${IPV6_HOPLIMIT}`:
      return data.length < 4 ? {} : { hopLimit: view.getInt32(0, LITTLE_ENDIAN) };
    case `${IPPROTO_IP}/${IP_PKTINFO}`:
      if (data.length < 12) return {};
      return { interfaceIndex: view.getInt32(0, LITTLE_ENDIAN), localAddress: addressText(data.subarray(8, 12)) };
    case `${IPPROTO_IPV6}/${IPV6_PKTINFO}`:
      if (data.length < 20) return {};
      return { interfaceIndex: view.getInt32(16, LITTLE_ENDIAN), localAddress: addressText(data.subarray(0, 16)) };
    default:
      return {};
  }
}
