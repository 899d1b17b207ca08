import type { BgpFamily, BgpSessionState, Clock } from '@slash32/shared';
import { type DecodedUpdate, type OpenMessage, openAsNumber, type RouteRefreshSubtype } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import { resolveCollision } from './collision.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { SessionDependencies, SessionObserver } from './session-dependencies.ts';
import { SessionMachine } from './session-machine.ts';
import type { IncomingConnection } from './transport.ts';

/** What happens to the connections of a peer, as one: there is at most one session. */
export interface ConnectionPairObserver {
  /** A good OPEN came while no session is up. */
  onOpen(machine: SessionMachine): void;
  onUp(machine: SessionMachine, session: NegotiatedSession): void;
  onDown(machine: SessionMachine, reason: DownReason): void;
  /** The primary's connection ended before it was established. */
  onFailed(reason: DownReason): void;
  onUpdate(update: DecodedUpdate): void;
  onRouteRefresh(family: BgpFamily, subtype: RouteRefreshSubtype): void;
  onAttempt(outcome: 'unanswered' | 'answered'): void;
  onWritten(): void;
  /** The primary's state, or the primary itself, changed. */
  onStateChanged(): void;
}

/**
 * The at most two connections of one peer: `primary`, and a `challenger` for one that the peer opened while the primary
 * has or wants its own. Decides between them (RFC 4271 6.8, RFC 4724 4.2).
 */
export class ConnectionPair {
  readonly #deps: SessionDependencies;
  readonly #observer: ConnectionPairObserver;
  readonly #clock: Clock;
  #primary: SessionMachine;
  #challenger: SessionMachine | undefined;
  #challengerSinceMs = 0;
  #establishedSinceMs = 0;
  /** Why the primary's last connection ended. */
  #lastCause: DownReason['cause'] | undefined;

  constructor(dependencies: SessionDependencies, observer: ConnectionPairObserver) {
    this.#deps = dependencies;
    this.#observer = observer;
    this.#clock = dependencies.clock;
    this.#primary = this.#newMachine();
  }

  get state(): BgpSessionState {
    return this.#primary.state;
  }

  /** Of the session that is up or about to be. */
  get negotiated(): NegotiatedSession | undefined {
    return this.state === 'OpenConfirm' || this.state === 'Established' ? this.#primary.negotiated : undefined;
  }

  get bufferedOctets(): number {
    return this.#primary.bufferedOctets;
  }

  start(): void {
    this.#primary.dispatch({ name: 'AutomaticStart' });
  }

  /** Ends both with a Cease; `data` goes with it (RFC 4486, RFC 9003). */
  stop(ceaseSubcode: number, data?: Uint8Array): void {
    const challenger = this.#challenger;
    this.#challenger = undefined;
    const event = { name: 'ManualStop', subcode: ceaseSubcode, ...(data === undefined ? {} : { data }) } as const;
    challenger?.dispatch(event);
    challenger?.discard();
    this.#primary.dispatch(event);
    this.#primary.discard();
  }

  /** Ends the session with a Cease; it is tried anew, as after any other failure. `hard`: no routes are kept over it. */
  end(ceaseSubcode: number, { hard } = { hard: false }): void {
    this.#primary.dispatch({ name: 'AutomaticStop', subcode: ceaseSubcode, hard });
  }

