import type { BgpFamily, BgpSessionState } from '@slash32/shared';
import {
  type DecodedUpdate,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  FAMILY_PARAMETERS,
  type Frame,
  MessageFramer,
  type OpenMessage,
  type RouteRefreshSubtype,
} from '../codec/index.ts';
import type { FsmAction, FsmTimer } from '../fsm/fsm-action.ts';
import type { FsmEvent } from '../fsm/fsm-event.ts';
import { transition } from '../fsm/session-fsm.ts';
import { INITIAL_FSM, type SessionFsm } from '../fsm/session-fsm-state.ts';
import type { ConnectionEnds, MessageDirection } from '../observe/speaker-observer.ts';
import { connectionEnds } from './connection-ends.ts';
import { interpretMessage } from './interpret-message.ts';
import { countReceived } from './message-counters.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { SessionDependencies, SessionObserver } from './session-dependencies.ts';
import { SessionTimers } from './session-timers.ts';
import { timerDelay } from './timer-delay.ts';
import type { BgpConnection, ConnectionListener, IncomingConnection } from './transport.ts';

/**
 * One FSM with its timers and its TCP connection: carries out what the FSM says and turns octets into its events. The
 * only state beside the FSM's is what the connection itself has: framer, negotiated session, buffer.
 */
export class SessionMachine {
  readonly #deps: SessionDependencies;
  readonly #observer: SessionObserver;
  readonly #timers: SessionTimers;
  readonly #events: FsmEvent[] = [];
  #fsm: SessionFsm = INITIAL_FSM;
  #dispatching = false;
  #discarded = false;
  #connection: BgpConnection | undefined;
  #initiator: 'local' | 'remote' = 'local';
  #framer = new MessageFramer();
  #localOpen: OpenMessage | undefined;
  #negotiated: NegotiatedSession | undefined;
  #update: DecodedUpdate | undefined;

