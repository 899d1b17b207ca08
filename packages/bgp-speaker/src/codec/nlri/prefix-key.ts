import {
  type AddressFamily,
  type BgpFamily,
  FabricError,
  formatIpAddress,
  ipAddressFromBytes,
  ipAddressToBytes,
  ipv4HostNumber,
  parseIpPrefix,
} from '@slash32/shared';
import { readUint32 } from '../octets.ts';

/**
 * A prefix in the form that tables are keyed by: made once per NLRI, compared and hashed without a look inside.
 *
 * - IPv4: a number. A /32 is its address as a signed 32-bit integer, which the engine keeps unboxed; any other length
 *   is `address + 2^32 × (length + 1)`, a safe integer.
 * - IPv6: a string of 17 characters, each one octet: the length, then the address.
 *
 * Keys of the two families never collide (number against string). Bits after the length are zero: equal prefixes have
 * equal keys, whatever the sender left in the trailing bits (RFC 4271 4.3: their value is irrelevant).
 */
export type Ipv4PrefixKey = number;
export type Ipv6PrefixKey = string;
export type PrefixKey = Ipv4PrefixKey | Ipv6PrefixKey;

const TWO_POW_32 = 2 ** 32;
const IPV6_OCTETS = 16;

/** `address` is 32 bits, signed or not; bits after `length` (0–32) are cleared. */
export function ipv4PrefixKey(address: number, length: number): Ipv4PrefixKey {
  if (length === 32) return address | 0;
  const masked = length === 0 ? 0 : (address & (-1 << (32 - length))) >>> 0;
  return masked + TWO_POW_32 * (length + 1);
}

/** The address (unsigned) of an IPv4 key. */
export function ipv4KeyAddress(key: Ipv4PrefixKey): number {
  return key < TWO_POW_32 ? key >>> 0 : key % TWO_POW_32;
}

export function ipv4KeyLength(key: Ipv4PrefixKey): number {
  return key < TWO_POW_32 ? 32 : Math.floor(key / TWO_POW_32) - 1;
}

/** Reads `length` bits (0–128) of an address at `offset`, rounded up to whole octets. */
export function ipv6PrefixKey(octets: Uint8Array, offset: number, length: number): Ipv6PrefixKey {
  if (length === 128) return ipv6HostKey(octets, offset);
  let key = String.fromCharCode(length);
  const wholeOctets = length >> 3;
  for (let index = 0; index < IPV6_OCTETS; index += 1) {
    let octet = 0;
    if (index < wholeOctets) octet = octets[offset + index] ?? 0;
    else if (index === wholeOctets && (length & 7) !== 0)
      octet = (octets[offset + index] ?? 0) & (0xff00 >> (length & 7));
    key += String.fromCharCode(octet & 0xff);
  }
  return key;
}

function ipv6HostKey(octets: Uint8Array, at: number): Ipv6PrefixKey {
  // One call with all octets makes a flat one-byte string; concatenation would make a tree that hashing must flatten.
  return String.fromCharCode(
    128,
    octets[at] ?? 0,
    octets[at + 1] ?? 0,
    octets[at + 2] ?? 0,
    octets[at + 3] ?? 0,
    octets[at + 4] ?? 0,
    octets[at + 5] ?? 0,
    octets[at + 6] ?? 0,
    octets[at + 7] ?? 0,
    octets[at + 8] ?? 0,
    octets[at + 9] ?? 0,
    octets[at + 10] ?? 0,
    octets[at + 11] ?? 0,
    octets[at + 12] ?? 0,
    octets[at + 13] ?? 0,
    octets[at + 14] ?? 0,
    octets[at + 15] ?? 0,
  );
}

/** Address family of a key. */
export function prefixKeyAddressFamily(key: PrefixKey): AddressFamily {
  return typeof key === 'number' ? 4 : 6;
}

/** Unicast family of a key. */
export function prefixKeyFamily(key: PrefixKey): BgpFamily {
  return typeof key === 'number' ? 'ipv4-unicast' : 'ipv6-unicast';
}

/** Length in bits. */
export function prefixKeyLength(key: PrefixKey): number {
  return typeof key === 'number' ? ipv4KeyLength(key) : key.charCodeAt(0);
}

/** The prefix of `length` bits that contains `key`; `length` is at most the key's own. */
export function shortenedPrefixKey(key: PrefixKey, length: number): PrefixKey {
  if (typeof key === 'number') return ipv4PrefixKey(ipv4KeyAddress(key), length);
  const wholeOctets = length >> 3;
  let shortened = String.fromCharCode(length) + key.slice(1, 1 + wholeOctets);
  if ((length & 7) !== 0) {
    shortened += String.fromCharCode(key.charCodeAt(1 + wholeOctets) & (0xff00 >> (length & 7)) & 0xff);
  }
  return shortened.padEnd(IPV6_OCTETS + 1, '\0');
}

/** Reads `ADDRESS/LENGTH` or a bare address (a host prefix). `FabricError` `prefix.invalid` if it is neither. */
export function prefixKeyFromText(text: string): PrefixKey {
  const host = ipv4HostNumber(text);
  if (host !== undefined) return host;
  const prefix = parseIpPrefix(text);
  const octets = ipAddressToBytes({ family: prefix.family, value: prefix.value });
  return prefix.family === 4
    ? ipv4PrefixKey(readUint32(octets, 0), prefix.length)
    : ipv6PrefixKey(octets, 0, prefix.length);
}

/** Canonical text, the length always written: `192.0.2.1/32`, `2001:db8::/32`. */
export function prefixKeyToText(key: PrefixKey): string {
  if (typeof key === 'number') {
    const address = ipv4KeyAddress(key);
    return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}/${ipv4KeyLength(key)}`;
  }
  if (key.length !== IPV6_OCTETS + 1)
    throw new FabricError('prefix.invalid', `an IPv6 prefix key has 17 octets, not ${key.length}`);
  const octets = new Uint8Array(IPV6_OCTETS);
  for (let index = 0; index < IPV6_OCTETS; index += 1) octets[index] = key.charCodeAt(index + 1);
  return `${formatIpAddress(ipAddressFromBytes(octets))}/${key.charCodeAt(0)}`;
}
