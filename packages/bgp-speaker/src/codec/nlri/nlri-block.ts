import type { BgpFamily } from '@slash32/shared';
import type { PrefixKey } from './prefix-key.ts';

/** Prefixes of one family, as structure of arrays: a table has 100,000 of them. */
export interface NlriBlock {
  readonly family: BgpFamily;
  readonly prefixes: readonly PrefixKey[];
  /** Path Identifiers, one per prefix; present only when ADD-PATH is negotiated for the family (RFC 7911). */
  readonly pathIds?: readonly number[];
}

/** Where to send packets, from NEXT_HOP or MP_REACH_NLRI; canonical address texts. */
export interface NextHop {
  /** `::` if the sender has none and gives a link-local address only (seen on unnumbered sessions). */
  readonly address: string;
  /** The second address of a 32-octet IPv6 next hop (RFC 2545 section 3). */
  readonly linkLocal?: string;
}

export interface ReachableNlri extends NlriBlock {
  readonly nextHop: NextHop;
}
