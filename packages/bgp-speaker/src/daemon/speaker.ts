import type { InterfaceEvent } from '@slash32/linux';
import type { BgpFamily, BgpNeighborStatus, ResourceFinding } from '@slash32/shared';
import { type PrefixKey, prefixKeyFamily } from '../codec/index.ts';
import { type LocalRouteChange, LocalRoutes } from '../kernel-sync/local-routes.ts';
import { NextHopTracker } from '../kernel-sync/next-hop-tracker.ts';
import { RestartDeferral } from '../kernel-sync/restart-deferral.ts';
import { RouteInstaller } from '../kernel-sync/route-installer.ts';
import { ObserverHub } from '../observe/observer-hub.ts';
import { EMPTY_PLAN, type PeerPlan, planPeers, type SpeakerResources } from '../peers/peer-plan.ts';
import { PrerequisiteWatch } from '../peers/peer-prerequisites.ts';
import { NO_PEERS_READY, type PeerReadiness } from '../peers/ready-peers.ts';
import type { AddressBlocks } from '../rib/address-blocks.ts';
import { LocRib } from '../rib/loc-rib.ts';
import type { Neighbor } from '../session/neighbor.ts';
import type { IncomingConnection } from '../session/transport.ts';
import { Admission } from './admission.ts';
import { AnnouncedBlocks } from './announced-blocks.ts';
import { DynamicPeers } from './dynamic-peers.ts';
import { LearnedRouteExport } from './learned-route-export.ts';
import { NeighborSet } from './neighbor-set.ts';
import { SignatureHints } from './signature-hints.ts';
import type { SpeakerOptions } from './speaker-options.ts';
import { WaitingPeers } from './waiting-peers.ts';

/**
 * The speaker without its daemon: neighbors around one Loc-RIB, the kernel on both sides of it.
 *
 * ```
 *  kernel routes of instances ─► LocalRoutes ─┐                ┌─► UpdateSender of every Neighbor ─► peers
 *                                             ├─► LocRib ──────┤
 *  peers ─► Neighbor (Adj-RIB-In, import) ────┤                └─► RouteInstaller ─► kernel routes, learned
 *                                             │                          │ refused
 *  interfaces, links of sessions ─► NextHopTracker ◄─────────────────────┘
 * ```
 */
