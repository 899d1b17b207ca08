import { readAddress } from '../address-octets.ts';
import type { NextHop } from '../nlri/nlri-block.ts';

/** Why an IPv4 address cannot be a next hop (RFC 4271 section 6.3); `undefined` if it can. */
export function ipv4NextHopFault(octets: Uint8Array, offset: number): string | undefined {
  const first = octets[offset] ?? 0;
  if (first === 0) return 'is in 0.0.0.0/8';
  if (first === 127) return 'is a loopback address';
  if (first >= 240) return 'is reserved or broadcast';
  return first >= 224 ? 'is a multicast address' : undefined;
}

/** The same for IPv6. */
function ipv6NextHopFault(octets: Uint8Array, offset: number): string | undefined {
  if (octets[offset] === 0xff) return 'is a multicast address';
  for (let index = offset; index < offset + 15; index += 1) if (octets[index] !== 0) return undefined;
  const last = octets[offset + 15] ?? 0;
  if (last === 0) return 'is unspecified';
  return last === 1 ? 'is the loopback address' : undefined;
}

function isLinkLocal(octets: Uint8Array, offset: number): boolean {
  return octets[offset] === 0xfe && ((octets[offset + 1] ?? 0) & 0xc0) === 0x80;
}

function isUnspecified(octets: Uint8Array, offset: number): boolean {
  return ipv6NextHopFault(octets, offset) === 'is unspecified';
}

export type NextHopResult =
  | { readonly ok: true; readonly nextHop: NextHop; readonly fault?: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads the next hop of MP_REACH_NLRI: 4 octets, 16, or 32 (global and link-local, RFC 2545 section 3). A wrong
 * length is a failure, since what follows cannot be found then; an address that cannot be a next hop is a `fault`.
 * 32 octets with `::` in front and a link-local address behind are accepted: speakers on unnumbered links send that.
 * The second of two addresses is dropped if it is not link-local.
 */
export function decodeMpNextHop(
  octets: Uint8Array,
  start: number,
  length: number,
  allowed: readonly number[],
): NextHopResult {
  if (!allowed.includes(length))
    return { ok: false, reason: `next hop of ${length} octets, not ${allowed.join(' or ')}` };
  if (length === 4) {
    const fault = ipv4NextHopFault(octets, start);
    return withFault({ address: readAddress(octets, start, start + 4) }, fault);
  }
  const address = readAddress(octets, start, start + 16);
  if (length === 16) return withFault({ address }, ipv6NextHopFault(octets, start));
  const second = start + 16;
  if (!isLinkLocal(octets, second)) return withFault({ address }, ipv6NextHopFault(octets, start));
  const fault = isUnspecified(octets, start) ? undefined : ipv6NextHopFault(octets, start);
  return withFault({ address, linkLocal: readAddress(octets, second, second + 16) }, fault);
}

function withFault(nextHop: NextHop, fault: string | undefined): NextHopResult {
  return fault === undefined
    ? { ok: true, nextHop }
    : { ok: true, nextHop, fault: `next hop ${nextHop.address} ${fault}` };
}
