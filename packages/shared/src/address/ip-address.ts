import { FabricError } from '../errors/fabric-error.ts';

export type AddressFamily = 4 | 6;

/** An IP address as a number: 32 bits for family 4, 128 bits for family 6, most significant octet first. */
export interface IpAddress {
  readonly family: AddressFamily;
  readonly value: bigint;
}

export const ADDRESS_BITS = { 4: 32, 6: 128 } as const;

/** Reads dotted-quad IPv4 (no leading zeros) or RFC 4291 IPv6 text (no zone). `undefined` if it is neither. */
export function tryParseIpAddress(text: string): IpAddress | undefined {
  if (text.includes(':')) {
    const value = parseIpv6(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIpv4(text);
  return value === undefined ? undefined : { family: 4, value: BigInt(value) };
}

/** As {@link tryParseIpAddress}, but throws `FabricError` `address.invalid`. */
export function parseIpAddress(text: string): IpAddress {
  const address = tryParseIpAddress(text);
  if (address === undefined) {
    throw new FabricError('address.invalid', `"${text}" is not an IP address; write it like 192.0.2.1 or 2001:db8::1`);
  }
  return address;
}

/** Canonical text: dotted quad, or RFC 5952 (lower case, longest run of zeros shortened). */
export function formatIpAddress(address: IpAddress): string {
  return address.family === 4 ? formatIpv4(Number(address.value)) : formatIpv6(address.value);
}

/** Octets, network byte order: 4 or 16. */
export function ipAddressToBytes(address: IpAddress): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BITS[address.family] / 8);
  let rest = address.value;
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The reverse of {@link ipAddressToBytes}; `bytes` must have 4 or 16 octets, else `FabricError` `address.invalid`. */
export function ipAddressFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length !== 4 && bytes.length !== 16) {
    throw new FabricError('address.invalid', `an IP address has 4 or 16 octets, not ${bytes.length}`);
  }
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

/**
 * True for addresses that a host or an instance may have: not unspecified, loopback, multicast, reserved or broadcast
 * (RFC 6890, 240.0.0.0/4), and not link-local, which no route leads to.
 */
export function isRoutableUnicast(address: IpAddress): boolean {
  if (address.family === 6) {
    const high = address.value >> 112n;
    return address.value > 1n && (high & 0xff00n) !== 0xff00n && (high & 0xffc0n) !== 0xfe80n;
  }
  const first = address.value >> 24n;
  return first !== 0n && first !== 127n && first < 224n && address.value >> 16n !== 0xa9fen;
}

function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    const octet = Number(part);
    if (octet > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`;
}

function parseIpv6(text: string): bigint | undefined {
  let source = text;
  const lastColon = source.lastIndexOf(':');
  if (source.slice(lastColon + 1).includes('.')) {
    const embedded = parseIpv4(source.slice(lastColon + 1));
    if (embedded === undefined) return undefined;
    source = `${source.slice(0, lastColon + 1)}${(embedded >>> 16).toString(16)}:${(embedded & 0xffff).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) value = (value << 16n) | BigInt(group);
  return value;
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  for (const part of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

function formatIpv6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  let bestStart = -1;
  let bestLength = 1; // RFC 5952 4.2.2: a single zero group is not shortened
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}
