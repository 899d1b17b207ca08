import { parseIpAddress, parseIpPrefix, prefixContains } from '@slash32/shared';

/** Where a peer's connections come from. */
export interface PeerPlace {
  /** Canonical text; of a range, its first address. */
  readonly address: string;
  /** Set for a range: the peer is whoever calls from there. */
  readonly prefixLength?: number;
  /** Interface of an unnumbered peer: its address may be in use on other links, by other routers. */
  readonly device?: string;
}

/**
 * Whose a connection from `address` (on `device`, if it is link-local) is: the peer with that address before all ranges,
 * and of ranges the longest. A link-local address is in no range: it says nothing without its link, and sessions over links
 * are those of unnumbered peers. `undefined`: nobody's.
 */
export function matchPeer<Place extends PeerPlace>(
  places: Iterable<Place>,
  address: string,
  device: string | undefined,
): Place | undefined {
  const caller = parseIpAddress(address);
  let longest: Place | undefined;
  for (const place of places) {
    const { prefixLength } = place;
    if (prefixLength === undefined) {
      if (place.address === address && (place.device === undefined || place.device === device)) return place;
    } else if (
      device === undefined &&
      prefixLength > (longest?.prefixLength ?? -1) &&
      prefixContains(parseIpPrefix(`${place.address}/${prefixLength}`), caller)
    ) {
      longest = place;
    }
  }
  return longest;
}
