import type { BgpFamily, BgpSessionState } from '@slash32/shared';
import type { CodecContext, PrefixKey } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import type { AdjRibIn } from '../rib/adj-rib-in.ts';
import type { Path } from '../rib/path.ts';
import type { NegotiatedSession } from '../session/negotiated-session.ts';
import type { SentRoutes } from '../session/sent-routes.ts';

/** The two ends of a session's TCP connection, as far as they are known. */
export interface ConnectionEnds {
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Absent: the transport does not tell. */
  readonly localPort?: number;
  readonly remotePort?: number;
  /** Who opened it. */
  readonly initiator: 'local' | 'remote';
}

export type MessageDirection = 'sent' | 'received';

/** A whole message on a connection of a peer; collisions can make it one of two connections. */
export interface ObservedMessage {
  readonly direction: MessageDirection;
  /** Header included. Valid during the call only: who keeps octets copies them. */
  readonly octets: Uint8Array;
  /** What the OPENs agreed on; absent until both are there. */
  readonly context: CodecContext | undefined;
  readonly ends: ConnectionEnds;
}

/** A peer as observers see it. */
export interface ObservedPeer {
  readonly settings: Pick<PeerSettings, 'name' | 'address' | 'localAsNumber'>;
  /** `undefined`: its OPEN, which tells, is still to come. */
  readonly remoteAsNumber: number | undefined;
  readonly state: BgpSessionState;
  readonly negotiated: NegotiatedSession | undefined;
  readonly adjRibIn: AdjRibIn;
  /** What the peer has been told (Adj-RIB-Out). */
  readonly sent: Pick<SentRoutes, 'route' | 'routes'>;
  /** Prefixes that the peer has been told. */
  advertised(family: BgpFamily): number;
}

/**
 * What can be seen of a running speaker. Calls come synchronously, in the order of what happens, from the middle of it:
 * an observer takes notes and returns; it neither waits nor calls back into sessions.
 */
export interface SpeakerObserver {
  onMessage?(peer: ObservedPeer, message: ObservedMessage): void;
  onState?(peer: ObservedPeer, before: BgpSessionState, after: BgpSessionState): void;
  /** The session is Established. */
  onUp?(peer: ObservedPeer, session: NegotiatedSession, ends: ConnectionEnds): void;
  /** A session (`wasUp`), or an attempt at one, ended. The NOTIFICATION, if any, has been seen as a message before. */
  onDown?(peer: ObservedPeer, reason: DownReason, wasUp: boolean): void;
  /** A route of the peer's Adj-RIB-In is another one than before, or gone. `pathId`: with ADD-PATH. */
  onRouteReceived?(peer: ObservedPeer, key: PrefixKey, pathId?: number): void;
  /** The paths that forward for a prefix changed; none: it has become unreachable. */
  onBestChanged?(key: PrefixKey, paths: readonly Path[]): void;
}
