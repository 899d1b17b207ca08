/** The outcomes that several (state, event) pairs of session-fsm.ts share. */
import { CEASE, ERROR_CODE, formatNotification, hardReset, type NotificationMessage } from '../codec/index.ts';
import type { DownReason, FsmAction, FsmTimer } from './fsm-action.ts';
import { type FsmSettings, INITIAL_FSM, type SessionFsm, type Transition } from './session-fsm-state.ts';

const NO_DATA: Uint8Array = new Uint8Array(0);
export const HOLD_TIMER_EXPIRED: NotificationMessage = { code: ERROR_CODE.holdTimerExpired, subcode: 0, data: NO_DATA };
/** Of Cease: after these the sender has no routes of the peer, and does not want the peer to have its own. */
const ENDING_CEASES: ReadonlySet<number> = new Set([
  CEASE.maximumPrefixesReached,
  CEASE.administrativeShutdown,
  CEASE.peerDeconfigured,
  CEASE.otherConfigurationChange,
  CEASE.outOfResources,
  CEASE.bfdDown,
]);
const CONNECTION_TIMERS: readonly FsmTimer[] = ['ConnectRetry', 'DelayOpen', 'Hold', 'Keepalive', 'SendHold'];

export const start = (timer: FsmTimer): FsmAction => ({ type: 'start-timer', timer });
export const stop = (timer: FsmTimer): FsmAction => ({ type: 'stop-timer', timer });
export const drop = (abort = false): FsmAction => ({ type: 'drop-connection', abort });
export const stay = (fsm: SessionFsm): Transition => ({ fsm, actions: [] });
export const received = (notification: NotificationMessage): DownReason => ({
  cause: 'notification-received',
  text: `received ${formatNotification(notification)}`,
  notification,
});
export const cease = (subcode: number = CEASE.administrativeShutdown, data = NO_DATA): NotificationMessage => ({
  code: ERROR_CODE.cease,
  subcode,
  data,
});
export const fsmError = (subcode: number): NotificationMessage => ({
  code: ERROR_CODE.finiteStateMachine,
  subcode,
  data: NO_DATA,
});
export const sessionTimers = (holdTimeSeconds: number): readonly FsmAction[] =>
  holdTimeSeconds > 0 ? [start('Keepalive'), start('Hold')] : [stop('Keepalive'), stop('Hold')];
export const restartHold = (fsm: SessionFsm): readonly FsmAction[] => (fsm.holdTimeSeconds > 0 ? [start('Hold')] : []);

export function begin(fsm: SessionFsm, passive: boolean): Transition {
  if (passive) return { fsm: { ...fsm, state: 'Active' }, actions: [stop('IdleHold')] };
  return {
    fsm: { ...fsm, state: 'Connect' },
    actions: [stop('IdleHold'), start('ConnectRetry'), { type: 'connect' }],
  };
}

/** The connection is there: OPEN goes out, and the HoldTimer runs with the large value (4 minutes) until theirs. */
export function openSent(fsm: SessionFsm): Transition {
  return {
    fsm: { ...fsm, state: 'OpenSent', delayingOpen: false, holdTimeSeconds: 0 },
    actions: [stop('ConnectRetry'), stop('DelayOpen'), { type: 'send-open' }, start('Hold')],
  };
}

export function keepalive(fsm: SessionFsm): Transition {
  if (fsm.holdTimeSeconds === 0) return stay(fsm);
  return { fsm, actions: [{ type: 'send-keepalive' }, start('Keepalive')] };
}

/** The connection is gone before the session was up: listen, and call again when the ConnectRetryTimer says so. */
export function active(fsm: SessionFsm, settings: FsmSettings, reason: string): Transition {
  return {
    fsm: { ...fsm, state: 'Active', delayingOpen: false, holdTimeSeconds: 0 },
    actions: [
      drop(),
      ...CONNECTION_TIMERS.map(stop),
      ...(settings.passive ? [] : [start('ConnectRetry')]),
      { type: 'connection-failed', reason: { cause: 'tcp', text: reason } },
    ],
  };
}

export function notifyAndFail(
  fsm: SessionFsm,
  settings: FsmSettings,
  notification: NotificationMessage,
  detail?: string,
): Transition {
  const sent = asSent(fsm, settings, notification);
  const text = `sent ${formatNotification(sent)}${detail === undefined ? '' : `: ${detail}`}`;
  return fail(fsm, settings, { cause: 'notification-sent', text, notification: sent });
}

/** RFC 9687 3.2: the peer has not read for too long, so a NOTIFICATION would not arrive either. */
export function sendHoldExpired(fsm: SessionFsm, settings: FsmSettings): Transition {
  const notification = { code: ERROR_CODE.sendHoldTimerExpired, subcode: 0, data: NO_DATA };
  return fail(
    fsm,
    settings,
    { cause: 'notification-sent', text: formatNotification(notification), notification },
    { abort: true },
  );
}

export function fail(
  fsm: SessionFsm,
  settings: FsmSettings,
  reason: DownReason,
  options: { countRetry?: boolean; abort?: boolean } = {},
): Transition {
  return {
    fsm: {
      state: 'Idle',
      connectRetryCounter: fsm.connectRetryCounter + (options.countRetry === false ? 0 : 1),
      delayingOpen: false,
      holdTimeSeconds: 0,
    },
    actions: [
      ...leave(fsm, reason, options.abort ?? false),
      ...(settings.allowAutomaticStart ? [start('IdleHold')] : []),
    ],
  };
}

export function stopped(fsm: SessionFsm, settings: FsmSettings, notification?: NotificationMessage): Transition {
  return {
    fsm: INITIAL_FSM,
    actions: [...leave(fsm, stopReason(fsm, settings, notification), false), stop('IdleHold')],
  };
}

function stopReason(fsm: SessionFsm, settings: FsmSettings, notification: NotificationMessage | undefined): DownReason {
  if (notification === undefined) return { cause: 'stopped', text: 'stopped' };
  const sent = asSent(fsm, settings, notification);
  return { cause: 'stopped', text: `stopped, sent ${formatNotification(sent)}`, notification: sent };
}

/** Before Established there are no routes to keep or drop. */
function asSent(fsm: SessionFsm, settings: FsmSettings, notification: NotificationMessage): NotificationMessage {
  const ends = notification.code === ERROR_CODE.cease && ENDING_CEASES.has(notification.subcode);
  return ends && settings.gracefulNotification && fsm.state === 'Established' ? hardReset(notification) : notification;
}

function leave(fsm: SessionFsm, reason: DownReason, abort: boolean): readonly FsmAction[] {
  const { cause, notification } = reason;
  const isSent = notification !== undefined && cause !== 'notification-received';
  return [
    ...CONNECTION_TIMERS.map(stop),
    ...(isSent ? [{ type: 'send-notification', notification } as const] : []),
    drop(abort),
    { type: fsm.state === 'Established' ? 'session-down' : 'connection-failed', reason },
  ];
}
