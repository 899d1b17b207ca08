const ZERO = 48;
const DOT = 46;
const COLON = 58;
const LOWER_A = 97;

/**
 * The octets of an address, 4 or 16, in network byte order; `undefined` if the text is none. The text ends at `end`. Reads
 * what `tryParseIpAddress` reads, but by hand, because tables of a hundred thousand routes go through here.
 */
export function addressOctets(text: string, end = text.length): Uint8Array | undefined {
  const colon = text.indexOf(':');
  return colon >= 0 && colon < end ? ipv6Octets(text, end) : ipv4Octets(text, 0, end);
}

function ipv4Octets(text: string, start: number, end: number): Uint8Array | undefined {
  const octets = new Uint8Array(4);
  let index = 0;
  let value = 0;
  let digits = 0;
  for (let at = start; at < end; at += 1) {
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

function ipv6Octets(text: string, end: number): Uint8Array | undefined {
  const octets = new Uint8Array(16);
  let length = 0;
  /** Where `::` stands, in octets. */
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < end) {
    const start = at;
    let value = 0;
    for (let digit = hexDigit(text.charCodeAt(at)); at < end && digit >= 0; digit = hexDigit(text.charCodeAt(at))) {
      value = value * 16 + digit;
      at += 1;
    }
    if (at < end && text.charCodeAt(at) === DOT) {
      const tail = ipv4Octets(text, start, end);
      if (tail === undefined || length > 12) return undefined;
      octets.set(tail, length);
      length += 4;
      break;
    }
    if (at === start || at - start > 4 || length > 14) return undefined;
    octets[length] = value >> 8;
    octets[length + 1] = value & 0xff;
    length += 2;
    if (at === end) break;
    if (text.charCodeAt(at) !== COLON || at + 1 === end) return undefined;
    at += 1;
    if (text.charCodeAt(at) !== COLON) continue;
    if (gap >= 0) return undefined;
    gap = length;
    at += 1;
  }
  if (gap < 0) return length === 16 ? octets : undefined;
  if (length > 14) return undefined;
  octets.copyWithin(16 - (length - gap), gap, length);
  return octets.fill(0, gap, 16 - (length - gap));
}

/** -1 if the code is of no hexadecimal digit. */
function hexDigit(code: number): number {
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO;
  const letter = (code | 0x20) - LOWER_A;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/** Canonical text of the address in `bytes` from `start` to `end`; `undefined` if these are not 4 or 16 octets. */
export function addressText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start === 4) return `${bytes[start]}.${bytes[start + 1]}.${bytes[start + 2]}.${bytes[start + 3]}`;
  return end - start === 16 ? ipv6Text(bytes, start) : undefined;
}

/** RFC 5952, as `formatIpAddress`, without the big number in between. */
function ipv6Text(bytes: Uint8Array, start: number): string {
  const groups: number[] = [];
  let runStart = 0;
  let bestStart = 8;
  let bestLength = 1; // a single zero group is not shortened
  for (let index = 0; index < 8; index += 1) {
    const group = ((bytes[start + 2 * index] ?? 0) << 8) | (bytes[start + 2 * index + 1] ?? 0);
    groups.push(group);
    if (group !== 0) {
      runStart = index + 1;
    } else if (index - runStart >= bestLength) {
      bestStart = runStart;
      bestLength = index - runStart + 1;
    }
  }
  if (bestStart === 8) return hexGroups(groups, 0, 8);
  return `${hexGroups(groups, 0, bestStart)}::${hexGroups(groups, bestStart + bestLength, 8)}`;
}

function hexGroups(groups: readonly number[], from: number, to: number): string {
  let text = '';
  for (let index = from; index < to; index += 1) {
    text += index === from ? '' : ':';
    text += (groups[index] ?? 0).toString(16);
  }
  return text;
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
