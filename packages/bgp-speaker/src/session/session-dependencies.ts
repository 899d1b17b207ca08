import type { TcpProtection } from '@slash32/linux';
import type { BgpFamily, Clock } from '@slash32/shared';
import type { DecodedUpdate, OpenMessage, RouteRefreshSubtype } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { ObservedMessage } from '../observe/speaker-observer.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import type { MessageCounters } from './message-counters.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { Transport } from './transport.ts';

/** What a machine tells its neighbor. Calls come in the order of what happened. */
export interface SessionObserver {
  /** A good OPEN came, before the FSM has it: the moment for collision detection (RFC 4271 6.8). */
  onOpen(open: OpenMessage): void;
  onUp(session: NegotiatedSession): void;
  onDown(reason: DownReason): void;
  /** A connection ended before Established. */
  onFailed(reason: DownReason): void;
  onUpdate(update: DecodedUpdate): void;
  onRouteRefresh(family: BgpFamily, subtype: RouteRefreshSubtype): void;
  /** A connection attempt of ours is given up without the peer having said anything, or the peer did say something. */
  onAttempt(outcome: 'unanswered' | 'answered'): void;
  /** The socket has taken octets. */
  onWritten(): void;
  /** The FSM went to another state. */
  onState(): void;
}

export interface SessionDependencies {
  readonly clock: Clock;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
  readonly transport: Transport;
  /** TCP port of the peer. */
  readonly port: number;
  /** Of all connections of the peer. */
  readonly protection: TcpProtection;
  readonly counters: MessageCounters;
  readonly localOpen: () => OpenMessage;
  /** Present settings: live fields may change under a running session. */
  readonly settings: () => PeerSettings;
  readonly idleHoldMs: () => number;
  /** Sees every message; asked for at each one, and absent while nobody listens. */
  readonly onMessage?: () => ((message: ObservedMessage) => void) | undefined;
}
