import type { BgpFamily, ResourceFinding } from '@slash32/shared';
import { BGP_FAMILIES, FAMILY_PARAMETERS } from '../codec/index.ts';
import { type PeerSettings, type PrefixLimit, resourceOf } from '../peers/peer-settings.ts';

/** A family of which the peer announces more than it may. */
export interface ExceededLimit {
  readonly family: BgpFamily;
  readonly limit: PrefixLimit;
  readonly received: number;
}

type Received = (family: BgpFamily) => number;

/** The first family above its limit. */
export function exceededLimit({ maxPrefixes }: PeerSettings, received: Received): ExceededLimit | undefined {
  for (const family of BGP_FAMILIES) {
    const limit = maxPrefixes[family];
    const count = limit === undefined ? 0 : received(family);
    if (limit !== undefined && count > limit.limit) return { family, limit, received: count };
  }
  return undefined;
}

/** Data of the Cease (RFC 4486 section 4): AFI (2), SAFI (1), upper bound (4). */
export function exceededLimitData({ family, limit }: ExceededLimit): Uint8Array {
  const { afi, safi } = FAMILY_PARAMETERS[family];
  const data = new Uint8Array(7);
  const view = new DataView(data.buffer);
  view.setUint16(0, afi);
  view.setUint8(2, safi);
  view.setUint32(3, limit.limit);
  return data;
}

/** For families that come near their limit, or are above one that only warns. */
export function limitFindings(settings: PeerSettings, received: Received): readonly ResourceFinding[] {
  return BGP_FAMILIES.flatMap((family): readonly ResourceFinding[] => {
    const limit = settings.maxPrefixes[family];
    if (limit === undefined) return [];
    const count = received(family);
    if (count * 100 < limit.limit * limit.warnAtPercent) return [];
    const isAbove = count > limit.limit;
    const remedy = isAbove ? 'see why, or raise the limit' : 'see why, or raise the limit before it is reached';
    return [
      {
        code: isAbove ? 'bgp-peer.prefix-limit' : 'bgp-peer.prefix-limit-near',
        resource: resourceOf(settings),
        path: `spec.maxPrefixes.${family}.limit`,
        severity: isAbove ? 'error' : 'warning',
        message: `${settings.address} announces ${count} prefixes of ${family}, the limit is ${limit.limit}; ${remedy}`,
      },
    ];
  });
}
