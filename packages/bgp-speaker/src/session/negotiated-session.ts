import {
  type Capability,
  type CodecContext,
  lastCapability,
  negotiate,
  type OpenMessage,
  openAsNumber,
  type PeerType,
} from '../codec/index.ts';

/** What both OPENs of a session agreed on. */
export interface NegotiatedSession {
  readonly local: OpenMessage;
  readonly remote: OpenMessage;
  readonly context: CodecContext;
  /** What the peer is, by its OPEN (RFC 6793). */
  readonly remoteAsNumber: number;
  /** 0: the session never expires and sends no KEEPALIVEs. */
  readonly holdTimeSeconds: number;
  /** A third of the hold time (RFC 4271 4.4); 0 for none. */
  readonly keepaliveSeconds: number;
  /** The peer answers ROUTE-REFRESH (RFC 2918). */
  readonly remoteRouteRefresh: boolean;
  /** Both mark the begin and the end of such answers (RFC 7313). */
  readonly enhancedRouteRefresh: boolean;
  /** Both keep routes over a NOTIFICATION that is no Hard Reset, and over an expired hold time (RFC 8538). */
  readonly gracefulNotification: boolean;
  readonly remoteGracefulRestart?: Extract<Capability, { kind: 'graceful-restart' }>;
}

export function negotiateSession(local: OpenMessage, remote: OpenMessage, peerType: PeerType): NegotiatedSession {
  const holdTimeSeconds = Math.min(local.holdTimeSeconds, remote.holdTimeSeconds);
  const remoteGracefulRestart = lastCapability(remote.capabilities, 'graceful-restart');
  return {
    local,
    remote,
    context: negotiate(local, remote, peerType),
    remoteAsNumber: openAsNumber(remote),
    holdTimeSeconds,
    keepaliveSeconds: holdTimeSeconds / 3,
    remoteRouteRefresh: lastCapability(remote.capabilities, 'route-refresh') !== undefined,
    enhancedRouteRefresh: [local, remote].every(
      ({ capabilities }) => lastCapability(capabilities, 'enhanced-route-refresh') !== undefined,
    ),
    gracefulNotification: [local, remote].every(
      ({ capabilities }) => lastCapability(capabilities, 'graceful-restart')?.notification === true,
    ),
    ...(remoteGracefulRestart === undefined ? {} : { remoteGracefulRestart }),
  };
}
