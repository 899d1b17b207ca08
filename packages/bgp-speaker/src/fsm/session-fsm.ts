/**
 * The BGP finite state machine (RFC 4271 8.2.2) as a pure function: `transition(fsm, event, settings)` → the next state
 * and what to do. One machine per TCP connection; two of one peer meet in session/collision.ts.
 *
 * Deviations, each for a reason:
 * - A failed connect (event 18 in Connect) goes to Active instead of Idle, as in RFC 1771: Idle refuses connections,
 *   and a router that comes up and calls us must not be turned away because our last attempt failed.
 * - A passive peer is never called: the ConnectRetryTimer does not run for it.
 * - A NOTIFICATION is never answered with one (event 25 in OpenSent), and a message header error is reported as what
 *   it is in Established too (event 21), not as an FSM error.
 * - A second OPEN on one connection (event 19 in OpenConfirm, Established) is an FSM error; collisions are between two
 *   machines and reach this one as event 23.
 * - Events 6 and 7 wait for the IdleHoldTimer, whose length is for the surroundings to choose (damping).
 */
import { CEASE, FSM_ERROR, formatNotification } from '../codec/index.ts';
import type { FsmEvent } from './fsm-event.ts';
import {
  active,
  begin,
  cease,
  drop,
  fail,
  fsmError,
  HOLD_TIMER_EXPIRED,
  keepalive,
  notifyAndFail,
  openSent,
  received,
  restartHold,
  sendHoldExpired,
  sessionTimers,
  start,
  stay,
  stop,
  stopped,
} from './fsm-outcomes.ts';
import type { FsmSettings, SessionFsm, Transition } from './session-fsm-state.ts';

export function transition(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
  switch (fsm.state) {
    case 'Idle':
      return inIdle(fsm, event, settings);
    case 'Connect':
      return inConnectOrActive(fsm, event, settings);
    case 'Active':
      return inConnectOrActive(fsm, event, settings);
    case 'OpenSent':
      return inOpenSent(fsm, event, settings);
    case 'OpenConfirm':
      return inOpenConfirm(fsm, event, settings);
    case 'Established':
      return inEstablished(fsm, event, settings);
  }
}

function inIdle(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
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
    case 'AutomaticStop':
      return { fsm, actions: [stop('IdleHold')] };
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

function inConnectOrActive(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
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
      return stopped(fsm, 'stopped');
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
      if (fsm.delayingOpen) return fail(fsm, settings, received(event.reason), { countRetry: false });
      return fail(fsm, settings, received(event.reason));
    case 'NotifMsg':
      return fail(fsm, settings, received(event.reason));
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

function inOpenSent(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
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
      return stopped(fsm, 'stopped', cease(event.subcode, event.data));
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
      return notifyAndFail(fsm, settings, event.notification);
    case 'OpenCollisionDump':
      return notifyAndFail(fsm, settings, cease(CEASE.connectionCollisionResolution));
    case 'NotifMsgVerErr':
      return fail(fsm, settings, received(event.reason), { countRetry: false });
    case 'NotifMsg':
      return fail(fsm, settings, received(event.reason));
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

function inOpenConfirm(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
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
      return stopped(fsm, 'stopped', cease(event.subcode, event.data));
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
      return fail(fsm, settings, received(event.reason));
    case 'NotifMsgVerErr':
      return fail(fsm, settings, received(event.reason), { countRetry: false });
    case 'BGPHeaderErr':
    case 'BGPOpenMsgErr':
      return notifyAndFail(fsm, settings, event.notification);
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

function inEstablished(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
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
      return stopped(fsm, 'stopped', cease(event.subcode, event.data));
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
    case 'NotifMsgVerErr':
    case 'NotifMsg':
      return fail(fsm, settings, received(event.reason));
    case 'OpenCollisionDump':
      return notifyAndFail(fsm, settings, cease(CEASE.connectionCollisionResolution));
    case 'KeepAliveMsg':
      return { fsm, actions: restartHold(fsm) };
    case 'UpdateMsg':
      return { fsm, actions: [...restartHold(fsm), { type: 'process-update' }] };
    case 'BGPHeaderErr':
    case 'UpdateMsgErr':
      return notifyAndFail(fsm, settings, event.notification);
    case 'ConnectRetryTimer_Expires':
    case 'DelayOpenTimer_Expires':
    case 'IdleHoldTimer_Expires':
    case 'BGPOpen':
    case 'BGPOpen_with_DelayOpenTimer_running':
    case 'BGPOpenMsgErr':
      return notifyAndFail(fsm, settings, fsmError(FSM_ERROR.inEstablished), event.name);
  }
}
