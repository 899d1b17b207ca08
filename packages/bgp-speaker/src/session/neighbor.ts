import {
  Backoff,
  type BgpFamily,
  type BgpNeighborBfd,
  type BgpNeighborStatus,
  type BgpSessionState,
  type Clock,
  type Logger,
  type ResourceFinding,
} from '@slash32/shared';
import type { BfdSessions } from '../bfd/bfd-service.ts';
import { CEASE, type DecodedUpdate, type OpenMessage, type PrefixKey } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import { type PeerSettings, peerTypeOf } from '../peers/peer-settings.ts';
import { AdjRibIn } from '../rib/adj-rib-in.ts';
import { builtInImportPolicy } from '../rib/import-policy.ts';
import { routerIdNumber } from './collision.ts';
import { ConnectionPair } from './connection-pair.ts';
import { GracefulRestartHelper } from './graceful-restart-helper.ts';
import type { LocalNextHops, NextHopQuestion } from './local-next-hops.ts';
import { localOpen, type RestartState } from './local-open.ts';
import { type MessageCounters, newMessageCounters } from './message-counters.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { NeighborBfd } from './neighbor-bfd.ts';
import { neighborStatus } from './neighbor-status.ts';
import { PeerExport } from './peer-export.ts';
import type { SessionMachine } from './session-machine.ts';
import type { IncomingConnection, Transport } from './transport.ts';

export interface NeighborDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly transport: Transport;
  /** TCP port of all peers: 179, but for tests. */
  readonly port: number;
  readonly restart: RestartState;
  readonly findNextHops: (question: NextHopQuestion) => Promise<LocalNextHops>;
  readonly localPrefixes: () => Iterable<PrefixKey>;
  /** Absent: no BFD. */
  readonly bfd?: BfdSessions;
}

export interface NeighborObserver {
  /** The candidates of this prefix changed. */
  onRouteChanged(key: PrefixKey): void;
  /** The session is up, the peer's initial routes are still to come. */
  onUp(session: NegotiatedSession): void;
  onDown(reason: DownReason, routesKept: boolean): void;
  onEndOfRib(family: BgpFamily): void;
}

/** A session that lived this long has proved itself: its end starts the back-off anew. */
const STABLE_SESSION_MS = 10_000;
const MAX_IDLE_HOLD_MS = 30_000;
const FIRST_IDLE_HOLD_MS = 250;

/**
 * One configured peer over all its connections and sessions: graceful restart of the peer, what it sent (Adj-RIB-In) and
 * what it is told.
 */
