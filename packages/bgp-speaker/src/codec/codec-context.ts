import type { BgpFamily } from '@slash32/shared';

export type PeerType = 'ebgp' | 'ibgp';

/** What a session has negotiated, as far as reading and writing its messages depends on it. */
export interface CodecContext {
  readonly peerType: PeerType;
  /** Both sides sent the 4-octet AS capability (RFC 6793): AS_PATH and AGGREGATOR carry four octets. */
  readonly fourOctetAs: boolean;
  /** Both sides sent the extended message capability (RFC 8654): UPDATE, NOTIFICATION, ROUTE-REFRESH up to 65,535. */
  readonly extendedMessages: boolean;
  /** Families that both sides listed; without any multiprotocol capability, IPv4 unicast (RFC 4760 section 8). */
  readonly families: ReadonlySet<BgpFamily>;
  /** Families whose NLRI we receive with a Path Identifier (RFC 7911). */
  readonly addPathReceive: ReadonlySet<BgpFamily>;
  /** Families whose NLRI we send with a Path Identifier. */
  readonly addPathSend: ReadonlySet<BgpFamily>;
  /** Families that may have a next hop of IPv6 though they are IPv4 (RFC 8950). */
  readonly extendedNextHop: ReadonlySet<BgpFamily>;
}

/** RFC 4271 section 4.1 and RFC 8654 section 4; octets. */
export const MAX_MESSAGE_LENGTH = 4096;
export const MAX_EXTENDED_MESSAGE_LENGTH = 65_535;

/** A session before its OPENs: what holds for OPEN messages, and for a peer with no capabilities. */
export function initialContext(peerType: PeerType): CodecContext {
  const none: ReadonlySet<BgpFamily> = new Set();
  return {
    peerType,
    fourOctetAs: false,
    extendedMessages: false,
    families: new Set<BgpFamily>(['ipv4-unicast']),
    addPathReceive: none,
    addPathSend: none,
    extendedNextHop: none,
  };
}

/** Longest UPDATE, NOTIFICATION or ROUTE-REFRESH of the session, octets. */
export function maxMessageLength(context: CodecContext): number {
  return context.extendedMessages ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
}
