import { WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import { canonicalSet, type PathAttributes } from '../codec/index.ts';

/**
 * Why a path of a peer without a session is the last resort, beyond being stale:
 * - `silent`: the peer's hold time passed, so it may as well be dead as restarting;
 * - `long-lived`: its restart time is over as well (RFC 9494 4.2).
 */
export type KeptAs = 'silent' | 'long-lived';

/** What becomes of attributes when long-lived graceful restart begins; `undefined`: the route goes (NO_LLGR). */
export function longLivedAttributes(attributes: PathAttributes): PathAttributes | undefined {
  const { communities = [] } = attributes;
  if (communities.includes(WELL_KNOWN_COMMUNITIES.NO_LLGR)) return undefined;
  if (communities.includes(WELL_KNOWN_COMMUNITIES.LLGR_STALE)) return attributes;
  return { ...attributes, communities: canonicalSet([...communities, WELL_KNOWN_COMMUNITIES.LLGR_STALE]) };
}

/** True if somebody on the way keeps the route for a router that is long gone (RFC 9494 4.3): any other is better. */
export function isLongLivedStale({ communities }: PathAttributes): boolean {
  return communities?.includes(WELL_KNOWN_COMMUNITIES.LLGR_STALE) === true;
}
