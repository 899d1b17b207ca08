import type { BgpFamily, BgpSessionState } from '@slash32/shared';
import {
  type DecodedUpdate,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  FAMILY_PARAMETERS,
  type Frame,
  type OpenMessage,
  type RouteRefreshSubtype,
} from '../codec/index.ts';
import type { FsmAction, FsmTimer } from '../fsm/fsm-action.ts';
import type { FsmEvent } from '../fsm/fsm-event.ts';
import { transition } from '../fsm/session-fsm.ts';
import { INITIAL_FSM, type SessionFsm } from '../fsm/session-fsm-state.ts';
import type { ConnectionEnds, MessageDirection } from '../observe/speaker-observer.ts';
import { FramedConnection } from './framed-connection.ts';
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
  readonly #connection: FramedConnection;
  readonly #events: FsmEvent[] = [];
  #fsm: SessionFsm = INITIAL_FSM;
  #dispatching = false;
  #discarded = false;
  #localOpen: OpenMessage | undefined;
  #negotiated: NegotiatedSession | undefined;
  #update: DecodedUpdate | undefined;

  constructor(dependencies: SessionDependencies, observer: SessionObserver) {
    this.#deps = dependencies;
    this.#observer = observer;
    this.#timers = new SessionTimers(dependencies.clock, dependencies.random, (timer) =>
      this.dispatch({ name: EXPIRY_EVENT[timer] }),
    );
    this.#connection = new FramedConnection({
      onConnected: () => {
        observer.onAttempt('answered');
        this.dispatch({ name: 'Tcp_CR_Acked' });
      },
      onFrame: (frame) => {
        if (frame.ok) this.#receive(frame.value);
        else this.dispatch({ name: 'BGPHeaderErr', notification: frame.notification, reason: frame.reason });
      },
      onWritten: () => this.#onWritten(),
      onClosed: (reason) => {
        observer.onAttempt('answered');
        this.dispatch({ name: 'TcpConnectionFails', reason });
      },
    });
  }

  get state(): BgpSessionState {
    return this.#fsm.state;
  }

  /** Who opened the TCP connection that there is; collisions are decided by it. */
  get initiator(): 'local' | 'remote' {
    return this.#connection.ends.initiator;
  }

  /** Set from the peer's OPEN on. */
  get negotiated(): NegotiatedSession | undefined {
    return this.#negotiated;
  }

  get localAddress(): string {
    return this.#connection.ends.localAddress;
  }

  /** Of the connection that there is. */
  get ends(): ConnectionEnds {
    return this.#connection.ends;
  }

  /** Our OPEN went out on the present connection. */
  get hasSpoken(): boolean {
    return this.state !== 'Idle' && this.state !== 'Connect' && this.state !== 'Active';
  }

  get hasConnection(): boolean {
    return this.#connection.exists;
  }

  get bufferedOctets(): number {
    return this.#connection.bufferedOctets;
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
    this.#open('remote', (listener) => incoming.accept(listener));
    this.dispatch({ name: 'TcpConnectionConfirmed' });
  }

  /** Ends it without a word to observer or peer; the connection is closed, not reset. For a speaker that shuts down. */
  discard(): void {
    this.#discarded = true;
    this.#timers.stopAll();
    this.#connection.drop();
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
    const { passive, delayOpenSeconds = 0 } = this.#deps.settings();
    const { fsm, actions } = transition(this.#fsm, event, {
      passive,
      delayOpen: delayOpenSeconds > 0,
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
        this.#connection.drop({ abort: action.abort });
        return;
      case 'send-open':
        this.#write(encodeOpen(this.#ownOpen()));
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

  /** What we say, or have said, on this connection. */
  #ownOpen(): OpenMessage {
    this.#localOpen ??= this.#deps.localOpen();
    return this.#localOpen;
  }

  #startTimer(timer: FsmTimer): void {
    if (this.#discarded) return;
    const { delayMs, jitter } = timerDelay(timer, {
      settings: this.#deps.settings(),
      holdTimeSeconds: this.#fsm.holdTimeSeconds,
      idleHoldMs: this.#deps.idleHoldMs,
    });
    if (jitter) this.#timers.startWithJitter(timer, delayMs);
    else this.#timers.start(timer, delayMs);
  }

  #connect(): void {
    const { address, localAddress, interface: device } = this.#deps.settings();
    this.#open('local', (listener) =>
      this.#deps.transport.connect(
        {
          address,
          port: this.#deps.port,
          ...(localAddress === undefined ? {} : { localAddress }),
          ...(device === undefined ? {} : { device }),
          protection: this.#deps.protection,
        },
        listener,
      ),
    );
  }

  /** A connection of which nothing is known yet. */
  #open(initiator: 'local' | 'remote', begin: (listener: ConnectionListener) => BgpConnection): void {
    this.#negotiated = undefined;
    this.#localOpen = undefined;
    this.#connection.open(initiator, begin);
  }

  #onWritten(): void {
    if (this.bufferedOctets === 0) this.#timers.stop('SendHold');
    else this.#startTimer('SendHold');
    if (this.state === 'Established') this.#observer.onWritten();
  }

  /** The SendHoldTimer (RFC 9687) runs while octets wait for the peer to read, anew whenever some have left. */
  #write(octets: Uint8Array): void {
    this.#show('sent', octets);
    this.#connection.write(octets);
    if (this.bufferedOctets > 0 && !this.#timers.isRunning('SendHold')) this.#startTimer('SendHold');
  }

  #show(direction: MessageDirection, octets: Uint8Array): void {
    const show = this.#deps.onMessage?.();
    if (show === undefined || !this.#connection.exists) return;
    show({ direction, octets, context: this.#negotiated?.context, ends: this.ends });
  }

  #receive(frame: Frame): void {
    this.#show('received', frame.octets);
    countReceived(this.#deps.counters.received, frame.type);
    const meaning = interpretMessage(frame, {
      state: this.state,
      localOpen: this.#fsm.delayingOpen ? this.#ownOpen() : this.#localOpen,
      delayingOpen: this.#fsm.delayingOpen,
      negotiated: this.#negotiated,
      settings: this.#deps.settings(),
    });
    if (meaning.negotiated !== undefined) {
      this.#negotiated = meaning.negotiated;
      this.#connection.extendedMessages = meaning.negotiated.context.extendedMessages;
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
