import { addressText, macText } from './address-octets.ts';
import type { MessageWriter } from './message-writer.ts';
import { AttributeCursor, LITTLE_ENDIAN, type Octets } from './netlink-message.ts';
import { AF_INET, AF_INET6 } from './route-message.ts';

export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

/** ndm_state bit of entries that never age. */
export const NUD_PERMANENT = 0x80;
/** ndm_state bit of entries that nobody answers for. */
const NUD_FAILED = 0x20;
const NTF_PROXY = 0x08;
/** ndm_flags: it said in an advertisement that it is a router. */
const NTF_ROUTER = 0x80;

const NDA_DST = 1;
const NDA_LLADDR = 2;

const NDMSG_OCTETS = 12;

/**
 * A neighbour as rtnetlink has it (RFC 3549 section 3.1.3, linux/neighbour.h):
 *
 * ```
 * +-------------------------------+-------------------------------+
 * |    family     |                   padding                     |
 * +-------------------------------+-------------------------------+
 * |                        interface index                        |
 * +-------------------------------+-------------------------------+
 * |             state             |     flags     |     type      |
 * +-------------------------------+-------------------------------+
 * | NDA_DST address · NDA_LLADDR link-layer address               |
 * +---------------------------------------------------------------+
 * ```
 */
export interface NeighbourMessage {
  readonly interfaceIndex: number;
  readonly address: string;
  /** Absent: none is known, or the link layer has no six-octet addresses. */
  readonly mac?: string;
  readonly permanent: boolean;
  /** It is a router, as far as is known, and not known to be unreachable. */
  readonly router?: true;
}

/** Writes structure and attributes behind a header. `mac` absent: for a deletion. */
export function writeNeighbour(
  writer: MessageWriter,
  neighbour: { readonly interfaceIndex: number; readonly address: Uint8Array; readonly mac?: Uint8Array },
): void {
  writeNeighbourStructure(writer, {
    family: neighbour.address.length === 4 ? AF_INET : AF_INET6,
    interfaceIndex: neighbour.interfaceIndex,
    state: NUD_PERMANENT,
  });
  writer.attributeBytes(NDA_DST, neighbour.address);
  if (neighbour.mac !== undefined) writer.attributeBytes(NDA_LLADDR, neighbour.mac);
}

/** The request for the entries of both families. */
export function writeNeighbourDump(writer: MessageWriter): void {
  writeNeighbourStructure(writer, { family: 0, interfaceIndex: 0, state: 0 });
}

/** Reads structure and attributes; `undefined`: proxy entries, those of bridges, and what is cut off. */
export function readNeighbour(octets: Octets, start: number, end: number): NeighbourMessage | undefined {
  if (start + NDMSG_OCTETS > end) return undefined;
  const { bytes, view } = octets;
  const family = view.getUint8(start);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const flags = view.getUint8(start + 10);
  if ((flags & NTF_PROXY) !== 0) return undefined;
  const state = view.getUint16(start + 8, LITTLE_ENDIAN);
  let address: string | undefined;
  let mac: string | undefined;
  const attributes = new AttributeCursor(octets, start + NDMSG_OCTETS, end);
  while (attributes.next()) {
    if (attributes.type === NDA_DST) address = addressText(bytes, attributes.start, attributes.end);
    else if (attributes.type === NDA_LLADDR) mac = macText(bytes, attributes.start, attributes.end);
  }
  if (address === undefined) return undefined;
  return {
    interfaceIndex: view.getUint32(start + 4, LITTLE_ENDIAN),
    address,
    ...(mac === undefined ? {} : { mac }),
    permanent: (state & NUD_PERMANENT) !== 0,
    ...((flags & NTF_ROUTER) !== 0 && (state & NUD_FAILED) === 0 ? { router: true } : {}),
  };
}

function writeNeighbourStructure(
  writer: MessageWriter,
  entry: { readonly family: number; readonly interfaceIndex: number; readonly state: number },
): void {
  writer.uint8(entry.family);
  writer.uint8(0);
  writer.uint16(0);
  writer.uint32(entry.interfaceIndex);
  writer.uint16(entry.state);
  writer.uint16(0);
}
