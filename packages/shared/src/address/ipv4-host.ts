const ZERO = 48;
const DOT = 46;
const HOST_LENGTH = '/32';

/**
 * The address of `A.B.C.D/32` as a signed 32-bit integer; `undefined` for any other text, so that it is left to whoever
 * reads all prefixes. By hand, because tables of a hundred thousand routes of hosts go through here.
 */
export function ipv4HostNumber(prefix: string): number | undefined {
  if (!prefix.endsWith(HOST_LENGTH)) return undefined;
  const end = prefix.length - HOST_LENGTH.length;
  let address = 0;
  let dots = 0;
  let octet = 0;
  let digits = 0;
  for (let at = 0; at < end; at += 1) {
    const code = prefix.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return undefined;
      address = (address << 8) | octet;
      dots += 1;
      octet = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return undefined;
    octet = octet * 10 + digit;
    digits += 1;
    if (octet > 255) return undefined;
  }
  return dots === 3 && digits > 0 ? (address << 8) | octet : undefined;
}

/** The reverse of {@link ipv4HostNumber}. */
export function ipv4HostText(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}${HOST_LENGTH}`;
}
