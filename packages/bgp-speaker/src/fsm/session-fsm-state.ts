import type { BgpSessionState } from '@slash32/shared';
import type { FsmAction } from './fsm-action.ts';

export interface FsmSettings {
  /** Wait for the peer to connect. */
  readonly passive: boolean;
  /** Hold the OPEN back for the DelayOpenTimer. */
  readonly delayOpen: boolean;
  /** Start again by itself after an error, once the IdleHoldTimer has run. */
  readonly allowAutomaticStart: boolean;
  /** Both sides keep routes over a NOTIFICATION (RFC 8538, N bit): one that shall end them has to be a Hard Reset. */
  readonly gracefulNotification: boolean;
}

export interface SessionFsm {
  readonly state: BgpSessionState;
  readonly connectRetryCounter: number;
  /** The DelayOpenTimer is running. */
  readonly delayingOpen: boolean;
  /** Negotiated; 0: no HoldTimer and no KEEPALIVEs. Meaningful from OpenConfirm on. */
  readonly holdTimeSeconds: number;
}

export const INITIAL_FSM: SessionFsm = {
  state: 'Idle',
  connectRetryCounter: 0,
  delayingOpen: false,
  holdTimeSeconds: 0,
};

export interface Transition {
  readonly fsm: SessionFsm;
  readonly actions: readonly FsmAction[];
}
