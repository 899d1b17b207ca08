import { macText } from './address-octets.ts';
import type { MessageWriter } from './message-writer.ts';
import { AttributeCursor, LITTLE_ENDIAN, type Octets, textIn } from './netlink-message.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

const AF_UNSPEC = 0;

/** ifi_flags. */
const IFF_UP = 0x1;
const IFF_LOWER_UP = 0x10000;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_EXT_MASK = 29;
/** Counters are most of a link's message and are made by visiting every processor. */
const RTEXT_FILTER_SKIP_STATS = 0x8;

const IFINFOMSG_OCTETS = 16;

/**
 * An interface as rtnetlink has it (RFC 3549 section 3.1.2, linux/if_link.h):
 *
 * ```
 * +-------------------------------+-------------------------------+
 * |    family     |    padding    |          device type          |
 * +-------------------------------+-------------------------------+
 * |                        interface index                        |
 * +---------------------------------------------------------------+
 * |                             flags                             |
 * +---------------------------------------------------------------+
 * |             which of the flags a request changes              |
 * +---------------------------------------------------------------+
 * | IFLA_IFNAME text · IFLA_ADDRESS link-layer address ·          |
 * | IFLA_MTU u32 · and some dozens more                           |
 * +---------------------------------------------------------------+
 * ```
 */
export interface LinkMessage {
  readonly index: number;
  readonly name: string;
  /** IFF_UP. */
  readonly up: boolean;
  /** IFF_LOWER_UP. */
  readonly carrier: boolean;
  /** Absent if the link layer has no six-octet addresses. */
  readonly mac?: string;
  readonly mtu: number;
}

/** The request to bring an interface up. */
export function writeLinkUp(writer: MessageWriter, interfaceIndex: number): void {
  writer.uint32(AF_UNSPEC);
  writer.uint32(interfaceIndex);
  writer.uint32(IFF_UP);
  writer.uint32(IFF_UP);
}

/** The request for all interfaces. */
export function writeLinkDump(writer: MessageWriter): void {
  for (let word = 0; word < IFINFOMSG_OCTETS / 4; word += 1) writer.uint32(0);
  writer.attributeUint32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

/**
 * Reads structure and attributes; `undefined` if they do not tell of a whole interface: those of a bridge's port (family
 * AF_BRIDGE, of which Linux reports the end when the interface leaves its bridge), of a wireless event, or cut off.
 */
export function readLink(octets: Octets, start: number, end: number): LinkMessage | undefined {
  if (start + IFINFOMSG_OCTETS > end) return undefined;
  const { bytes, view } = octets;
  if (view.getUint8(start) !== AF_UNSPEC) return undefined;
  let name: string | undefined;
  let mac: string | undefined;
  let mtu: number | undefined;
  const attributes = new AttributeCursor(octets, start + IFINFOMSG_OCTETS, end);
  while (attributes.next()) {
    if (attributes.type === IFLA_IFNAME) name = textIn(octets, attributes.start, attributes.end);
    else if (attributes.type === IFLA_ADDRESS) mac = macText(bytes, attributes.start, attributes.end);
    else if (attributes.type === IFLA_MTU) mtu = attributes.uint32;
  }
  if (name === undefined || mtu === undefined) return undefined;
  const flags = view.getUint32(start + 8, LITTLE_ENDIAN);
  return {
    index: view.getUint32(start + 4, LITTLE_ENDIAN),
    name,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    ...(mac === undefined ? {} : { mac }),
    mtu,
  };
}
