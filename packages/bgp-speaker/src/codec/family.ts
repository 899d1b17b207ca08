import type { AddressFamily, BgpFamily } from '@slash32/shared';

/** What a BGP address family is on the wire (RFC 4760 section 3). */
export interface FamilyParameters {
  readonly family: BgpFamily;
  /** Address Family Identifier: 1 IPv4, 2 IPv6. */
  readonly afi: number;
  /** Subsequent Address Family Identifier: 1 unicast. */
  readonly safi: number;
  readonly addressFamily: AddressFamily;
  /** Longest prefix, bits. */
  readonly maxPrefixLength: 32 | 128;
}

export const FAMILY_PARAMETERS: Readonly<Record<BgpFamily, FamilyParameters>> = {
  'ipv4-unicast': { family: 'ipv4-unicast', afi: 1, safi: 1, addressFamily: 4, maxPrefixLength: 32 },
  'ipv6-unicast': { family: 'ipv6-unicast', afi: 2, safi: 1, addressFamily: 6, maxPrefixLength: 128 },
};

export const BGP_FAMILIES: readonly BgpFamily[] = ['ipv4-unicast', 'ipv6-unicast'];

/** The family with these identifiers; `undefined` if this speaker does not know it. */
export function familyOf(afi: number, safi: number): BgpFamily | undefined {
  if (safi !== 1) return undefined;
  if (afi === 1) return 'ipv4-unicast';
  return afi === 2 ? 'ipv6-unicast' : undefined;
}
