import {
  type AddressFamily,
  formatIpAddress,
  ipAddressFromBytes,
  ipAddressToBytes,
  parseIpAddress,
} from '@slash32/shared/core';

/** AF_INET and AF_INET6 of Linux. */
export const ADDRESS_FAMILY = { 4: 2, 6: 10 } as const satisfies Record<AddressFamily, number>;

/** Octets of `struct sockaddr_in6`, the larger of the two. */
export const MAX_SOCKET_ADDRESS_OCTETS = 28;

/** Family and scope are in the machine's byte order, and every 64-bit Linux that node runs on here is little-endian. */
const LITTLE_ENDIAN = true;

export interface SocketAddress {
  /** Canonical text, without zone. */
  readonly address: string;
  readonly port: number;
  /** Interface index that a link-local address belongs to; 0 for none. */
  readonly scope: number;
}

/**
 * `struct sockaddr_in`, 16 octets, or `struct sockaddr_in6`, 28 octets:
 *
 * ```
 *  0       2       4               8
 * +-------+-------+---------------+- - - - - - - -+
 * | fam 2 | port  | IPv4 address  |  zero         |
 * +-------+-------+---------------+- - - - - - - -+
 *
 *  0       2       4               8                               24      28
 * +-------+-------+---------------+-------------------------------+-------+
 * | fam 10| port  | flow info     | IPv6 address                  | scope |
 * +-------+-------+---------------+-------------------------------+-------+
 * ```
 *
 * Port and address in network byte order. Throws `FabricError` `address.invalid`.
 */
export function encodeSocketAddress({ address, port, scope }: SocketAddress): Uint8Array {
  const parsed = parseIpAddress(address);
  const octets = new Uint8Array(parsed.family === 4 ? 16 : 28);
  const view = new DataView(octets.buffer);
  view.setUint16(0, ADDRESS_FAMILY[parsed.family], LITTLE_ENDIAN);
  view.setUint16(2, port);
  octets.set(ipAddressToBytes(parsed), parsed.family === 4 ? 4 : 8);
  if (parsed.family === 6) view.setUint32(24, scope, LITTLE_ENDIAN);
  return octets;
}

/** `undefined` if it is of another family, or too short. */
export function decodeSocketAddress(octets: Uint8Array): SocketAddress | undefined {
  if (octets.length < 16) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const family = view.getUint16(0, LITTLE_ENDIAN);
  const port = view.getUint16(2);
  if (family === ADDRESS_FAMILY[4]) return { address: addressText(octets.subarray(4, 8)), port, scope: 0 };
  if (family !== ADDRESS_FAMILY[6] || octets.length < MAX_SOCKET_ADDRESS_OCTETS) return undefined;
  return { address: addressText(octets.subarray(8, 24)), port, scope: view.getUint32(24, LITTLE_ENDIAN) };
}

/** Canonical text of 4 or 16 octets. */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  return formatIpAddress(ipAddressFromBytes(octets));
}
