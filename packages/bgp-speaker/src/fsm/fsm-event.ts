import type { NotificationMessage } from '../codec/index.ts';

/** Events of the BGP finite state machine: RFC 4271 8.1, spelled and numbered as there; 29 is of RFC 9687. */

export type FsmEvent =
  | { readonly name: 'ManualStart' }
  | { readonly name: 'ManualStop'; readonly subcode?: number; readonly data?: Uint8Array }
  | { readonly name: 'AutomaticStart' }
  | { readonly name: 'ManualStart_with_PassiveTcpEstablishment' }
  | { readonly name: 'AutomaticStart_with_PassiveTcpEstablishment' }
  | { readonly name: 'AutomaticStart_with_DampPeerOscillations' }
  | { readonly name: 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment' }
  /** `hard`: neither side shall keep routes (RFC 8538), whatever the subcode. */
  | { readonly name: 'AutomaticStop'; readonly subcode?: number; readonly data?: Uint8Array; readonly hard?: boolean }
  | { readonly name: 'ConnectRetryTimer_Expires' }
  | { readonly name: 'HoldTimer_Expires' }
  | { readonly name: 'KeepaliveTimer_Expires' }
  | { readonly name: 'DelayOpenTimer_Expires' }
  | { readonly name: 'IdleHoldTimer_Expires' }
  | { readonly name: 'TcpConnection_Valid' }
  | { readonly name: 'Tcp_CR_Invalid' }
  | { readonly name: 'Tcp_CR_Acked' }
  | { readonly name: 'TcpConnectionConfirmed' }
  | { readonly name: 'TcpConnectionFails'; readonly reason: string }
  /** `holdTimeSeconds`: the negotiated one, 0 for none. */
  | { readonly name: 'BGPOpen'; readonly holdTimeSeconds: number }
  | { readonly name: 'BGPOpen_with_DelayOpenTimer_running'; readonly holdTimeSeconds: number }
  /** Of errors, `reason`: what is wrong, for people. */
  | { readonly name: 'BGPHeaderErr'; readonly notification: NotificationMessage; readonly reason?: string }
  | { readonly name: 'BGPOpenMsgErr'; readonly notification: NotificationMessage; readonly reason?: string }
  | { readonly name: 'OpenCollisionDump' }
  | { readonly name: 'NotifMsgVerErr'; readonly notification: NotificationMessage }
  | { readonly name: 'NotifMsg'; readonly notification: NotificationMessage }
  | { readonly name: 'KeepAliveMsg' }
  | { readonly name: 'UpdateMsg' }
  | { readonly name: 'UpdateMsgErr'; readonly notification: NotificationMessage; readonly reason?: string }
  | { readonly name: 'SendHoldTimer_Expires' };

export type FsmEventName = FsmEvent['name'];

/** Numbers of RFC 4271 8.1 (and 9687 for the last), for logs. */
export const FSM_EVENT_NUMBER: Readonly<Record<FsmEventName, number>> = {
  ManualStart: 1,
  ManualStop: 2,
  AutomaticStart: 3,
  ManualStart_with_PassiveTcpEstablishment: 4,
  AutomaticStart_with_PassiveTcpEstablishment: 5,
  AutomaticStart_with_DampPeerOscillations: 6,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: 7,
  AutomaticStop: 8,
  ConnectRetryTimer_Expires: 9,
  HoldTimer_Expires: 10,
  KeepaliveTimer_Expires: 11,
  DelayOpenTimer_Expires: 12,
  IdleHoldTimer_Expires: 13,
  TcpConnection_Valid: 14,
  Tcp_CR_Invalid: 15,
  Tcp_CR_Acked: 16,
  TcpConnectionConfirmed: 17,
  TcpConnectionFails: 18,
  BGPOpen: 19,
  BGPOpen_with_DelayOpenTimer_running: 20,
  BGPHeaderErr: 21,
  BGPOpenMsgErr: 22,
  OpenCollisionDump: 23,
  NotifMsgVerErr: 24,
  NotifMsg: 25,
  KeepAliveMsg: 26,
  UpdateMsg: 27,
  UpdateMsgErr: 28,
  SendHoldTimer_Expires: 29,
};
