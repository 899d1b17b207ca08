import type { BgpFamily } from '@slash32/shared';
import type { CodecContext } from '../codec/index.ts';
import type { ConnectionEnds, ObservedPeer } from '../observe/speaker-observer.ts';
import type { BmpPeer } from './bmp-message.ts';

/** An established session as BMP tells of it. */
export interface MonitoredPeer {
  readonly peer: ObservedPeer;
  /** Dotted quad. */
  readonly routerId: string;
  readonly ends: ConnectionEnds;
  readonly sentOpen: Uint8Array;
  readonly receivedOpen: Uint8Array;
  readonly upSinceWallMs: number;
  readonly families: ReadonlySet<BgpFamily>;
  /** What routes are encoded with: AS numbers of four octets, LOCAL_PREF. */
  readonly encoding: CodecContext;
  /** Families of which the peer sends, or is sent, Path Identifiers. */
  readonly addPathReceived: ReadonlySet<BgpFamily>;
  readonly addPathSent: ReadonlySet<BgpFamily>;
}

/** AS 0 is nobody's (RFC 7607); a session that is up has another one. */
const UNKNOWN_AS = 0;

export function bmpPeerOf({ peer, routerId }: MonitoredPeer, wallMs: number): BmpPeer {
  return { address: peer.settings.address, asNumber: peer.remoteAsNumber ?? UNKNOWN_AS, routerId, wallMs };
}
