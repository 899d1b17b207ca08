import { CEASE, FSM_ERROR, hardReset, type NotificationMessage } from '../codec/index.ts';
import type { FsmEvent } from './fsm-event.ts';
import {
  cease,
  fail,
  fsmError,
  HOLD_TIMER_EXPIRED,
  keepalive,
  notifyAndFail,
  received,
  restartHold,
  sendHoldExpired,
  stay,
  stopped,
} from './fsm-outcomes.ts';
import type { FsmSettings, SessionFsm, Transition } from './session-fsm-state.ts';

export function inEstablished(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
  switch (event.name) {
    case 'ManualStart':
    case 'AutomaticStart':
    case 'ManualStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_DampPeerOscillations':
    case 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment':
    case 'TcpConnection_Valid':
    case 'Tcp_CR_Invalid':
    case 'Tcp_CR_Acked':
    case 'TcpConnectionConfirmed':
      return stay(fsm);
    case 'ManualStop':
      return stopped(fsm, settings, cease(event.subcode, event.data));
    case 'AutomaticStop':
      return notifyAndFail(fsm, settings, endOf(event, settings));
    case 'HoldTimer_Expires':
      return notifyAndFail(fsm, settings, HOLD_TIMER_EXPIRED);
    case 'SendHoldTimer_Expires':
      return sendHoldExpired(fsm, settings);
    case 'KeepaliveTimer_Expires':
      return keepalive(fsm);
    case 'TcpConnectionFails':
      return fail(fsm, settings, { cause: 'tcp', text: event.reason });
    case 'NotifMsgVerErr':
    case 'NotifMsg':
      return fail(fsm, settings, received(event.notification));
    case 'OpenCollisionDump':
      return notifyAndFail(fsm, settings, cease(CEASE.connectionCollisionResolution));
    case 'KeepAliveMsg':
      return { fsm, actions: restartHold(fsm) };
    case 'UpdateMsg':
      return { fsm, actions: [...restartHold(fsm), { type: 'process-update' }] };
    case 'BGPHeaderErr':
    case 'UpdateMsgErr':
      return notifyAndFail(fsm, settings, event.notification, event.reason);
    case 'ConnectRetryTimer_Expires':
    case 'DelayOpenTimer_Expires':
    case 'IdleHoldTimer_Expires':
    case 'BGPOpen':
    case 'BGPOpen_with_DelayOpenTimer_running':
    case 'BGPOpenMsgErr':
      return notifyAndFail(fsm, settings, fsmError(FSM_ERROR.inEstablished), event.name);
  }
}

function endOf(event: Extract<FsmEvent, { name: 'AutomaticStop' }>, settings: FsmSettings): NotificationMessage {
  const notification = cease(event.subcode, event.data);
  return event.hard === true && settings.gracefulNotification ? hardReset(notification) : notification;
}
