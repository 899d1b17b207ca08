import { encodeSocketAddress } from '../udp/socket-address.ts';

/** Levels and options of `linux/tcp.h`. */
export const IPPROTO_TCP = 6;
export const TCP_MD5SIG = 14;
export const TCP_MD5SIG_EXT = 32;

/** Longest key that the kernel takes (TCP_MD5SIG_MAXKEYLEN), octets. */
export const MAX_MD5_KEY_OCTETS = 80;

const SOCKET_ADDRESS_STORAGE_OCTETS = 128;
const OPTION_OCTETS = 216;
const FLAG_PREFIX = 1;
const LITTLE_ENDIAN = true;

export interface Md5Peer {
  /** Canonical text; the key is for this address, or for the prefix of this length around it. */
  readonly address: string;
  /** Only for a socket that accepts connections. */
  readonly prefixLength?: number;
}

/**
 * `struct tcp_md5sig` of `linux/tcp.h`, 216 octets: the key that segments from and to `peer` are signed with (RFC 2385).
 *
 * ```
 *  0                      128     129       130      132        136
 * +-----------------------+-------+---------+--------+----------+- - - - - - -+
 * | sockaddr_storage      | flags | prefix  | key    | interface| key         |
 * | (port is ignored)     |       | length  | length | index    | (80, zeros) |
 * +-----------------------+-------+---------+--------+----------+- - - - - - -+
 * ```
 *
 * An empty key deletes the one that there is. `ofDualStack`: the socket is an IPv6 one that also takes IPv4 connections,
 * and knows those peers by their mapped addresses, though prefix lengths stay those of IPv4. Throws `FabricError` `address.invalid`.
 */
export function encodeMd5Signature(peer: Md5Peer, key: Uint8Array, ofDualStack: boolean): Uint8Array {
  const octets = new Uint8Array(OPTION_OCTETS);
  const view = new DataView(octets.buffer);
  const isMapped = ofDualStack && !peer.address.includes(':');
  const address = isMapped ? `::ffff:${peer.address}` : peer.address;
  octets.set(encodeSocketAddress({ address, port: 0, scope: 0 }).subarray(0, SOCKET_ADDRESS_STORAGE_OCTETS));
  if (peer.prefixLength !== undefined) {
    octets[128] = FLAG_PREFIX;
    octets[129] = peer.prefixLength;
  }
  view.setUint16(130, key.length, LITTLE_ENDIAN);
  octets.set(key, 136);
  return octets;
}
