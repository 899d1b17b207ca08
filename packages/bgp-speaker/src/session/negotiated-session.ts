import {
  type Capability,
  type CodecContext,
  lastCapability,
  negotiate,
  type OpenMessage,
  type PeerType,
} from '../codec/index.ts';

/** What both OPENs of a session agreed on. */
export interface NegotiatedSession {
  readonly local: OpenMessage;
  readonly remote: OpenMessage;
  readonly context: CodecContext;
  /** 0: the session never expires and sends no KEEPALIVEs. */
  readonly holdTimeSeconds: number;
  /** A third of the hold time (RFC 4271 4.4); 0 for none. */
  readonly keepaliveSeconds: number;
  readonly remoteGracefulRestart?: Extract<Capability, { kind: 'graceful-restart' }>;
}

export function negotiateSession(local: OpenMessage, remote: OpenMessage, peerType: PeerType): NegotiatedSession {
  const holdTimeSeconds = Math.min(local.holdTimeSeconds, remote.holdTimeSeconds);
  const remoteGracefulRestart = lastCapability(remote.capabilities, 'graceful-restart');
  return {
    local,
    remote,
    context: negotiate(local, remote, peerType),
    holdTimeSeconds,
    keepaliveSeconds: holdTimeSeconds / 3,
    ...(remoteGracefulRestart === undefined ? {} : { remoteGracefulRestart }),
  };
}