export class Neighbor {
  readonly adjRibIn: AdjRibIn;
  readonly #deps: NeighborDependencies;
  readonly #observer: NeighborObserver;
  readonly #helper: GracefulRestartHelper;
  readonly #connections: ConnectionPair;
  readonly #counters = newMessageCounters();
  readonly #idleHold: Backoff;
  readonly #bfd: NeighborBfd;
  readonly #source: {
    readonly name: string;
    readonly type: 'ebgp' | 'ibgp';
    routerId: number;
    readonly address: string;
  };
  #settings: PeerSettings;
  /** Of the session that is up or about to be. */
  #export: PeerExport | undefined;
  #ownAddresses: ReadonlySet<string> = new Set();
  #lastDown: BgpNeighborStatus['lastDown'];
  #stateSinceMs: number;
  #establishedAtMs: number | undefined;

  constructor(settings: PeerSettings, dependencies: NeighborDependencies, observer: NeighborObserver) {
    this.#settings = settings;
    this.#deps = dependencies;
    this.#observer = observer;
    this.#stateSinceMs = dependencies.clock.monotonicMs();
    this.#idleHold = new Backoff({
      initialMs: FIRST_IDLE_HOLD_MS,
      maxMs: MAX_IDLE_HOLD_MS,
      random: dependencies.random,
    });
    this.#source = { name: settings.name, type: peerTypeOf(settings), routerId: 0, address: settings.address };
    this.adjRibIn = new AdjRibIn(
      this.#source,
      builtInImportPolicy({
        localAsNumber: settings.localAsNumber,
        localRouterId: settings.routerId,
        isOwnAddress: (address) => this.#ownAddresses.has(address),
      }),
    );
    this.#helper = new GracefulRestartHelper(dependencies.clock, this.adjRibIn, (key) => observer.onRouteChanged(key));
    this.#connections = this.#newConnections();
    this.#bfd = new NeighborBfd(settings, {
      clock: dependencies.clock,
      logger: dependencies.logger,
      sessions: dependencies.bfd,
      onPathDown: () => this.#onPathDown(),
    });
  }

  get settings(): PeerSettings {
    return this.#settings;
  }

  get state(): BgpSessionState {
    return this.#connections.state;
  }

  get negotiated(): NegotiatedSession | undefined {
    return this.#connections.negotiated;
  }

  start(): void {
    this.#connections.start();
    this.#bfd.apply(this.#settings);
  }

  /** Ends the session with a Cease and forgets the peer's routes. */
  stop(ceaseSubcode: number): void {
    this.#connections.stop(ceaseSubcode);
    this.#bfd.stop();
    this.#endSession();
    this.#helper.clear();
  }

  /** The speaker goes, and shall come back: connections close without NOTIFICATION, so that peers keep our routes. */
  shutDown(): void {
    this.#connections.discard();
    this.#bfd.stop();
    this.#endSession();
  }

  /** Takes over fields that need no new session. */
  applyLiveSettings(settings: PeerSettings): void {
    const mayCallNow = this.#settings.passive && !settings.passive;
    this.#settings = settings;
    if (mayCallNow) this.#connections.callNow();
    this.#bfd.apply(settings);
  }

  accept(incoming: IncomingConnection): void {
    this.#connections.accept(incoming);
  }

  /** A local route came or went; {@link flush} sends it. */
  setLocal(key: PrefixKey, present: boolean): void {
    this.#export?.sender?.setLocal(key, present);
  }

  flush(): void {
    this.#export?.sender?.flush();
  }

  /** `undefined` if the peer has no BFD. */
  get bfd(): BgpNeighborBfd | undefined {
    return this.#bfd.status();
  }

  /** Octets and changes that wait for the peer to read. */
  get backlog(): { readonly octets: number; readonly changes: number } {
    return { octets: this.#connections.bufferedOctets, changes: this.#export?.sender?.pending ?? 0 };
  }

  get counters(): MessageCounters {
    return this.#counters;
  }

  /** Prefixes that the peer has been told. */
  advertised(family: BgpFamily): number {
    return this.#export?.sender?.advertised(family) ?? 0;
  }

  findings(): readonly ResourceFinding[] {
    return [...(this.#export?.findings() ?? []), ...this.#bfd.findings()];
  }

  status(bestPaths: (family: BgpFamily) => number): BgpNeighborStatus {
    return neighborStatus({
      settings: this.#settings,
      state: this.state,
      stateSeconds: (this.#deps.clock.monotonicMs() - this.#stateSinceMs) / 1000,
      session: this.#connections.negotiated,
      localOpen: this.#localOpen(),
      lastDown: this.#lastDown,
      counters: this.#counters,
      adjRibIn: this.adjRibIn,
      sender: this.#export?.sender,
      peerRestarting: this.#helper.peerRestarting,
      bfd: this.#bfd.status(),
      bestPaths,
    });
  }

  /** A session that was up before in this process ended without the kernel's forwarding: that was preserved. */
  #localOpen(): OpenMessage {
    const { restarting, forwardingPreserved } = this.#deps.restart;
    return localOpen(this.#settings, {
      restarting,
      forwardingPreserved: (family) => this.#establishedAtMs !== undefined || forwardingPreserved(family),
    });
  }

  #newConnections(): ConnectionPair {
    return new ConnectionPair(
      {
        clock: this.#deps.clock,
        random: this.#deps.random,
        transport: this.#deps.transport,
        port: this.#deps.port,
        counters: this.#counters,
        localOpen: () => this.#localOpen(),
        settings: () => this.#settings,
        idleHoldMs: () => this.#idleHold.nextDelayMs(),
      },
      {
        onOpen: (machine) => this.#prepareExport(machine),
        onUp: (machine, session) => this.#onUp(machine, session),
        onDown: (machine, reason) => this.#onDown(machine, reason),
        onFailed: (reason) => {
          this.#deps.logger.debug({ peer: this.#settings.name, reason: reason.text }, 'connection failed');
          this.#recordDown(reason, 'attempt');
        },
        onUpdate: (update) => this.#onUpdate(update),
        onRouteRefresh: (family) => this.#export?.sender?.refresh(family),
        onWritten: () => this.#export?.sender?.flush(),
        onStateChanged: () => {
          this.#stateSinceMs = this.#deps.clock.monotonicMs();
        },
      },
    );
  }

  #onUp(machine: SessionMachine, session: NegotiatedSession): void {
    this.#establishedAtMs = this.#deps.clock.monotonicMs();
    const routerId = routerIdNumber(session.remote.routerId);
    if (routerId !== this.#source.routerId) {
      this.#source.routerId = routerId;
      for (const key of this.adjRibIn.keys()) this.#observer.onRouteChanged(key);
    }
    this.#ownAddresses = new Set([
      machine.localAddress,
      this.#settings.hostAddress,
      ...(this.#settings.hostAddress6 === undefined ? [] : [this.#settings.hostAddress6]),
    ]);
    this.#helper.sessionUp(session);
    this.#deps.logger.info(
      { peer: this.#settings.name, address: this.#settings.address, remoteRouterId: session.remote.routerId },
      'session up',
    );
    this.#observer.onUp(session);
    if (this.#export?.localAddress !== machine.localAddress) this.#prepareExport(machine);
    this.#export?.begin(session, {
      get bufferedOctets() {
        return machine.bufferedOctets;
      },
      write: (octets) => machine.writeUpdate(octets),
    });
  }

  #prepareExport(machine: SessionMachine): void {
    this.#endSession();
    this.#export = new PeerExport(this.#settings, machine.localAddress, {
      ...this.#deps,
      onMessage: (count) => {
        this.#counters.sent.update += count;
      },
    });
  }

  #onDown(machine: SessionMachine, reason: DownReason): void {
    if (this.#deps.clock.monotonicMs() - (this.#establishedAtMs ?? 0) >= STABLE_SESSION_MS) this.#idleHold.reset();
    this.#recordDown(reason, 'session');
    this.#endSession();
    const session = machine.negotiated;
    const kept = session !== undefined && this.#helper.sessionDown(session, reason);
    this.#deps.logger.info(
      { peer: this.#settings.name, address: this.#settings.address, reason: reason.text, routesKept: kept },
      'session down',
    );
    this.#observer.onDown(reason, kept);
  }

  /**
   * The session ends and the peer's routes go (RFC 5882 4.2, RFC 9384). But not while the peer restarts: BFD shares fate
   * with the speakers, so its loss is expected then and says nothing about forwarding (RFC 5882 4.3.2).
   */
  #onPathDown(): void {
    if (this.#helper.peerRestarting || this.adjRibIn.staleRoutes() > 0) {
      this.#deps.logger.info({ peer: this.#settings.name }, 'BFD is down because the peer restarts; its routes stay');
      return;
    }
    if (this.state === 'Established') this.#connections.end(CEASE.bfdDown);
  }

  #onUpdate(update: DecodedUpdate): void {
    const changed = (key: PrefixKey) => this.#observer.onRouteChanged(key);
    for (const error of update.errors) {
      this.#deps.logger.warn({ peer: this.#settings.name, ...describeUpdateError(error) }, 'malformed UPDATE');
    }
    for (const block of update.withdrawn) this.adjRibIn.withdraw(block, changed);
    for (const block of update.reachable) this.adjRibIn.announce(block, update.attributes, block.nextHop, changed);
    if (update.endOfRib !== undefined) {
      this.#helper.endOfRib(update.endOfRib);
      this.#observer.onEndOfRib(update.endOfRib);
    }
  }

  #endSession(): void {
    this.#export?.end();
    this.#export = undefined;
  }

  #recordDown(reason: DownReason, before: 'session' | 'attempt'): void {
    // That the peer does not answer now says less than why its last session ended.
    if (before === 'attempt' && reason.cause === 'tcp' && this.#lastDown !== undefined) return;
    this.#lastDown = { at: new Date(this.#deps.clock.wallMs()).toISOString(), reason: reason.text };
  }
}

function describeUpdateError(error: DecodedUpdate['errors'][number]): object {
  return { attribute: error.attribute, action: error.action, reason: error.reason };
}
