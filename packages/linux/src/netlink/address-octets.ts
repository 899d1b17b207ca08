import { formatIpAddress, ipAddressFromBytes, ipAddressToBytes, tryParseIpAddress } from '@slash32/shared';

const ZERO = 48;
const DOT = 46;

/**
 * The octets of an address, 4 or 16, in network byte order; `undefined` if the text is none. The text ends at `end`.
 * IPv4 is read by hand, because a table of a hundred thousand routes goes through here.
 */
export function addressOctets(text: string, end = text.length): Uint8Array | undefined {
  if (!text.includes(':')) return ipv4Octets(text, end);
  const address = tryParseIpAddress(end === text.length ? text : text.slice(0, end));
  return address === undefined ? undefined : ipAddressToBytes(address);
}

function ipv4Octets(text: string, end: number): Uint8Array | undefined {
  const octets = new Uint8Array(4);
  let index = 0;
  let value = 0;
  let digits = 0;
  for (let at = 0; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || index === 3) return undefined;
      octets[index] = value;
      index += 1;
      value = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return undefined;
    value = value * 10 + digit;
    digits += 1;
    if (value > 255) return undefined;
  }
  if (index !== 3 || digits === 0) return undefined;
  octets[3] = value;
  return octets;
}

/** Canonical text of the address in `bytes` from `start` to `end`; `undefined` if these are not 4 or 16 octets. */
export function addressText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start === 4) return `${bytes[start]}.${bytes[start + 1]}.${bytes[start + 2]}.${bytes[start + 3]}`;
  if (end - start !== 16) return undefined;
  return formatIpAddress(ipAddressFromBytes(bytes.subarray(start, end)));
}

/** Six octets; `undefined` if the text is no MAC address. */
export function macOctets(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(/[:-]/), (octet) => Number.parseInt(octet, 16));
}

/** Lower-case, colon-separated text; `undefined` if these are not six octets. */
export function macText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start !== 6) return undefined;
  return Array.from(bytes.subarray(start, end), (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

export interface PrefixOctets {
  readonly octets: Uint8Array;
  readonly length: number;
}

/** Reads `ADDRESS/LENGTH`, host bits kept; without length it is that of the address. `undefined` if malformed. */
export function prefixOctets(text: string): PrefixOctets | undefined {
  const slash = text.lastIndexOf('/');
  const octets = addressOctets(text, slash < 0 ? text.length : slash);
  if (octets === undefined) return undefined;
  const bits = octets.length * 8;
  if (slash < 0) return { octets, length: bits };
  const digits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const length = Number(digits);
  return length > bits ? undefined : { octets, length };
}
