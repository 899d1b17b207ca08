import type { BgpSessionState } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { FSM_EVENT_NUMBER, type FsmEvent, type FsmEventName } from '../../src/fsm/fsm-event.ts';
import { transition } from '../../src/fsm/session-fsm.ts';
import { type FsmSettings, INITIAL_FSM, type SessionFsm } from '../../src/fsm/session-fsm-state.ts';

const SETTINGS: FsmSettings = {
  passive: false,
  delayOpen: false,
  allowAutomaticStart: true,
  gracefulNotification: false,
};
const HEADER_ERROR = { code: 1, subcode: 2, data: new Uint8Array(0) };
const OPEN_ERROR = { code: 2, subcode: 2, data: new Uint8Array(0) };
const VERSION_ERROR = { code: 2, subcode: 1, data: Uint8Array.of(0, 4) };
const UPDATE_ERROR = { code: 3, subcode: 1, data: new Uint8Array(0) };

const EVENT_NAMES = Object.keys(FSM_EVENT_NUMBER) as FsmEventName[];
const STATES: readonly BgpSessionState[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'];

function makeEvent(name: FsmEventName): FsmEvent {
  switch (name) {
    case 'TcpConnectionFails':
      return { name, reason: 'why' };
    case 'NotifMsg':
      return { name, notification: UPDATE_ERROR };
    case 'NotifMsgVerErr':
      return { name, notification: VERSION_ERROR };
    case 'BGPOpen':
    case 'BGPOpen_with_DelayOpenTimer_running':
      return { name, holdTimeSeconds: 90 };
    case 'BGPHeaderErr':
      return { name, notification: HEADER_ERROR };
    case 'BGPOpenMsgErr':
      return { name, notification: OPEN_ERROR };
    case 'UpdateMsgErr':
      return { name, notification: UPDATE_ERROR };
    default:
      return { name };
  }
}

function inState(state: BgpSessionState, fields: Partial<SessionFsm> = {}): SessionFsm {
  const holdTimeSeconds = state === 'OpenConfirm' || state === 'Established' ? 90 : 0;
  return { ...INITIAL_FSM, state, holdTimeSeconds, ...fields };
}

/**
 * Next state, then the NOTIFICATION that is sent (`code/subcode`), then the change of ConnectRetryCounter if any:
 * `0` reset, `+` up by one. `.` is: nothing happens. By RFC 4271 8.2.2, with the deviations that session-fsm.ts lists.
 * Columns: Idle, Connect, Active, OpenSent, OpenConfirm, Established.
 */
const TABLE: Readonly<Record<FsmEventName, readonly [string, string, string, string, string, string]>> = {
  ManualStart: ['Connect 0', '.', '.', '.', '.', '.'],
  ManualStop: ['Idle', 'Idle 0', 'Idle 0', 'Idle 6/2 0', 'Idle 6/2 0', 'Idle 6/2 0'],
  AutomaticStart: ['Connect 0', '.', '.', '.', '.', '.'],
  ManualStart_with_PassiveTcpEstablishment: ['Active 0', '.', '.', '.', '.', '.'],
  AutomaticStart_with_PassiveTcpEstablishment: ['Active 0', '.', '.', '.', '.', '.'],
  AutomaticStart_with_DampPeerOscillations: ['Idle', '.', '.', '.', '.', '.'],
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: ['Idle', '.', '.', '.', '.', '.'],
  AutomaticStop: ['.', 'Idle +', 'Idle +', 'Idle 6/2 +', 'Idle 6/2 +', 'Idle 6/2 +'],
  ConnectRetryTimer_Expires: ['.', 'Connect', 'Connect', 'Idle 5/1 +', 'Idle 5/2 +', 'Idle 5/3 +'],
  HoldTimer_Expires: ['.', 'Idle +', 'Idle +', 'Idle 4/0 +', 'Idle 4/0 +', 'Idle 4/0 +'],
  KeepaliveTimer_Expires: ['.', 'Idle +', 'Idle +', 'Idle 5/1 +', 'OpenConfirm', 'Established'],
  DelayOpenTimer_Expires: ['.', 'OpenSent', 'OpenSent', 'Idle 5/1 +', 'Idle 5/2 +', 'Idle 5/3 +'],
  IdleHoldTimer_Expires: ['Connect', 'Idle +', 'Idle +', 'Idle 5/1 +', 'Idle 5/2 +', 'Idle 5/3 +'],
  TcpConnection_Valid: ['.', '.', '.', '.', '.', '.'],
  Tcp_CR_Invalid: ['.', '.', '.', '.', '.', '.'],
  Tcp_CR_Acked: ['.', 'OpenSent', 'OpenSent', '.', '.', '.'],
  TcpConnectionConfirmed: ['.', 'OpenSent', 'OpenSent', '.', '.', '.'],
  TcpConnectionFails: ['.', 'Active', 'Idle +', 'Active', 'Idle +', 'Idle +'],
  BGPOpen: ['.', 'Idle +', 'Idle +', 'OpenConfirm', 'Idle 5/2 +', 'Idle 5/3 +'],
  BGPOpen_with_DelayOpenTimer_running: ['.', 'OpenConfirm', 'OpenConfirm', 'Idle 5/1 +', 'Idle 5/2 +', 'Idle 5/3 +'],
  BGPHeaderErr: ['.', 'Idle +', 'Idle +', 'Idle 1/2 +', 'Idle 1/2 +', 'Idle 1/2 +'],
  BGPOpenMsgErr: ['.', 'Idle +', 'Idle +', 'Idle 2/2 +', 'Idle 2/2 +', 'Idle 5/3 +'],
  OpenCollisionDump: ['.', 'Idle +', 'Idle +', 'Idle 6/7 +', 'Idle 6/7 +', 'Idle 6/7 +'],
  NotifMsgVerErr: ['.', 'Idle +', 'Idle +', 'Idle', 'Idle', 'Idle +'],
  NotifMsg: ['.', 'Idle +', 'Idle +', 'Idle +', 'Idle +', 'Idle +'],
  KeepAliveMsg: ['.', 'Idle +', 'Idle +', 'Idle 5/1 +', 'Established', 'Established'],
  UpdateMsg: ['.', 'Idle +', 'Idle +', 'Idle 5/1 +', 'Idle 5/2 +', 'Established'],
  UpdateMsgErr: ['.', 'Idle +', 'Idle +', 'Idle 5/1 +', 'Idle 5/2 +', 'Idle 3/1 +'],
  SendHoldTimer_Expires: ['.', 'Idle +', 'Idle +', 'Idle 8/0 +', 'Idle 8/0 +', 'Idle 8/0 +'],
};

/**
 * As {@link TABLE}, where the OPEN is held back: Connect before the connection is there, Connect and Active while the
 * DelayOpenTimer runs. `delay`: it starts. Events that are not listed do as in {@link TABLE}.
 */
const DELAY_OPEN_TABLE: Readonly<Partial<Record<FsmEventName, readonly [string, string, string]>>> = {
  ConnectRetryTimer_Expires: ['Connect', 'Connect', 'Connect'],
  Tcp_CR_Acked: ['Connect delay', 'Connect delay', 'Active delay'],
  TcpConnectionConfirmed: ['Connect delay', 'Connect delay', 'Active delay'],
  NotifMsgVerErr: ['Idle +', 'Idle', 'Idle'],
};

function describeTransition(before: SessionFsm, event: FsmEvent, settings = SETTINGS): string {
  const { fsm, actions } = transition(before, event, settings);
  if (fsm === before && actions.length === 0) return '.';
  const sent = actions.flatMap((action) =>
    action.type === 'send-notification' ? [`${action.notification.code}/${action.notification.subcode}`] : [],
  );
  const counted = fsm.connectRetryCounter - before.connectRetryCounter;
  const counter = counted === 1 ? ['+'] : counted < 0 ? ['0'] : [];
  const delays = actions.some((action) => action.type === 'start-timer' && action.timer === 'DelayOpen');
  return [fsm.state, ...sent, ...counter, ...(delays ? ['delay'] : [])].join(' ');
}

describe('every state and event', () => {
  for (const name of EVENT_NAMES) {
    it(`${FSM_EVENT_NUMBER[name]} ${name}`, () => {
      const found = STATES.map((state) =>
        describeTransition(inState(state, { connectRetryCounter: 3 }), makeEvent(name)),
      );
      expect(found).toEqual(TABLE[name]);
    });
  }

  for (const name of EVENT_NAMES) {
    it(`${FSM_EVENT_NUMBER[name]} ${name}, with DelayOpen`, () => {
      const before = [
        inState('Connect'),
        inState('Connect', { delayingOpen: true }),
        inState('Active', { delayingOpen: true }),
      ];
      const settings = { ...SETTINGS, delayOpen: true };
      const found = before.map((fsm) =>
        describeTransition({ ...fsm, connectRetryCounter: 3 }, makeEvent(name), settings),
      );
      const [, connect, active] = TABLE[name];
      expect(found).toEqual(DELAY_OPEN_TABLE[name] ?? [connect, connect, active]);
    });
  }

  it('none is taken for another state, hold time or timer than the FSM has', () => {
    for (const state of STATES) {
      for (const name of EVENT_NAMES) {
        const mayDelay = state === 'Connect' || state === 'Active';
        for (const fields of [{}, ...(mayDelay ? [{ delayingOpen: true }] : []), { holdTimeSeconds: 0 }]) {
          for (const settings of [SETTINGS, { ...SETTINGS, passive: true }, { ...SETTINGS, delayOpen: true }]) {
            const { fsm, actions } = transition(inState(state, fields), makeEvent(name), settings);
            const isUp = fsm.state === 'OpenConfirm' || fsm.state === 'Established';
            if (!isUp)
              expect(fsm.holdTimeSeconds).toBe(state === fsm.state ? inState(state, fields).holdTimeSeconds : 0);
            if (fsm.state !== 'Connect' && fsm.state !== 'Active' && fsm.state !== state) {
              expect(fsm.delayingOpen).toBe(false);
            }
            // No timer is both started and stopped by one event.
            const started = actions.flatMap((action) => (action.type === 'start-timer' ? [action.timer] : []));
            const last = new Map(
              actions.flatMap((action) =>
                action.type === 'start-timer' || action.type === 'stop-timer' ? [[action.timer, action.type]] : [],
              ) as [string, string][],
            );
            for (const timer of started) expect(last.get(timer)).toBe('start-timer');
          }
        }
      }
    }
  });

  it('numbers the events 1 to 29', () => {
    expect(EVENT_NAMES.map((name) => FSM_EVENT_NUMBER[name])).toEqual(
      Array.from({ length: 29 }, (_, index) => index + 1),
    );
  });
});

describe('whatever the event', () => {
  const all = STATES.flatMap((state) => EVENT_NAMES.map((name) => ({ state, name })));

  it('leaving for Idle drops the connection, stops its timers, and arms the way back unless stopped by hand', () => {
    for (const { state, name } of all) {
      if (state === 'Idle') continue;
      const { fsm, actions } = transition(inState(state), makeEvent(name), SETTINGS);
      if (fsm.state !== 'Idle') continue;
      const stopped = actions.flatMap((action) => (action.type === 'stop-timer' ? [action.timer] : []));
      expect(stopped, `${state} ${name}`).toEqual(
        expect.arrayContaining(['ConnectRetry', 'DelayOpen', 'Hold', 'Keepalive', 'SendHold']),
      );
      expect(actions.some(({ type }) => type === 'drop-connection')).toBe(true);
      const armed = actions.some((action) => action.type === 'start-timer' && action.timer === 'IdleHold');
      expect(armed, `${state} ${name}`).toBe(name !== 'ManualStop');
    }
  });

  it('a NOTIFICATION goes out before the connection is dropped', () => {
    for (const { state, name } of all) {
      const types = transition(inState(state), makeEvent(name), SETTINGS).actions.map(({ type }) => type);
      const sent = types.indexOf('send-notification');
      if (sent >= 0) expect(types.indexOf('drop-connection')).toBeGreaterThan(sent);
    }
  });

  it('session-up and session-down happen exactly on the way into and out of Established', () => {
    for (const { state, name } of all) {
      const { fsm, actions } = transition(inState(state), makeEvent(name), SETTINGS);
      const types = actions.map(({ type }) => type);
      expect(types.includes('session-up')).toBe(state !== 'Established' && fsm.state === 'Established');
      expect(types.includes('session-down')).toBe(state === 'Established' && fsm.state !== 'Established');
    }
  });

  it('only a lost TCP connection counts as one for graceful restart', () => {
    for (const name of EVENT_NAMES) {
      const { actions } = transition(inState('Established'), makeEvent(name), SETTINGS);
      const down = actions.find((action) => action.type === 'session-down');
      if (down !== undefined) expect(down.reason.cause === 'tcp').toBe(name === 'TcpConnectionFails');
    }
  });
});

describe('timers', () => {
  const timersOf = (before: SessionFsm, event: FsmEvent) =>
    transition(before, event, SETTINGS).actions.flatMap((action) =>
      action.type === 'start-timer' ? [`+${action.timer}`] : action.type === 'stop-timer' ? [`-${action.timer}`] : [],
    );

  it('run from a good OPEN on with a hold time, and not at all with hold time 0', () => {
    expect(timersOf(inState('OpenSent'), { name: 'BGPOpen', holdTimeSeconds: 9 })).toEqual([
      '-DelayOpen',
      '-ConnectRetry',
      '+Keepalive',
      '+Hold',
    ]);
    expect(timersOf(inState('OpenSent'), { name: 'BGPOpen', holdTimeSeconds: 0 })).toEqual([
      '-DelayOpen',
      '-ConnectRetry',
      '-Keepalive',
      '-Hold',
    ]);
    const silent = inState('Established', { holdTimeSeconds: 0 });
    expect(timersOf(silent, { name: 'KeepAliveMsg' })).toEqual([]);
    expect(timersOf(silent, { name: 'UpdateMsg' })).toEqual([]);
    expect(transition(silent, { name: 'KeepaliveTimer_Expires' }, SETTINGS).actions).toEqual([]);
  });

  it('KEEPALIVE and UPDATE restart the HoldTimer', () => {
    expect(timersOf(inState('Established'), { name: 'KeepAliveMsg' })).toEqual(['+Hold']);
    expect(timersOf(inState('Established'), { name: 'UpdateMsg' })).toEqual(['+Hold']);
  });
});

describe('options', () => {
  it('a passive peer is waited for, after an error as well, and never called', () => {
    const passive = { ...SETTINGS, passive: true };
    for (const event of [{ name: 'AutomaticStart' }, { name: 'IdleHoldTimer_Expires' }] as const) {
      const { fsm, actions } = transition(INITIAL_FSM, event, passive);
      expect(fsm.state).toBe('Active');
      expect(actions.some(({ type }) => type === 'connect')).toBe(false);
    }
    expect(transition(inState('Active'), { name: 'ConnectRetryTimer_Expires' }, passive).fsm.state).toBe('Active');
    const lost = transition(inState('OpenSent'), { name: 'TcpConnectionFails', reason: 'why' }, passive);
    expect(lost.actions).not.toContainEqual({ type: 'start-timer', timer: 'ConnectRetry' });
  });

  it('DelayOpen holds the OPEN back, and sends it with the KEEPALIVE if theirs comes first', () => {
    const delaying = { ...SETTINGS, delayOpen: true };
    const waiting = transition(inState('Connect'), { name: 'Tcp_CR_Acked' }, delaying);
    expect(waiting.fsm).toMatchObject({ state: 'Connect', delayingOpen: true });
    expect(waiting.actions).toContainEqual({ type: 'start-timer', timer: 'DelayOpen' });
    const sent = transition(waiting.fsm, { name: 'DelayOpenTimer_Expires' }, delaying);
    expect(sent.fsm).toMatchObject({ state: 'OpenSent', delayingOpen: false });
    const first = transition(
      waiting.fsm,
      { name: 'BGPOpen_with_DelayOpenTimer_running', holdTimeSeconds: 30 },
      delaying,
    );
    expect(first.fsm).toMatchObject({ state: 'OpenConfirm', holdTimeSeconds: 30 });
    expect(first.actions.map(({ type }) => type)).toEqual(expect.arrayContaining(['send-open', 'send-keepalive']));
    const version = transition(waiting.fsm, { name: 'NotifMsgVerErr', notification: VERSION_ERROR }, delaying);
    expect(version.fsm.connectRetryCounter).toBe(0);
  });

  it('a stop may name its Cease', () => {
    const { actions } = transition(inState('Established'), { name: 'ManualStop', subcode: 3 }, SETTINGS);
    expect(actions).toContainEqual(
      expect.objectContaining({
        type: 'send-notification',
        notification: expect.objectContaining({ code: 6, subcode: 3 }),
      }),
    );
  });

  it('a NOTIFICATION that ends routes is a Hard Reset where others do not (RFC 8538)', () => {
    const graceful = { ...SETTINGS, gracefulNotification: true };
    const sentBy = (state: BgpSessionState, event: FsmEvent, settings: FsmSettings) =>
      transition(inState(state), event, settings).actions.flatMap((action) =>
        action.type === 'send-notification' ? [action.notification] : [],
      );
    const words = Uint8Array.of(2, 0x68, 0x69);
    for (const name of ['ManualStop', 'AutomaticStop'] as const) {
      for (const subcode of [1, 2, 3, 6, 8, 10]) {
        const event = { name, subcode, data: words };
        const wrapped = { code: 6, subcode: 9, data: Uint8Array.of(6, subcode, ...words) };
        expect(sentBy('Established', event, graceful)).toEqual([wrapped]);
        expect(sentBy('OpenConfirm', event, graceful)).toEqual([{ code: 6, subcode, data: words }]);
        expect(sentBy('Established', event, SETTINGS)).toEqual([{ code: 6, subcode, data: words }]);
      }
      const reset = { name, subcode: 4 };
      expect(sentBy('Established', reset, graceful)).toMatchObject([{ code: 6, subcode: 4 }]);
    }
    for (const name of EVENT_NAMES) {
      if (name === 'ManualStop' || name === 'AutomaticStop') continue;
      expect(sentBy('Established', makeEvent(name), graceful)).toEqual(
        sentBy('Established', makeEvent(name), SETTINGS),
      );
    }
  });

  it('the reason names the NOTIFICATION as it was on the wire', () => {
    for (const { state, name } of STATES.flatMap((state) => EVENT_NAMES.map((name) => ({ state, name })))) {
      const { actions } = transition(inState(state), makeEvent(name), { ...SETTINGS, gracefulNotification: true });
      const sent = actions.flatMap((action) => (action.type === 'send-notification' ? [action.notification] : []));
      const reasons = actions.flatMap((action) =>
        action.type === 'session-down' || action.type === 'connection-failed' ? [action.reason] : [],
      );
      for (const { cause, notification } of reasons) {
        if (cause === 'tcp') expect(notification).toBeUndefined();
        else if (cause === 'notification-received') expect(sent).toEqual([]);
        else if (sent.length > 0) expect(notification).toEqual(sent[0]);
      }
    }
  });

  it('without automatic start, an error is the end', () => {
    const { actions } = transition(
      inState('Established'),
      { name: 'NotifMsg', notification: UPDATE_ERROR },
      { ...SETTINGS, allowAutomaticStart: false },
    );
    expect(actions).not.toContainEqual({ type: 'start-timer', timer: 'IdleHold' });
  });
});
