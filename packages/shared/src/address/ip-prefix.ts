import { FabricError } from '../errors/fabric-error.ts';
import { ADDRESS_BITS, type AddressFamily, formatIpAddress, type IpAddress, tryParseIpAddress } from './ip-address.ts';

/** A prefix; bits of `value` after `length` are zero. */
export interface IpPrefix {
  readonly family: AddressFamily;
  readonly value: bigint;
  /** 0–32 for family 4, 0–128 for family 6. */
  readonly length: number;
}

/** Reads `ADDRESS/LENGTH`, or a bare address as a host prefix. Host bits are cleared. `undefined` if malformed. */
export function tryParseIpPrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf('/');
  const address = tryParseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = ADDRESS_BITS[address.family];
  const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  return length > bits ? undefined : makeIpPrefix(address, length);
}

/** As {@link tryParseIpPrefix}, but throws `FabricError` `prefix.invalid`. */
export function parseIpPrefix(text: string): IpPrefix {
  const prefix = tryParseIpPrefix(text);
  if (prefix === undefined) {
    throw new FabricError('prefix.invalid', `"${text}" is not a prefix; write it like 192.0.2.0/24 or 2001:db8::/32`);
  }
  return prefix;
}

/** The prefix of `length` bits that `address` is in. */
export function makeIpPrefix(address: IpAddress, length: number): IpPrefix {
  const hostBits = BigInt(ADDRESS_BITS[address.family] - length);
  return { family: address.family, value: (address.value >> hostBits) << hostBits, length };
}

/** /32 or /128. */
export function hostPrefix(address: IpAddress): IpPrefix {
  return { family: address.family, value: address.value, length: ADDRESS_BITS[address.family] };
}

/** Canonical text with the length always written: `192.0.2.1/32`. */
export function formatIpPrefix(prefix: IpPrefix): string {
  return `${formatIpAddress(prefix)}/${prefix.length}`;
}

/** The last address of the prefix. */
export function lastAddress(prefix: IpPrefix): bigint {
  return prefix.value | ((1n << BigInt(ADDRESS_BITS[prefix.family] - prefix.length)) - 1n);
}

/** True if `address` (or every address of it, for a prefix) is in `prefix`. Different families never are. */
export function prefixContains(prefix: IpPrefix, inner: IpAddress | IpPrefix): boolean {
  if (prefix.family !== inner.family) return false;
  const innerLength = 'length' in inner ? inner.length : ADDRESS_BITS[inner.family];
  if (innerLength < prefix.length) return false;
  const shift = BigInt(ADDRESS_BITS[prefix.family] - prefix.length);
  return inner.value >> shift === prefix.value >> shift;
}
