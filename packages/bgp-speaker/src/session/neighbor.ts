import type { TcpProtection } from '@slash32/linux';
import type { BgpFamily, BgpNeighborBfd, BgpNeighborStatus, BgpSessionState, ResourceFinding } from '@slash32/shared';
import { CEASE, type DecodedUpdate, type PrefixKey, type RouteRefreshSubtype } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import { type PeerSettings, samePolicies } from '../peers/peer-settings.ts';
import { soleAsOf } from '../peers/remote-as.ts';
import type { AdjRibIn } from '../rib/adj-rib-in.ts';
import type { MessageCounters } from './message-counters.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { NeighborBfd } from './neighbor-bfd.ts';
import type { NeighborDependencies, NeighborObserver } from './neighbor-dependencies.ts';
import { neighborStatus } from './neighbor-status.ts';
import { type OperatedPeer, OperatorActions } from './operator-actions.ts';
import { type AdministeredPeer, PeerAdministration } from './peer-administration.ts';
import { PeerIdentity } from './peer-identity.ts';
import { PeerSessions, type PeerSessionsObserver } from './peer-sessions.ts';
import { ReceivedRoutes } from './received-routes.ts';
import { SentRoutes } from './sent-routes.ts';
import type { Hold } from './session-hold.ts';
import type { SessionMachine } from './session-machine.ts';
import type { IncomingConnection } from './transport.ts';

/**
 * One configured peer over all its connections and sessions: graceful restart of the peer, what it sent (Adj-RIB-In) and
 * what it is told.
 */
export class Neighbor {
  readonly operator: OperatorActions;
  readonly sent: SentRoutes;
  readonly #deps: NeighborDependencies;
  readonly #observer: NeighborObserver;
  readonly #received: ReceivedRoutes;
  readonly #administration: PeerAdministration;
  readonly #sessions: PeerSessions;
  readonly #bfd: NeighborBfd;
  readonly #identity: PeerIdentity;
  #settings: PeerSettings;

