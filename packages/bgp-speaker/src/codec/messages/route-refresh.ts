import type { BgpFamily } from '@slash32/shared';

/** RFC 2918 section 3 with the subtypes of RFC 7313 section 3.2. */
export interface RouteRefreshMessage {
  readonly afi: number;
  readonly safi: number;
  /** Set if this speaker knows the family. */
  readonly family?: BgpFamily;
  /** `other`: a reserved subtype, to be ignored (RFC 7313 section 5). */
  readonly subtype: 'request' | 'begin' | 'end' | 'other';
}
