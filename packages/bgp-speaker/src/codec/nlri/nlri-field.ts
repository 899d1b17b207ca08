import type { BgpFamily } from '@slash32/shared';
import { readUint32, writeUint32 } from '../octets.ts';
import type { NlriBlock } from './nlri-block.ts';
import { ipv4KeyAddress, ipv4KeyLength, ipv4PrefixKey, ipv6PrefixKey, type PrefixKey } from './prefix-key.ts';

/** Octets of a Path Identifier (RFC 7911 section 3). */
const PATH_ID_OCTETS = 4;

export type NlriField =
  | { readonly ok: true; readonly block: NlriBlock }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a field of NLRI (RFC 4271 section 4.3; with `addPath`, RFC 7911 section 3) from `start` to `end`:
 *
 * ```
 * +-----------------------------+
 * | Path Identifier (4 octets)  |   with ADD-PATH only
 * +-----------------------------+
 * | Length in bits (1 octet)    |
 * +-----------------------------+
 * | Prefix (0–4 or 0–16 octets) |   as many octets as the length needs
 * +-----------------------------+
 * ```
 */
export function decodeNlriField(
  octets: Uint8Array,
  start: number,
  end: number,
  family: BgpFamily,
  addPath: boolean,
): NlriField {
  const prefixes: PrefixKey[] = [];
  const pathIds: number[] = [];
  const maxLength = family === 'ipv4-unicast' ? 32 : 128;
  let offset = start;
  while (offset < end) {
    if (addPath) {
      if (offset + PATH_ID_OCTETS >= end)
        return { ok: false, reason: `a Path Identifier ends after the field (octet ${offset - start})` };
      pathIds.push(readUint32(octets, offset));
      offset += PATH_ID_OCTETS;
    }
    const length = octets[offset] ?? 0;
    if (length > maxLength) return { ok: false, reason: `prefix length ${length} is over ${maxLength}` };
    const next = offset + 1 + ((length + 7) >> 3);
    if (next > end) return { ok: false, reason: `a prefix of length ${length} ends after the field` };
    prefixes.push(
      maxLength === 32 ? readIpv4Prefix(octets, offset + 1, length) : ipv6PrefixKey(octets, offset + 1, length),
    );
    offset = next;
  }
  return { ok: true, block: addPath ? { family, prefixes, pathIds } : { family, prefixes } };
}

/** Octets after those that `length` needs belong to the next prefix; the key's mask clears them. */
function readIpv4Prefix(octets: Uint8Array, offset: number, length: number): number {
  const address =
    ((octets[offset] ?? 0) << 24) |
    ((octets[offset + 1] ?? 0) << 16) |
    ((octets[offset + 2] ?? 0) << 8) |
    (octets[offset + 3] ?? 0);
  return ipv4PrefixKey(address, length);
}

/** Octets that one NLRI takes on the wire. */
export function nlriOctets(key: PrefixKey, addPath: boolean): number {
  const length = typeof key === 'number' ? ipv4KeyLength(key) : key.charCodeAt(0);
  return 1 + ((length + 7) >> 3) + (addPath ? PATH_ID_OCTETS : 0);
}

/** Longest NLRI of a family, octets. */
export function maxNlriOctets(family: BgpFamily, addPath: boolean): number {
  return (family === 'ipv4-unicast' ? 5 : 17) + (addPath ? PATH_ID_OCTETS : 0);
}

/** Writes one NLRI at `offset` and returns the offset after it. `pathId` is set exactly with ADD-PATH. */
export function writeNlri(octets: Uint8Array, offset: number, key: PrefixKey, pathId: number | undefined): number {
  let at = offset;
  if (pathId !== undefined) {
    writeUint32(octets, at, pathId);
    at += PATH_ID_OCTETS;
  }
  if (typeof key === 'number') {
    const length = ipv4KeyLength(key);
    const address = ipv4KeyAddress(key);
    octets[at] = length;
    at += 1;
    for (let shift = 24; shift > 24 - length; shift -= 8) {
      octets[at] = address >>> shift;
      at += 1;
    }
    return at;
  }
  const prefixOctets = (key.charCodeAt(0) + 7) >> 3;
  for (let index = 0; index <= prefixOctets; index += 1) octets[at + index] = key.charCodeAt(index);
  return at + 1 + prefixOctets;
}
