/** The states in which OPENs are exchanged: OpenSent and OpenConfirm. */
import { CEASE, FSM_ERROR } from '../codec/index.ts';
import type { FsmEvent } from './fsm-event.ts';
import {
  active,
  cease,
  fail,
  fsmError,
  HOLD_TIMER_EXPIRED,
  keepalive,
  notifyAndFail,
  received,
  restartHold,
  sendHoldExpired,
  sessionTimers,
  stay,
  stop,
  stopped,
} from './fsm-outcomes.ts';
import type { FsmSettings, SessionFsm, Transition } from './session-fsm-state.ts';

export function inOpenSent(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
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
      return notifyAndFail(fsm, settings, cease(event.subcode, event.data));
    case 'HoldTimer_Expires':
      return notifyAndFail(fsm, settings, HOLD_TIMER_EXPIRED);
    case 'SendHoldTimer_Expires':
      return sendHoldExpired(fsm, settings);
    case 'TcpConnectionFails':
      return active(fsm, settings, event.reason);
    case 'BGPOpen':
      return {
        fsm: { ...fsm, state: 'OpenConfirm', holdTimeSeconds: event.holdTimeSeconds },
        actions: [
          stop('DelayOpen'),
          stop('ConnectRetry'),
          { type: 'send-keepalive' },
          ...sessionTimers(event.holdTimeSeconds),
        ],
      };
    case 'BGPHeaderErr':
    case 'BGPOpenMsgErr':
      return notifyAndFail(fsm, settings, event.notification, event.reason);
    case 'OpenCollisionDump':
      return notifyAndFail(fsm, settings, cease(CEASE.connectionCollisionResolution));
    case 'NotifMsgVerErr':
      return fail(fsm, settings, received(event.notification), { countRetry: false });
    case 'NotifMsg':
      return fail(fsm, settings, received(event.notification));
    case 'ConnectRetryTimer_Expires':
    case 'KeepaliveTimer_Expires':
    case 'DelayOpenTimer_Expires':
    case 'IdleHoldTimer_Expires':
    case 'BGPOpen_with_DelayOpenTimer_running':
    case 'KeepAliveMsg':
    case 'UpdateMsg':
    case 'UpdateMsgErr':
      return notifyAndFail(fsm, settings, fsmError(FSM_ERROR.inOpenSent), event.name);
  }
}

export function inOpenConfirm(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
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
      return notifyAndFail(fsm, settings, cease(event.subcode, event.data));
    case 'HoldTimer_Expires':
      return notifyAndFail(fsm, settings, HOLD_TIMER_EXPIRED);
    case 'SendHoldTimer_Expires':
      return sendHoldExpired(fsm, settings);
    case 'KeepaliveTimer_Expires':
      return keepalive(fsm);
    case 'TcpConnectionFails':
      return fail(fsm, settings, { cause: 'tcp', text: event.reason });
    case 'NotifMsg':
      return fail(fsm, settings, received(event.notification));
    case 'NotifMsgVerErr':
      return fail(fsm, settings, received(event.notification), { countRetry: false });
    case 'BGPHeaderErr':
    case 'BGPOpenMsgErr':
      return notifyAndFail(fsm, settings, event.notification, event.reason);
    case 'OpenCollisionDump':
      return notifyAndFail(fsm, settings, cease(CEASE.connectionCollisionResolution));
    case 'KeepAliveMsg':
      return { fsm: { ...fsm, state: 'Established' }, actions: [...restartHold(fsm), { type: 'session-up' }] };
    case 'ConnectRetryTimer_Expires':
    case 'DelayOpenTimer_Expires':
    case 'IdleHoldTimer_Expires':
    case 'BGPOpen':
    case 'BGPOpen_with_DelayOpenTimer_running':
    case 'UpdateMsg':
    case 'UpdateMsgErr':
      return notifyAndFail(fsm, settings, fsmError(FSM_ERROR.inOpenConfirm), event.name);
  }
}
