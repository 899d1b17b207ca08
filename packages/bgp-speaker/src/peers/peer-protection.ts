import type { TcpProtection } from '@slash32/linux';
import type { PeerSettings } from './peer-settings.ts';
import { peerTypeOf } from './remote-as.ts';

/** Largest TTL: what is received with it came from the link, since every hop takes one off. */
const MAX_TTL = 255;
/** An eBGP router is on the link unless the BGPPeer says how far away it is; BIRD and FRR have the same default. */
const ON_LINK_TTL = 1;

/**
 * What the TCP connections of a peer send and take: GTSM (RFC 5082 3) where asked for, TTL 1 or that of the BGPPeer for
 * eBGP, the kernel's default for iBGP, whose routers are anywhere in the AS.
 */
export function protectionOf(settings: PeerSettings, md5Key: Uint8Array | undefined): TcpProtection {
  return { ...hopLimitsOf(settings), ...(md5Key === undefined ? {} : { md5Key }) };
}

function hopLimitsOf(settings: PeerSettings): TcpProtection {
  const { ttlSecurityHops, multihopTtl } = settings;
  if (ttlSecurityHops !== undefined) return { hopLimit: MAX_TTL, minHopLimit: MAX_TTL + 1 - ttlSecurityHops };
  if (multihopTtl !== undefined) return { hopLimit: multihopTtl };
  return peerTypeOf(settings) === 'ebgp' ? { hopLimit: ON_LINK_TTL } : {};
}
