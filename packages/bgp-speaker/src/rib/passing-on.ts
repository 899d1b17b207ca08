/**
 * Which learned paths go on to other routers. A host is no transit; what it may be, by choice, is one of
 *
 *  - a route reflector (RFC 4456): between iBGP peers, if one of the two is its client. Next hop, LOCAL_PREF and AS_PATH
 *    stay; ORIGINATOR_ID and CLUSTER_LIST say where the path came from and through whom.
 *  - a route server (RFC 7947): between its eBGP clients. Next hop, MED and AS_PATH stay, without our AS in it.
 *
 * Never from eBGP to iBGP or back, and never back to the router that it came from.
 */
import { WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import {
  type BgpRole,
  canonicalSet,
  formatCommunity,
  type PathAttributes,
  type PeerType,
  routerIdText,
} from '../codec/index.ts';
import { DEFAULT_LOCAL_PREF } from './decision-process.ts';
import { isLongLivedStale } from './kept-paths.ts';
import { isClosedTo } from './only-to-customer.ts';
import type { ClientKind, Path } from './path.ts';

/** The router that is to be told. */
export interface Recipient {
  /** Name of its BGPPeer. */
  readonly name: string;
  readonly type: PeerType;
  readonly client?: ClientKind;
  /** Ours towards it (RFC 9234). */
  readonly role?: BgpRole;
  /** It takes IPv4 routes with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** It knows what LLGR_STALE means (RFC 9494). */
  readonly longLived: boolean;
}

/** True if any learned path may go to such a router, seeing that there are reflector clients or not. */
export function passesOnTo(to: Pick<Recipient, 'type' | 'client'>, hasReflectorClients: boolean): boolean {
  return to.type === 'ibgp' ? hasReflectorClients : to.client === 'server';
}

/** Why a learned path does not go to a router; `undefined`: it does, unless a policy rejects it. */
export function obstacleToPassingOn({ source, attributes, nextHop }: Path, to: Recipient): string | undefined {
  if (source.name === to.name) return 'it came from this router';
  if (source.type === 'local') return 'it is our own';
  if (source.type !== to.type) return 'this host is no transit between AS numbers';
  if (to.type === 'ibgp' && source.client !== 'reflector' && to.client !== 'reflector') {
    return `neither ${source.name} nor this router is a client of the route reflector`;
  }
  if (to.type === 'ebgp' && (source.client !== 'server' || to.client !== 'server')) {
    return `${source.client === 'server' ? 'this router' : source.name} is no client of the route server`;
  }
  const scope = attributes.communities?.find((community) => scopesOf(to.type).includes(community));
  if (scope !== undefined) return `its community ${formatCommunity(scope)} forbids it`;
  if (to.type === 'ebgp' && !to.longLived && isLongLivedStale(attributes)) {
    return 'it is LLGR_STALE, and this router does not do long-lived graceful restart';
  }
  if (isClosedTo(attributes, to.role)) return 'it is for customers only (RFC 9234)';
  if (nextHop.address === '::' || nextHop.address.startsWith('fe80:')) return 'its next hop is on one link only';
  return undefined;
}

function scopesOf(type: PeerType): readonly number[] {
  const { NO_ADVERTISE, NO_EXPORT, NO_EXPORT_SUBCONFED } = WELL_KNOWN_COMMUNITIES;
  return type === 'ibgp' ? [NO_ADVERTISE] : [NO_ADVERTISE, NO_EXPORT, NO_EXPORT_SUBCONFED];
}

/**
 * What no export policy can take from a path that is kept for a router that is long gone (RFC 9494 4.3). Within the AS, a
 * router that does not know the mark learns otherwise that any other route is better, and keeps it in the AS (4.6).
 */
export function markedAttributes(attributes: PathAttributes, path: Path, to: Recipient): PathAttributes {
  if (!isLongLivedStale(path.attributes)) return attributes;
  const { LLGR_STALE, NO_EXPORT } = WELL_KNOWN_COMMUNITIES;
  const marks = to.longLived ? [LLGR_STALE] : [LLGR_STALE, NO_EXPORT];
  const communities = canonicalSet([...(attributes.communities ?? []), ...marks]);
  return { ...attributes, communities, ...(to.longLived ? {} : { localPref: 0 }) };
}

/** What a path goes on with. `clusterId`: ours, a dotted quad. */
export function passedOnAttributes({ source, attributes }: Path, type: PeerType, clusterId: string): PathAttributes {
  if (type === 'ebgp') return attributes;
  return {
    ...attributes,
    localPref: attributes.localPref ?? DEFAULT_LOCAL_PREF,
    originatorId: attributes.originatorId ?? routerIdText(source.routerId),
    clusterList: [clusterId, ...(attributes.clusterList ?? [])],
  };
}