export class Speaker {
  readonly locRib: LocRib;
  readonly installer: RouteInstaller;
  readonly learnedExport = new LearnedRouteExport();
  /** Where to listen to what happens in here. */
  readonly observers: ObserverHub;
  /** Neighbours that are not planned one by one. */
  readonly dynamicPeers: DynamicPeers;
  readonly signatureHints: SignatureHints;
  readonly #options: SpeakerOptions;
  readonly #neighbors: NeighborSet;
  readonly #deferral: RestartDeferral;
  readonly #hadForwarding = new Set<BgpFamily>();
  readonly #nextHops = new NextHopTracker((affects) => this.#neighbors.decideAffected(affects));
  readonly #prerequisites: PrerequisiteWatch;
  readonly #waiting: WaitingPeers;
  readonly #blocks: AnnouncedBlocks;
  readonly #admission: Admission;
  #plan: PeerPlan = EMPTY_PLAN;
  #readiness: PeerReadiness = NO_PEERS_READY;
  #local: LocalRoutes | undefined;
  #closed = false;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    const { clock, random, logger } = options;
    this.observers = new ObserverHub(logger);
    this.locRib = new LocRib((path) => this.#nextHops.obstacleTo(path));
    this.installer = new RouteInstaller({
      routes: options.kernel.routes,
      clock,
      random,
      logger,
      chosen: (key) => this.locRib.route(key),
      linkOf: (peer) => this.#nextHops.linkOf(peer),
      refusals: this.#nextHops,
    });
    this.#waiting = new WaitingPeers({ clock, logger });
    this.#admission = new Admission(options, () => this.#reconcile());
    this.dynamicPeers = new DynamicPeers({
      clock,
      logger,
      neighbors: () => this.neighbors,
      onChange: () => this.#reconcileSessions(),
    });
    this.#prerequisites = new PrerequisiteWatch({
      clock,
      logger,
      discovery: options.kernel.routers,
      readFile: options.readFile,
      onChange: () => this.#reconcile(),
    });
    this.#blocks = new AnnouncedBlocks(options, {
      locRib: this.locRib,
      neighbors: () => this.neighbors.values(),
      decideAgain: (key) => this.#decideAgain(key),
    });
    this.signatureHints = new SignatureHints({
      clock,
      read: options.signatureCounters,
      peers: () => [
        ...[...this.neighbors.values()].map(({ settings, state }) => [settings, state] as const),
        ...this.dynamicPeers.openRanges().map((settings) => [settings, 'Active'] as const),
      ],
    });
    this.#deferral = new RestartDeferral({
      clock,
      logger,
      onEnd: () => {
        logger.info('selection deferral is over');
        this.installer.endDeferral();
        for (const neighbor of this.#neighbors.byName.values()) neighbor.flush();
      },
    });
    this.#neighbors = new NeighborSet(options, {
      observers: this.observers,
      locRib: this.locRib,
      installer: this.installer,
      nextHops: this.#nextHops,
      learnedExport: this.learnedExport,
      deferral: this.#deferral,
      restart: {
        restarting: () => this.#hadForwarding.size > 0 && !this.#deferral.isOver,
        forwardingPreserved: (family) => this.#hadForwarding.has(family),
      },
      blocks: () => this.blocks,
      decideAgain: (key) => this.#decideAgain(key),
    });
  }

  get plan(): PeerPlan {
    return this.#plan;
  }

  get neighbors(): ReadonlyMap<string, Neighbor> {
    return this.#neighbors.byName;
  }

  /** True once routes of a former life are confirmed or gone. */
  get isDeferralOver(): boolean {
    return this.#deferral.isOver;
  }

  /** Those that are announced as a whole. */
  get blocks(): AddressBlocks {
    return this.#blocks.current;
  }

  findings(): readonly ResourceFinding[] {
    return [
      ...this.#plan.findings,
      ...this.#readiness.findings,
      ...this.#blocks.findings(),
      ...this.signatureHints.findings(),
      ...this.#admission.findings(),
      ...this.dynamicPeers.findings(),
      ...[...this.#neighbors.byName.values()].flatMap((neighbor) => neighbor.findings()),
    ];
  }

  /** Reads what the kernel has, and watches it until `signal` aborts. To be awaited before the first plan. */
  async start(signal: AbortSignal): Promise<void> {
    const { kernel, clock, logger } = this.#options;
    if (this.#options.installRoutes !== false) await this.installer.start(signal);
    await this.#blocks.start(signal);
    this.signatureHints.start(signal);
    this.#local = await LocalRoutes.start(
      { routes: kernel.routes, clock, logger, onChanges: (changes) => this.#onLocalRoutes(changes) },
      signal,
    );
    for (const key of this.locRib.localRoutes.keys()) this.#hadForwarding.add(prefixKeyFamily(key));
    if (this.installer.hasRetained(4)) this.#hadForwarding.add('ipv4-unicast');
    if (this.installer.hasRetained(6)) this.#hadForwarding.add('ipv6-unicast');
    await this.#prerequisites.start(signal);
    await kernel.interfaces.watch((events) => this.#onInterfaces(events), signal);
    const retryRefused = (): void => {
      if (this.#nextHops.refused > 0) this.installer.retryNow();
    };
    await kernel.addresses.watch(
      {
        onChange: ({ device }) => {
          if (this.#nextHops.isUsed(device)) retryRefused();
        },
        onOverrun: retryRefused,
      },
      signal,
    );
    logger.info(
      { localRoutes: this.#local.size, retainedRoutes: this.installer.retainedRoutes },
      'kernel routes are known',
    );
  }

  get localRoutes(): number {
    return this.#local?.size ?? 0;
  }

  /** Makes the sessions what the resources say; those whose settings are the same are not touched. */
  applyResources(resources: SpeakerResources): void {
    if (this.#closed) return;
    this.#plan = planPeers(this.#options.host, resources, this.#plan);
    this.#blocks.want(this.#plan.blocks);
    this.#reconcile();
    this.#beginDeferral();
  }

  accept(incoming: IncomingConnection): void {
    let neighbor = this.#neighbors.find(incoming);
    if (neighbor === undefined && this.dynamicPeers.take(incoming)) neighbor = this.#neighbors.find(incoming);
    if (neighbor !== undefined) {
      neighbor.accept(incoming);
      return;
    }
    this.#options.logger.debug({ address: incoming.remoteAddress }, 'refused a connection of no configured peer');
    incoming.refuse();
  }

  /** Leaves without a NOTIFICATION: peers keep our routes, and the kernel keeps theirs, until we are back. */
  shutDown(): void {
    this.#closed = true;
    this.dynamicPeers.close();
    this.#admission.close();
    for (const neighbor of this.#neighbors.byName.values()) neighbor.shutDown();
  }

  /** Peers that must not have a session yet, as the control socket tells of them. */
  waitingPeers(): readonly BgpNeighborStatus[] {
    return this.#waiting.statuses((name) => this.#neighbors.byName.has(name));
  }

  /** Makes the sessions what plan and prerequisites say. */
  #reconcile(): void {
    if (this.#closed) return;
    const readiness = this.#prerequisites.readinessOf(this.#plan.peers);
    this.#readiness = readiness;
    this.#waiting.update(readiness);
    this.#admission.apply(readiness, this.neighbors);
    this.#reconcileSessions();
  }

  #reconcileSessions(): void {
    if (this.#closed) return;
    const { plan, readiness } = this.dynamicPeers.sessionPlan(this.#plan, this.#readiness);
    this.#neighbors.reconcile(plan, readiness);
  }

  /** At the first plan that names this host. A host that forwarded nothing before has nothing to wait for. */
  #beginDeferral(): void {
    if (this.#plan.asNumber === undefined) return;
    const settings = this.#hadForwarding.size === 0 ? [] : [...this.#plan.peers.values()];
    this.#deferral.begin(
      new Map(settings.map(({ name, families }) => [name, families])),
      Math.max(0, ...settings.map(({ gracefulRestart }) => gracefulRestart.restartTimeSeconds)) * 1000,
    );
  }

  #onLocalRoutes(changes: readonly LocalRouteChange[]): void {
    const startMs = this.#options.clock.monotonicMs();
    for (const { key, metric } of changes) {
      if (this.blocks.has(key)) continue;
      this.locRib.setLocal(key, metric);
      this.#decideAgain(key);
      for (const neighbor of this.#neighbors.byName.values()) neighbor.setLocal(key, metric);
    }
    let isAnnounced = false;
    for (const neighbor of this.#neighbors.byName.values()) {
      neighbor.flush();
      isAnnounced ||= neighbor.state === 'Established';
    }
    if (isAnnounced) {
      this.#options.onAnnounced?.(this.#options.clock.monotonicMs() - startMs);
    }
  }

  /** Instances' interfaces come and go all the time; only those that sessions run over, or may, are of interest. */
  #mayMatter(interfaceName: string): boolean {
    return this.installer.failures.size > 0 || this.#nextHops.refused > 0 || this.#nextHops.isUsed(interfaceName);
  }

  #onInterfaces(events: readonly InterfaceEvent[]): void {
    this.#nextHops.seeInterfaces(events);
    if (events.some((event) => event.type === 'present' && event.link.up && this.#mayMatter(event.link.name))) {
      this.installer.retryNow();
    }
  }

  #decideAgain(key: PrefixKey): void {
    const chosen = this.locRib.decideAgain(key);
    this.learnedExport.routeChanged(key, chosen);
    if (!chosen) return;
    this.installer.mark(key);
    if (this.observers.active) this.observers.bestChanged(key, this.locRib.route(key));
  }
}