  constructor(dependencies: SessionDependencies, observer: SessionObserver) {
    this.#deps = dependencies;
    this.#observer = observer;
    this.#timers = new SessionTimers(dependencies.clock, dependencies.random, (timer) =>
      this.dispatch({ name: EXPIRY_EVENT[timer] }),
    );
  }

  get state(): BgpSessionState {
    return this.#fsm.state;
  }

  /** Who opened the TCP connection that there is; collisions are decided by it. */
  get initiator(): 'local' | 'remote' {
    return this.#initiator;
  }

  /** Set from the peer's OPEN on. */
  get negotiated(): NegotiatedSession | undefined {
    return this.#negotiated;
  }

  get localAddress(): string {
    return this.#connection?.localAddress ?? '';
  }

  /** Of the connection that there is. */
  get ends(): ConnectionEnds {
    return connectionEnds(this.#connection, this.#initiator);
  }

  get hasConnection(): boolean {
    return this.#connection !== undefined;
  }

  get bufferedOctets(): number {
    return this.#connection?.bufferedOctets ?? 0;
  }

  isTimerRunning(timer: FsmTimer): boolean {
    return this.#timers.isRunning(timer);
  }

  /** Hands an event to the FSM and carries its actions out. Events raised meanwhile follow in order. */
  dispatch(event: FsmEvent): void {
    if (this.#discarded) return;
    this.#events.push(event);
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#dispatching = false;
    }
  }

  /** Takes a connection that the peer opened; the FSM must be in Active, without a connection. */
  accept(incoming: IncomingConnection): void {
    this.#prepareConnection('remote');
    this.#connection = incoming.accept(this.#listen());
    this.dispatch({ name: 'TcpConnectionConfirmed' });
  }

  /** Ends it without a word to observer or peer; the connection is closed, not reset. For a speaker that shuts down. */
  discard(): void {
    this.#discarded = true;
    this.#timers.stopAll();
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Writes UPDATEs; only in Established. */
  writeUpdate(octets: Uint8Array): void {
    this.#write(octets);
  }

  /** Only in Established, and if the peer has offered to understand it. */
  sendRouteRefresh(family: BgpFamily, subtype: RouteRefreshSubtype): void {
    this.#write(encodeRouteRefresh({ ...FAMILY_PARAMETERS[family], subtype }));
    this.#deps.counters.sent.routeRefresh += 1;
  }

  #step(event: FsmEvent): void {
    const before = this.#fsm.state;
    if (event.name === 'ConnectRetryTimer_Expires' && before === 'Connect') this.#observer.onAttempt('unanswered');
    const { fsm, actions } = transition(this.#fsm, event, {
      passive: this.#deps.settings().passive,
      delayOpen: false,
      allowAutomaticStart: true,
      gracefulNotification: this.#negotiated?.gracefulNotification === true,
    });
    this.#fsm = fsm;
    for (const action of actions) this.#perform(action);
    if (fsm.state !== before) this.#observer.onState();
  }

  #perform(action: FsmAction): void {
    switch (action.type) {
      case 'start-timer':
        this.#startTimer(action.timer);
        return;
      case 'stop-timer':
        this.#timers.stop(action.timer);
        return;
      case 'connect':
        this.#connect();
        return;
      case 'drop-connection':
        if (action.abort) this.#connection?.abort();
        else this.#connection?.close();
        this.#connection = undefined;
        return;
      case 'send-open':
        this.#localOpen = this.#deps.localOpen();
        this.#write(encodeOpen(this.#localOpen));
        this.#deps.counters.sent.open += 1;
        return;
      case 'send-keepalive':
        this.#write(encodeKeepalive());
        this.#deps.counters.sent.keepalive += 1;
        return;
      case 'send-notification':
        this.#write(encodeNotification(action.notification));
        this.#deps.counters.sent.notification += 1;
        return;
      case 'session-up':
        if (this.#negotiated !== undefined) this.#observer.onUp(this.#negotiated);
        return;
      case 'session-down':
        this.#observer.onDown(action.reason);
        return;
      case 'connection-failed':
        this.#observer.onFailed(action.reason);
        return;
      case 'process-update':
        if (this.#update !== undefined) this.#observer.onUpdate(this.#update);
        return;
    }
  }

  #startTimer(timer: FsmTimer): void {
    if (this.#discarded) return;
    const { delayMs, jitter } = timerDelay(timer, {
      connectRetrySeconds: this.#deps.settings().connectRetrySeconds,
      holdTimeSeconds: this.#fsm.holdTimeSeconds,
      idleHoldMs: this.#deps.idleHoldMs,
    });
    if (jitter) this.#timers.startWithJitter(timer, delayMs);
    else this.#timers.start(timer, delayMs);
  }

  #connect(): void {
    const { address, localAddress, interface: device } = this.#deps.settings();
    this.#prepareConnection('local');
    this.#connection = this.#deps.transport.connect(
      {
        address,
        port: this.#deps.port,
        ...(localAddress === undefined ? {} : { localAddress }),
        ...(device === undefined ? {} : { device }),
        protection: this.#deps.protection,
      },
      this.#listen(),
    );
  }

  #prepareConnection(initiator: 'local' | 'remote'): void {
    this.#connection?.close();
    this.#initiator = initiator;
    this.#framer = new MessageFramer();
    this.#negotiated = undefined;
    this.#localOpen = undefined;
  }

  /** A listener that is deaf once another connection has taken this one's place. */
  #listen(): ConnectionListener {
    const framer = this.#framer;
    const current = () => this.#framer === framer && !this.#discarded;
    return {
      onConnected: () => {
        if (!current()) return;
        this.#observer.onAttempt('answered');
        this.dispatch({ name: 'Tcp_CR_Acked' });
      },
      onData: (chunk) => {
        if (current()) this.#receive(framer, chunk);
      },
      onWritten: () => {
        if (!current()) return;
        if (this.bufferedOctets === 0) this.#timers.stop('SendHold');
        else this.#startTimer('SendHold');
        if (this.state === 'Established') this.#observer.onWritten();
      },
      onClosed: (reason) => {
        if (!current()) return;
        this.#connection = undefined;
        this.#observer.onAttempt('answered');
        this.dispatch({ name: 'TcpConnectionFails', reason });
      },
    };
  }

  /** The SendHoldTimer (RFC 9687) runs while octets wait for the peer to read, anew whenever some have left. */
  #write(octets: Uint8Array): void {
    this.#show('sent', octets);
    this.#connection?.write(octets);
    if (this.bufferedOctets > 0 && !this.#timers.isRunning('SendHold')) this.#startTimer('SendHold');
  }

  #receive(framer: MessageFramer, chunk: Uint8Array): void {
    framer.push(chunk);
    while (this.#framer === framer && this.#connection !== undefined) {
      const frame = framer.next();
      if (frame === undefined) return;
      if (!frame.ok) {
        this.dispatch({ name: 'BGPHeaderErr', notification: frame.notification, reason: frame.reason });
        return;
      }
      this.#receiveMessage(frame.value);
    }
  }

  #show(direction: MessageDirection, octets: Uint8Array): void {
    const show = this.#deps.onMessage?.();
    if (show === undefined || this.#connection === undefined) return;
    show({ direction, octets, context: this.#negotiated?.context, ends: this.ends });
  }

  #receiveMessage(frame: Frame): void {
    this.#show('received', frame.octets);
    countReceived(this.#deps.counters.received, frame.type);
    const meaning = interpretMessage(frame, {
      state: this.state,
      localOpen: this.#localOpen,
      negotiated: this.#negotiated,
      settings: this.#deps.settings(),
    });
    if (meaning.negotiated !== undefined) {
      this.#negotiated = meaning.negotiated;
      this.#framer.extendedMessages = meaning.negotiated.context.extendedMessages;
      this.#observer.onOpen(meaning.negotiated.remote);
    }
    this.#update = meaning.update;
    if (meaning.event !== undefined) this.dispatch(meaning.event);
    this.#update = undefined;
    if (meaning.refresh !== undefined) this.#observer.onRouteRefresh(meaning.refresh.family, meaning.refresh.subtype);
  }
}

const EXPIRY_EVENT = {
  ConnectRetry: 'ConnectRetryTimer_Expires',
  Hold: 'HoldTimer_Expires',
  Keepalive: 'KeepaliveTimer_Expires',
  DelayOpen: 'DelayOpenTimer_Expires',
  IdleHold: 'IdleHoldTimer_Expires',
  SendHold: 'SendHoldTimer_Expires',
} as const satisfies Record<FsmTimer, FsmEvent['name']>;
