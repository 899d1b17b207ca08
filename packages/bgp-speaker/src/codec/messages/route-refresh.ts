import type { BgpFamily } from '@slash32/shared';

/** A request, and the marks around the answer to it (RFC 7313 section 3.2). */
export type RouteRefreshSubtype = 'request' | 'begin' | 'end';

/** RFC 2918 section 3 with the subtypes of RFC 7313 section 3.2. */
export interface RouteRefreshMessage {
  readonly afi: number;
  readonly safi: number;
  /** Set if this speaker knows the family. */
  readonly family?: BgpFamily;
  /** `other`: a reserved subtype, to be ignored (RFC 7313 section 5). */
  readonly subtype: RouteRefreshSubtype | 'other';
}