  /** It is tried now what would be tried later. */
  retryNow(): void {
    if (this.#primary.isTimerRunning('IdleHold')) this.#primary.dispatch({ name: 'IdleHoldTimer_Expires' });
  }

  /** Asks the peer for all of a family's routes (RFC 2918); only while a session is up. */
  requestRefresh(family: BgpFamily): void {
    this.#primary.sendRouteRefresh(family, 'request');
  }

  /** Closes both without a word. */
  discard(): void {
    this.#challenger?.discard();
    this.#primary.discard();
  }

  /** The peer is no longer passive. */
  callNow(): void {
    if (this.state === 'Active') this.#primary.dispatch({ name: 'ConnectRetryTimer_Expires' });
  }

  accept(incoming: IncomingConnection): void {
    if (this.state === 'Idle' && this.#lastCause === 'tcp' && this.#primary.isTimerRunning('IdleHold')) {
      // The peer restarted and is back sooner than we meant to call it: nothing is gained by turning it away.
      this.#primary.dispatch({ name: 'IdleHoldTimer_Expires' });
    }
    if (this.state === 'Idle') {
      incoming.refuse();
    } else if (this.state === 'Active' && !this.#primary.hasConnection) {
      this.#primary.accept(incoming);
    } else {
      this.#dropChallenger();
      const challenger = this.#newMachine();
      this.#challenger = challenger;
      this.#challengerSinceMs = this.#clock.monotonicMs();
      challenger.dispatch({ name: 'AutomaticStart_with_PassiveTcpEstablishment' });
      challenger.accept(incoming);
    }
  }

  #newMachine(): SessionMachine {
    const observer: SessionObserver = {
      onOpen: (open) => this.#onOpen(machine, open),
      onUp: (session) => this.#onUp(machine, session),
      onDown: (reason) => this.#onDown(machine, reason),
      onFailed: (reason) => this.#onFailed(machine, reason),
      onUpdate: (update) => this.#observer.onUpdate(update),
      onRouteRefresh: (family, subtype) => this.#observer.onRouteRefresh(family, subtype),
      onAttempt: (outcome) => this.#observer.onAttempt(outcome),
      onWritten: () => this.#observer.onWritten(),
      onState: () => {
        if (machine === this.#primary) this.#observer.onStateChanged();
      },
    };
    const machine = new SessionMachine(this.#deps, observer);
    return machine;
  }

  #onOpen(machine: SessionMachine, open: OpenMessage): void {
    if (this.state !== 'Established') this.#observer.onOpen(machine);
    const challenger = this.#challenger;
    if (challenger === undefined) return;
    if (machine === challenger && this.state === 'Established') this.#challengeEstablished(challenger);
    else if (machine === challenger && !this.#primary.hasSpoken) this.#promote(challenger);
    else {
      const settings = this.#deps.settings();
      const local = { routerId: settings.routerId, asNumber: settings.localAsNumber };
      const remote = { routerId: open.routerId, asNumber: openAsNumber(open) };
      if (resolveCollision(local, remote, this.#primary, challenger) === 'keep-newer') this.#promote(challenger);
      else this.#dropChallenger();
    }
  }

  /**
   * A peer that opens a new connection while we believe the old one to be up has restarted, if it does graceful restart
   * (RFC 4724 4.2): the old one counts as closed. Any other peer has to wait for our HoldTimer, and a connection that is
   * older than the session is the loser of a collision (RFC 4271 6.8).
   */
  #challengeEstablished(challenger: SessionMachine): void {
    const newerThanSession = this.#challengerSinceMs > this.#establishedSinceMs;
    if (!newerThanSession || this.#primary.negotiated?.remoteGracefulRestart === undefined) {
      this.#dropChallenger();
      return;
    }
    this.#primary.dispatch({ name: 'TcpConnectionFails', reason: 'the peer opened a new connection' });
    if (this.#challenger === challenger) this.#promote(challenger);
  }

  /** The challenger takes the primary's place; what the primary had is closed. */
  #promote(challenger: SessionMachine): void {
    const former = this.#primary;
    this.#challenger = undefined;
    this.#primary = challenger;
    if (former.state === 'OpenSent' || former.state === 'OpenConfirm') former.dispatch({ name: 'OpenCollisionDump' });
    former.discard();
    this.#observer.onStateChanged();
  }

  #dropChallenger(): void {
    const challenger = this.#challenger;
    this.#challenger = undefined;
    if (challenger === undefined) return;
    challenger.dispatch({ name: 'OpenCollisionDump' });
    challenger.discard();
  }

  #onUp(machine: SessionMachine, session: NegotiatedSession): void {
    if (machine !== this.#primary) this.#promote(machine);
    this.#establishedSinceMs = this.#clock.monotonicMs();
    this.#observer.onUp(machine, session);
  }

  #onDown(machine: SessionMachine, reason: DownReason): void {
    if (machine !== this.#primary) return;
    this.#lastCause = reason.cause;
    this.#observer.onDown(machine, reason);
  }

  #onFailed(machine: SessionMachine, reason: DownReason): void {
    if (machine === this.#challenger) {
      this.#challenger = undefined;
      machine.discard();
    } else if (machine === this.#primary) {
      this.#lastCause = reason.cause;
      this.#observer.onFailed(reason);
      if (this.#challenger !== undefined && reason.cause !== 'stopped') this.#promote(this.#challenger);
    }
  }
}
