/** The states without a connection that both sides use: Idle, Connect and Active. */
import { formatNotification } from '../codec/index.ts';
import type { FsmEvent } from './fsm-event.ts';
import {
  active,
  begin,
  drop,
  fail,
  openSent,
  received,
  sessionTimers,
  start,
  stay,
  stop,
  stopped,
} from './fsm-outcomes.ts';
import type { FsmSettings, SessionFsm, Transition } from './session-fsm-state.ts';

export function inIdle(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
  switch (event.name) {
    case 'ManualStart':
    case 'AutomaticStart':
      return begin({ ...fsm, connectRetryCounter: 0 }, settings.passive);
    case 'ManualStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_PassiveTcpEstablishment':
      return begin({ ...fsm, connectRetryCounter: 0 }, true);
    case 'AutomaticStart_with_DampPeerOscillations':
    case 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment':
      return { fsm, actions: [start('IdleHold')] };
    case 'IdleHoldTimer_Expires':
      return begin(fsm, settings.passive);
    case 'ManualStop':
      return { fsm, actions: [stop('IdleHold')] };
    case 'AutomaticStop':
    case 'ConnectRetryTimer_Expires':
    case 'HoldTimer_Expires':
    case 'KeepaliveTimer_Expires':
    case 'DelayOpenTimer_Expires':
    case 'SendHoldTimer_Expires':
    case 'TcpConnection_Valid':
    case 'Tcp_CR_Invalid':
    case 'Tcp_CR_Acked':
    case 'TcpConnectionConfirmed':
    case 'TcpConnectionFails':
    case 'BGPOpen':
    case 'BGPOpen_with_DelayOpenTimer_running':
    case 'BGPHeaderErr':
    case 'BGPOpenMsgErr':
    case 'OpenCollisionDump':
    case 'NotifMsgVerErr':
    case 'NotifMsg':
    case 'KeepAliveMsg':
    case 'UpdateMsg':
    case 'UpdateMsgErr':
      return stay(fsm);
  }
}

export function inConnectOrActive(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
  switch (event.name) {
    case 'ManualStart':
    case 'AutomaticStart':
    case 'ManualStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_DampPeerOscillations':
    case 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment':
    case 'TcpConnection_Valid':
    case 'Tcp_CR_Invalid':
      return stay(fsm);
    case 'ManualStop':
      return stopped(fsm, settings);
    case 'ConnectRetryTimer_Expires':
      if (settings.passive) return stay(fsm);
      return {
        fsm: { ...fsm, state: 'Connect', delayingOpen: false },
        actions: [
          ...(fsm.state === 'Connect' ? [drop(), stop('DelayOpen')] : []),
          start('ConnectRetry'),
          { type: 'connect' },
        ],
      };
    case 'DelayOpenTimer_Expires':
      return openSent(fsm);
    case 'Tcp_CR_Acked':
    case 'TcpConnectionConfirmed':
      if (!settings.delayOpen) return openSent(fsm);
      return { fsm: { ...fsm, delayingOpen: true }, actions: [stop('ConnectRetry'), start('DelayOpen')] };
    case 'TcpConnectionFails':
      if (fsm.state === 'Active') return fail(fsm, settings, { cause: 'tcp', text: event.reason });
      return active(fsm, settings, event.reason);
    case 'BGPOpen_with_DelayOpenTimer_running':
      return {
        fsm: { ...fsm, state: 'OpenConfirm', delayingOpen: false, holdTimeSeconds: event.holdTimeSeconds },
        actions: [
          stop('ConnectRetry'),
          stop('DelayOpen'),
          { type: 'send-open' },
          { type: 'send-keepalive' },
          ...sessionTimers(event.holdTimeSeconds),
        ],
      };
    case 'BGPHeaderErr':
    case 'BGPOpenMsgErr':
      // SendNOTIFICATIONwithoutOPEN is FALSE: nothing may precede our OPEN.
      return fail(fsm, settings, {
        cause: 'notification-sent',
        text: `${formatNotification(event.notification)} before our OPEN`,
      });
    case 'NotifMsgVerErr':
      if (fsm.delayingOpen) return fail(fsm, settings, received(event.notification), { countRetry: false });
      return fail(fsm, settings, received(event.notification));
    case 'NotifMsg':
      return fail(fsm, settings, received(event.notification));
    case 'AutomaticStop':
      return fail(fsm, settings, { cause: 'stopped', text: 'stopped automatically' });
    case 'HoldTimer_Expires':
    case 'KeepaliveTimer_Expires':
    case 'IdleHoldTimer_Expires':
    case 'SendHoldTimer_Expires':
    case 'BGPOpen':
    case 'OpenCollisionDump':
    case 'KeepAliveMsg':
    case 'UpdateMsg':
    case 'UpdateMsgErr':
      return fail(fsm, settings, { cause: 'stopped', text: `unexpected ${event.name} in ${fsm.state}` });
  }
}
