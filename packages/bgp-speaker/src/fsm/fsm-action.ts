import type { NotificationMessage } from '../codec/index.ts';

export type FsmTimer = 'ConnectRetry' | 'Hold' | 'Keepalive' | 'DelayOpen' | 'IdleHold' | 'SendHold';

/** Why a connection or session ended. */
export type DownCause = 'tcp' | 'notification-received' | 'notification-sent' | 'stopped';

export interface DownReason {
  readonly cause: DownCause;
  readonly text: string;
  /** What was sent or received, if anything was; as it was on the wire. */
  readonly notification?: NotificationMessage;
}

/** What the FSM asks its surroundings to do, in order. */
export type FsmAction =
  | { readonly type: 'start-timer'; readonly timer: FsmTimer }
  | { readonly type: 'stop-timer'; readonly timer: FsmTimer }
  /** Begin a TCP connection to the peer. */
  | { readonly type: 'connect' }
  /** Close the TCP connection, or the attempt at one, if there is any. `abort`: unsent data is thrown away (RST). */
  | { readonly type: 'drop-connection'; readonly abort: boolean }
  | { readonly type: 'send-open' }
  | { readonly type: 'send-keepalive' }
  | { readonly type: 'send-notification'; readonly notification: NotificationMessage }
  | { readonly type: 'session-up' }
  /** Left Established: the peer's routes go, or become stale. */
  | { readonly type: 'session-down'; readonly reason: DownReason }
  /** Gave up a connection before Established. */
  | { readonly type: 'connection-failed'; readonly reason: DownReason }
  | { readonly type: 'process-update' };
