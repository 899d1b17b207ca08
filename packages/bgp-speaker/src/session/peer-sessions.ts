import type { BgpFamily, BgpSessionState, ResourceFinding } from '@slash32/shared';
import type { OpenMessage } from '../codec/index.ts';
import type { ObservedMessage } from '../observe/speaker-observer.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { ConnectionPair, type ConnectionPairObserver } from './connection-pair.ts';
import { localOpen } from './local-open.ts';
import { newMessageCounters } from './message-counters.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { NeighborDependencies } from './neighbor-dependencies.ts';
import type { SessionFacts } from './neighbor-status.ts';
import { SessionHistory } from './session-history.ts';
import { noAnswerText, Silence } from './silence.ts';
import type { IncomingConnection } from './transport.ts';

/** What happens to the sessions of a peer. */
export interface PeerSessionsObserver extends Omit<ConnectionPairObserver, 'onAttempt' | 'onStateChanged'> {
  /** The state is another one than `before`. */
  onStateChanged(before: BgpSessionState): void;
  /** Sees every message; asked for at each one, and `undefined` while nobody listens. */
  onMessage(): ((message: ObservedMessage) => void) | undefined;
}

/**
 * The connections of one peer from its first session to its last, and what is remembered from one to the next: counters,
 * attempts without answer, how soon to try again.
 */
export class PeerSessions {
  readonly counters = newMessageCounters();
  readonly #deps: NeighborDependencies;
  readonly #settings: () => PeerSettings;
  readonly #observer: PeerSessionsObserver;
  readonly #silence = new Silence();
  readonly #history: SessionHistory;
  #connections: ConnectionPair;

  constructor(settings: () => PeerSettings, dependencies: NeighborDependencies, observer: PeerSessionsObserver) {
    this.#settings = settings;
    this.#deps = dependencies;
    this.#observer = observer;
    this.#history = new SessionHistory(dependencies.clock, dependencies.random);
    this.#connections = this.#newConnections();
  }

  get state(): BgpSessionState {
    return this.#connections.state;
  }

  /** Of the session that is up or about to be. */
  get negotiated(): NegotiatedSession | undefined {
    return this.#connections.negotiated;
  }

  /** Octets that wait for the peer to read. */
  get bufferedOctets(): number {
    return this.#connections.bufferedOctets;
  }

  start(): void {
    this.#connections.start();
  }

  /** As {@link start}, and former failures count no more. */
  resume(): void {
    this.#history.forgive();
    this.#connections.start();
  }

  /** Ends the session with a Cease, for good; `data` goes with it (RFC 4486, RFC 9003). */
  stop(ceaseSubcode: number, data?: Uint8Array): void {
    this.#connections.stop(ceaseSubcode, data);
  }

  /** As {@link stop}, but {@link resume} may follow. */
  halt(ceaseSubcode: number, data: Uint8Array): void {
    this.#connections.stop(ceaseSubcode, data);
    this.#connections = this.#newConnections();
    this.#onStateChanged();
  }

  /** Somebody wants a new session: ends what there is with a Cease, or tries now what would be tried later. */
  renew(ceaseSubcode: number, hard: boolean): void {
    this.#history.forgive();
    if (this.state === 'Idle') this.#connections.retryNow();
    else this.#connections.end(ceaseSubcode, { hard });
  }

  /** Ends the session with a Cease; it is tried anew, as after any other failure. */
  end(ceaseSubcode: number): void {
    this.#connections.end(ceaseSubcode);
  }

  /** Closes the connections without a word. */
  discard(): void {
    this.#connections.discard();
  }

  /** The peer is no longer passive. */
  callNow(): void {
    this.#connections.callNow();
  }

  accept(incoming: IncomingConnection): void {
    this.#silence.answered();
    this.#connections.accept(incoming);
  }

  /** Asks the peer for all of a family's routes (RFC 2918); only while a session is up. */
  requestRefresh(family: BgpFamily): void {
    this.#connections.requestRefresh(family);
  }

  findings(): readonly ResourceFinding[] {
    return this.#silence.findings(this.#settings());
  }

  facts(): SessionFacts {
    return {
      state: this.state,
      stateSeconds: this.#history.stateSeconds,
      session: this.negotiated,
      localOpen: this.#localOpen(),
      lastDown: this.#history.lastDown,
      counters: this.counters,
    };
  }

  /** A session that was up before in this process ended without the kernel's forwarding: that was preserved. */
  #localOpen(): OpenMessage {
    const { restarting, forwardingPreserved } = this.#deps.restart;
    return localOpen(this.#settings(), {
      restarting,
      forwardingPreserved: (family) => this.#history.hadSession || forwardingPreserved(family),
    });
  }

  #newConnections(): ConnectionPair {
    const { clock, random, transport, port, protection } = this.#deps;
    const observer = this.#observer;
    return new ConnectionPair(
      {
        clock,
        random,
        transport,
        port,
        protection,
        counters: this.counters,
        localOpen: () => this.#localOpen(),
        settings: this.#settings,
        idleHoldMs: () => this.#history.nextIdleHoldMs(),
        onMessage: () => observer.onMessage(),
      },
      {
        onOpen: (machine) => observer.onOpen(machine),
        onUp: (machine, session) => {
          this.#history.sessionUp();
          observer.onUp(machine, session);
        },
        onDown: (machine, reason) => {
          this.#history.sessionDown(reason);
          observer.onDown(machine, reason);
        },
        onFailed: (reason) => {
          this.#history.attemptFailed(reason);
          observer.onFailed(reason);
        },
        onUpdate: (update) => observer.onUpdate(update),
        onRouteRefresh: (family, subtype) => observer.onRouteRefresh(family, subtype),
        onAttempt: (outcome) => this.#onAttempt(outcome),
        onWritten: () => observer.onWritten(),
        onStateChanged: () => this.#onStateChanged(),
      },
    );
  }

  #onAttempt(outcome: 'unanswered' | 'answered'): void {
    if (outcome === 'answered') {
      this.#silence.answered();
      return;
    }
    this.#silence.unanswered();
    this.#history.attemptFailed({ cause: 'tcp', text: noAnswerText(this.#settings()) });
  }

  #onStateChanged(): void {
    const before = this.#history.enter(this.state);
    if (before !== undefined) this.#observer.onStateChanged(before);
  }
}