  constructor(settings: PeerSettings, dependencies: NeighborDependencies, observer: NeighborObserver) {
    this.#settings = settings;
    this.#deps = dependencies;
    this.#observer = observer;
    this.#identity = new PeerIdentity(settings);
    this.#received = new ReceivedRoutes(settings, this.#identity.source, {
      ...dependencies,
      isOwnAddress: (address) => this.#identity.isOwnAddress(address),
      onRouteChanged: (key, pathId) => observer.onRouteChanged(key, pathId),
      onEndOfRib: (family) => observer.onEndOfRib(family),
    });
    this.sent = new SentRoutes(
      {
        ...dependencies,
        onMessage: (count) => {
          this.counters.sent.update += count;
        },
      },
      () => ({ settings: this.#settings, draining: this.#administration.isDraining }),
    );
    this.#administration = new PeerAdministration(dependencies, this.#administered());
    this.operator = new OperatorActions(this.#operated(), this.#administration);
    this.#sessions = new PeerSessions(() => this.#settings, dependencies, this.#sessionsObserver());
    this.#bfd = new NeighborBfd(settings, {
      clock: dependencies.clock,
      logger: dependencies.logger,
      sessions: dependencies.bfd,
      peerRestarts: () => this.#received.awaitsRestartedPeer,
      onPathDown: () => {
        if (this.state === 'Established') this.#sessions.end(CEASE.bfdDown);
      },
    });
  }

  get protection(): TcpProtection {
    return this.#deps.protection;
  }

  get settings(): PeerSettings {
    return this.#settings;
  }

  /** By the peer's latest OPEN, or the one that it must have; `undefined`: not known yet. */
  get remoteAsNumber(): number | undefined {
    return this.negotiated?.remoteAsNumber ?? soleAsOf(this.#settings) ?? this.#identity.remoteAsNumber;
  }

  get adjRibIn(): AdjRibIn {
    return this.#received.adjRibIn;
  }

  /** What keeps its sessions down, or is about to; for a neighbor that takes its place. */
  get hold(): Hold | undefined {
    return this.#administration.hold;
  }

  get state(): BgpSessionState {
    return this.#sessions.state;
  }

  get negotiated(): NegotiatedSession | undefined {
    return this.#sessions.negotiated;
  }

  /** No connection is up or about to be, no route is kept, and nothing holds it: nothing is lost if it goes. */
  get isIdle(): boolean {
    const hasConnection = this.state === 'OpenSent' || this.state === 'OpenConfirm' || this.state === 'Established';
    return !hasConnection && !this.#received.awaitsRestartedPeer && this.hold === undefined;
  }

  /** `hold`: of the neighbor that it takes the place of. */
  start(hold?: Hold): void {
    if (hold === undefined) this.#sessions.start();
    else this.#administration.inherit(hold);
    this.#bfd.apply(this.#settings);
  }

  /** Ends the session with a Cease and forgets the peer's routes. */
  stop(ceaseSubcode: number): void {
    this.#sessions.stop(ceaseSubcode);
    this.#bfd.stop();
    this.#administration.stop();
    this.sent.end();
    this.#received.clear();
  }

  /** The speaker goes, and shall come back: connections close without NOTIFICATION, so that peers keep our routes. */
  shutDown(): void {
    this.#sessions.discard();
    this.#bfd.stop();
    this.#administration.stop();
    this.sent.end();
  }

  /** Something that decides on what it announced is different. */
  judgeAgain(): void {
    this.#received.judgeAgain();
  }

  /** Takes over fields that need no new session. */
  applyLiveSettings(settings: PeerSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (before.passive && !settings.passive) this.#sessions.callNow();
    this.#bfd.apply(settings);
    this.#received.apply(settings, this.#administration.isDraining);
    if (
      !samePolicies(before.exportPolicies, settings.exportPolicies) ||
      JSON.stringify(before.asPathRewrite) !== JSON.stringify(settings.asPathRewrite)
    ) {
      this.sent.applyTerms();
    }
    if (JSON.stringify(before.maxPrefixes) !== JSON.stringify(settings.maxPrefixes)) {
      this.#administration.limitsChanged();
    }
  }

  accept(incoming: IncomingConnection): void {
    this.#sessions.accept(incoming);
  }

  /** A local route came, changed its metric, or went (`undefined`); {@link flush} sends it. */
  setLocal(key: PrefixKey, metric: number | undefined): void {
    this.sent.setLocal(key, metric);
  }

  /** Other address blocks are announced as a whole; what that changes is sent. */
  blocksChanged(): void {
    this.sent.applyTerms();
  }

  flush(): void {
    this.sent.flush();
  }

  /** `undefined` if the peer has no BFD. */
  get bfd(): BgpNeighborBfd | undefined {
    return this.#bfd.status();
  }

  /** Octets and changes that wait for the peer to read. */
  get backlog(): { readonly octets: number; readonly changes: number } {
    return { octets: this.#sessions.bufferedOctets, changes: this.sent.pending };
  }

  get counters(): MessageCounters {
    return this.#sessions.counters;
  }

  /** Prefixes that the peer has been told. */
  advertised(family: BgpFamily): number {
    return this.sent.advertised(family);
  }

  findings(): readonly ResourceFinding[] {
    return [
      ...this.sent.findings(),
      ...this.#bfd.findings(this.state),
      ...this.#administration.findings(),
      ...this.#sessions.findings(),
    ];
  }

  status(bestPaths: (family: BgpFamily) => number): BgpNeighborStatus {
    return neighborStatus({
      ...this.#sessions.facts(),
      settings: this.#settings,
      remoteAsNumber: this.remoteAsNumber,
      adjRibIn: this.adjRibIn,
      sent: this.sent,
      peerRestarting: this.#received.peerRestarting,
      longLived: this.#received.longLived,
      administration: this.#administration.status(),
      bfd: this.#bfd.status(),
      bestPaths,
    });
  }

  #sessionsObserver(): PeerSessionsObserver {
    const { observers, logger } = this.#deps;
    return {
      onOpen: (machine) => this.sent.prepare(machine),
      onUp: (machine, session) => this.#onUp(machine, session),
      onDown: (machine, reason) => this.#onDown(machine, reason),
      onFailed: (reason) => {
        logger.debug({ peer: this.#settings.name, reason: reason.text }, 'connection failed');
        observers.down(this, reason, false);
      },
      onUpdate: (update) => this.#onUpdate(update),
      onRouteRefresh: (family, subtype) => this.#onRouteRefresh(family, subtype),
      onWritten: () => this.sent.flush(),
      onStateChanged: (before) => observers.state(this, before, this.state),
      onMessage: () => (observers.active ? (message) => observers.message(this, message) : undefined),
    };
  }

  #onUp(machine: SessionMachine, session: NegotiatedSession): void {
    const change = this.#identity.sessionUp(session, machine.localAddress, this.#settings);
    if (change === 'as') this.#received.clear();
    else if (change === 'router-id') for (const key of this.adjRibIn.keys()) this.#observer.onRouteChanged(key);
    this.#received.sessionUp(session);
    this.#deps.logger.info(
      {
        peer: this.#settings.name,
        address: this.#settings.address,
        remoteAsNumber: session.remoteAsNumber,
        remoteRouterId: session.remote.routerId,
      },
      'session up',
    );
    this.#observer.onUp(session);
    this.#deps.observers.up(this, session, machine.ends);
    this.sent.begin(machine, session);
  }

  #onDown(machine: SessionMachine, reason: DownReason): void {
    this.sent.end();
    this.#deps.observers.down(this, reason, true);
    const session = machine.negotiated;
    const kept = session !== undefined && this.#received.sessionDown(session, reason);
    this.#deps.logger.info(
      { peer: this.#settings.name, address: this.#settings.address, reason: reason.text, routesKept: kept },
      'session down',
    );
    this.#observer.onDown(reason, kept);
  }

  #onUpdate(update: DecodedUpdate): void {
    this.#received.take(update);
    this.#administration.checkLimits();
  }

  #onRouteRefresh(family: BgpFamily, subtype: RouteRefreshSubtype): void {
    if (subtype === 'request') this.sent.resend(family);
    else if (this.negotiated?.enhancedRouteRefresh) this.#received.takeRefreshMark(family, subtype);
  }

  #operated(): OperatedPeer {
    return {
      name: this.#settings.name,
      state: () => this.state,
      session: () => (this.state === 'Established' ? this.negotiated : undefined),
      renewSession: (ceaseSubcode, hard) => this.#sessions.renew(ceaseSubcode, hard),
      judgeAgain: () => this.judgeAgain(),
      requestRefresh: (family) => this.#sessions.requestRefresh(family),
      resend: (family) => this.sent.resend(family),
    };
  }

  #administered(): AdministeredPeer {
    return {
      settings: () => this.#settings,
      isEstablished: () => this.state === 'Established',
      received: (family) => this.adjRibIn.received(family),
      halt: (ceaseSubcode, data) => {
        this.#sessions.halt(ceaseSubcode, data);
        this.sent.end();
        this.#received.clear();
      },
      resume: () => this.#sessions.resume(),
      drainChanged: () => {
        this.#received.apply(this.#settings, this.#administration.isDraining);
        this.sent.applyTerms();
      },
    };
  }
}
