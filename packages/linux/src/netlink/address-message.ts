import { addressText } from './address-octets.ts';
import type { MessageWriter } from './message-writer.ts';
import { AttributeCursor, LITTLE_ENDIAN, type Octets } from './netlink-message.ts';
import { AF_INET, AF_INET6, RT_SCOPE_GLOBAL, RT_SCOPE_HOST } from './route-message.ts';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
/** ifa_flags: no duplicate address detection, so that the address can be used at once. */
const IFA_F_NODAD = 0x02;

const IFADDRMSG_OCTETS = 8;
const LOOPBACK_NET = 127;

/**
 * An interface's address as rtnetlink has it (RFC 3549 section 3.1.4, linux/if_addr.h):
 *
 * ```
 * +-------------------------------+-------------------------------+
 * |    family     |  prefix len   |     flags     |     scope     |
 * +-------------------------------+-------------------------------+
 * |                        interface index                        |
 * +---------------------------------------------------------------+
 * | IFA_LOCAL the address itself · IFA_ADDRESS that of the peer,  |
 * | where there is one; IPv6 without peer has IFA_ADDRESS only    |
 * +---------------------------------------------------------------+
 * ```
 */
export interface AddressMessage {
  readonly interfaceIndex: number;
  /** `ADDRESS/LENGTH`, host bits kept. */
  readonly address: string;
}

/** Writes structure and attributes behind a header. */
export function writeAddress(
  writer: MessageWriter,
  address: { readonly interfaceIndex: number; readonly octets: Uint8Array; readonly length: number },
): void {
  const { octets } = address;
  const ipv4 = octets.length === 4;
  writer.uint8(ipv4 ? AF_INET : AF_INET6);
  writer.uint8(address.length);
  writer.uint8(ipv4 ? 0 : IFA_F_NODAD);
  writer.uint8(ipv4 && octets[0] === LOOPBACK_NET ? RT_SCOPE_HOST : RT_SCOPE_GLOBAL);
  writer.uint32(address.interfaceIndex);
  writer.attributeBytes(IFA_LOCAL, octets);
  writer.attributeBytes(IFA_ADDRESS, octets);
}

/** The request for the addresses of one interface, or with 0 of all. The kernel refuses an index that is not there. */
export function writeAddressDump(writer: MessageWriter, interfaceIndex: number): void {
  writer.uint32(0);
  writer.uint32(interfaceIndex);
}

/** Reads structure and attributes; `undefined` if they are cut off or of another family. */
export function readAddress(octets: Octets, start: number, end: number): AddressMessage | undefined {
  if (start + IFADDRMSG_OCTETS > end) return undefined;
  const { bytes, view } = octets;
  const family = view.getUint8(start);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  let local: string | undefined;
  let address: string | undefined;
  const attributes = new AttributeCursor(octets, start + IFADDRMSG_OCTETS, end);
  while (attributes.next()) {
    if (attributes.type === IFA_LOCAL) local = addressText(bytes, attributes.start, attributes.end);
    else if (attributes.type === IFA_ADDRESS) address = addressText(bytes, attributes.start, attributes.end);
  }
  const own = local ?? address;
  if (own === undefined) return undefined;
  return {
    interfaceIndex: view.getUint32(start + 4, LITTLE_ENDIAN),
    address: `${own}/${view.getUint8(start + 1)}`,
  };
}
