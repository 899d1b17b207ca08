/** RFC 4271 section 5.1.1; 0, 1, 2 on the wire. */
export const ORIGINS = ['igp', 'egp', 'incomplete'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Segment types 2, 1 (RFC 4271 section 4.3), 3, 4 (RFC 5065 section 3). */
export type AsPathSegmentType = 'sequence' | 'set' | 'confed-sequence' | 'confed-set';

export interface AsPathSegment {
  readonly type: AsPathSegmentType;
  /** As in the message: the nearest AS first. Any length; the encoder splits what is over 255. */
  readonly asNumbers: readonly number[];
}

export interface Aggregator {
  readonly asNumber: number;
  /** Dotted quad. */
  readonly routerId: string;
}

/** RFC 8092 section 3; each 32 bits. */
export interface LargeCommunity {
  readonly globalAdministrator: number;
  readonly localData1: number;
  readonly localData2: number;
}

/** An attribute that this speaker does not interpret. `flags` and `value` are kept as they came. */
export interface UnknownAttribute {
  readonly typeCode: number;
  /** The flags octet without the extended-length bit. Optional transitive, else it would not be kept. */
  readonly flags: number;
  readonly value: Uint8Array;
}

/**
 * The path attributes of a route, but for next hop and NLRI, which have their own places. Immutable; two sets are
 * equal if their `attributesKey` is.
 */
export interface PathAttributes {
  readonly origin: Origin;
  /** Empty for a route that was originated in the local AS. */
  readonly asPath: readonly AsPathSegment[];
  /** MULTI_EXIT_DISC, 32 bits. */
  readonly med?: number;
  /** 32 bits; from and to iBGP peers only. */
  readonly localPref?: number;
  readonly atomicAggregate?: true;
  readonly aggregator?: Aggregator;
  /** RFC 1997; 32 bits each, ascending, each once. */
  readonly communities?: readonly number[];
  /** RFC 4456, dotted quad. */
  readonly originatorId?: string;
  /** RFC 4456, dotted quads, the last reflector's first. */
  readonly clusterList?: readonly string[];
  /** RFC 4360; 16 lower-case hex digits each, ascending, each once. */
  readonly extendedCommunities?: readonly string[];
  /** RFC 5701; 40 lower-case hex digits each, ascending, each once. */
  readonly ipv6ExtendedCommunities?: readonly string[];
  /** RFC 8092; ascending, each once. */
  readonly largeCommunities?: readonly LargeCommunity[];
  /** OTC, RFC 9234 section 5: an AS number. */
  readonly onlyToCustomer?: number;
  /** Ascending by type code. */
  readonly unknown?: readonly UnknownAttribute[];
}
