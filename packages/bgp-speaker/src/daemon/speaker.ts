import type { InterfaceEvent, Kernel } from '@slash32/linux';
import type { BgpFamily, BgpNeighborStatus, Clock, Logger, ResourceFinding } from '@slash32/shared';
import type { BfdSessions } from '../bfd/bfd-service.ts';
import { CEASE, type PrefixKey, prefixKeyFamily } from '../codec/index.ts';
import type { PeerLink } from '../kernel-sync/learned-route.ts';
import { type LocalRouteChange, LocalRoutes } from '../kernel-sync/local-routes.ts';
import { NextHopTracker } from '../kernel-sync/next-hop-tracker.ts';
import { RestartDeferral } from '../kernel-sync/restart-deferral.ts';
import { RouteInstaller } from '../kernel-sync/route-installer.ts';
import { ObserverHub } from '../observe/observer-hub.ts';
import { admittedPeers } from '../peers/admitted-peers.ts';
import { EMPTY_PLAN, type PeerPlan, planPeers, type SpeakerResources } from '../peers/peer-plan.ts';
import { PrerequisiteWatch } from '../peers/peer-prerequisites.ts';
import { protectionOf } from '../peers/peer-protection.ts';
import { fieldsNeedingReset, isOnLink } from '../peers/peer-settings.ts';
import { NO_PEERS_READY, type PeerReadiness, type ReadyPeer } from '../peers/ready-peers.ts';
import { LocRib } from '../rib/loc-rib.ts';
import type { Path } from '../rib/path.ts';
import { chooseLocalNextHops, subnetsOn } from '../session/local-next-hops.ts';
import { Neighbor } from '../session/neighbor.ts';
import type { Hold } from '../session/session-hold.ts';
import type { AdmittedPeer, IncomingConnection, Transport } from '../session/transport.ts';
import { WaitingPeers } from './waiting-peers.ts';

export interface SpeakerOptions {
  /** Name of the Host that this machine is. */
  readonly host: string;
  readonly kernel: Kernel;
  readonly clock: Clock;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly transport: Transport;
  /** Up to `limit` octets of a password file. */
  readonly readFile: (path: string, limit: number) => Promise<Uint8Array>;
  /** Called with all peers before any of them is added, changed or removed. */
  readonly admit?: (peers: readonly AdmittedPeer[]) => void;
  /** Absent: no BFD, whatever peers are configured with. */
  readonly bfd?: BfdSessions;
  /** TCP port of all peers: 179, but for tests. */
  readonly port: number;
  /** False: learned routes stay in Loc-RIB, and the kernel's are not touched. True if left out. */
  readonly installRoutes?: boolean;
  /** Called with the time from a kernel notification to the UPDATEs being written, where there were any sessions. */
  readonly onAnnounced?: (durationMs: number) => void;
}

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
  /** Where to listen to what happens in here. */
  readonly observers: ObserverHub;
  readonly #options: SpeakerOptions;
  readonly #neighbors = new Map<string, Neighbor>();
  readonly #deferral: RestartDeferral;
  readonly #hadForwarding = new Set<BgpFamily>();
  readonly #nextHops = new NextHopTracker((affects) => this.#decideAffected(affects));
  /** What keeps peers down that have no neighbor for the moment. */
  readonly #holds = new Map<string, Hold>();
  readonly #prerequisites: PrerequisiteWatch;
  readonly #waiting: WaitingPeers;
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
    this.#prerequisites = new PrerequisiteWatch({
      clock,
      logger,
      discovery: options.kernel.routers,
      readFile: options.readFile,
      onChange: () => this.#reconcile(),
    });
    this.#deferral = new RestartDeferral({
      clock,
      logger,
      onEnd: () => {
        logger.info('selection deferral is over');
        this.installer.endDeferral();
      },
    });
  }

  get plan(): PeerPlan {
    return this.#plan;
  }

  get neighbors(): ReadonlyMap<string, Neighbor> {
    return this.#neighbors;
  }

  /** True once routes of a former life are confirmed or gone. */
  get isDeferralOver(): boolean {
    return this.#deferral.isOver;
  }

  findings(): readonly ResourceFinding[] {
    return [
      ...this.#plan.findings,
      ...this.#readiness.findings,
      ...[...this.#neighbors.values()].flatMap((neighbor) => neighbor.findings()),
    ];
  }

  /** Reads what the kernel has, and watches it until `signal` aborts. To be awaited before the first plan. */
  async start(signal: AbortSignal): Promise<void> {
    const { kernel, clock, logger } = this.#options;
    if (this.#options.installRoutes !== false) await this.installer.start(signal);
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
    this.#reconcile();
    this.#beginDeferral();
  }

  accept(incoming: IncomingConnection): void {
    for (const neighbor of this.#neighbors.values()) {
      const { address, interface: device } = neighbor.settings;
      if (address !== incoming.remoteAddress || (device !== undefined && device !== incoming.device)) continue;
      neighbor.accept(incoming);
      return;
    }
    this.#options.logger.debug({ address: incoming.remoteAddress }, 'refused a connection of no configured peer');
    incoming.refuse();
  }

  /** Leaves without a NOTIFICATION: peers keep our routes, and the kernel keeps theirs, until we are back. */
  shutDown(): void {
    this.#closed = true;
    for (const neighbor of this.#neighbors.values()) neighbor.shutDown();
  }

  /** Peers that must not have a session yet, as the control socket tells of them. */
  waitingPeers(): readonly BgpNeighborStatus[] {
    return this.#waiting.statuses((name) => this.#neighbors.has(name));
  }

  /** Makes the sessions what plan and prerequisites say. */
  #reconcile(): void {
    if (this.#closed) return;
    const readiness = this.#prerequisites.readinessOf(this.#plan.peers);
    this.#readiness = readiness;
    this.#waiting.update(readiness);
    this.#options.admit?.(admittedPeers(readiness, this.#neighbors));
    for (const [name, neighbor] of this.#neighbors) {
      const settings = readiness.ready.get(name)?.settings;
      if (readiness.undecided.has(name)) continue;
      if (settings === undefined) {
        this.#remove(
          name,
          neighbor,
          this.#plan.peers.has(name) ? CEASE.otherConfigurationChange : CEASE.peerDeconfigured,
        );
        continue;
      }
      const fields = fieldsNeedingReset(neighbor.settings, settings);
      if (fields.length === 0) {
        neighbor.applyLiveSettings(settings);
        continue;
      }
      this.#options.logger.info({ peer: name, fields }, 'settings changed; the session is reset');
      this.#remove(name, neighbor, CEASE.otherConfigurationChange);
    }
    for (const [name, peer] of readiness.ready) {
      if (!this.#neighbors.has(name)) this.#add(peer, this.#holds.get(name));
      this.#holds.delete(name);
    }
    for (const name of this.#holds.keys()) if (!this.#plan.peers.has(name)) this.#holds.delete(name);
  }

  #add({ settings, md5Key }: ReadyPeer, hold: Hold | undefined): void {
    const { clock, random, logger, transport, port, kernel, bfd } = this.#options;
    const neighbor: Neighbor = new Neighbor(
      settings,
      {
        clock,
        random,
        logger,
        transport,
        port,
        observers: this.observers,
        protection: protectionOf(settings, md5Key),
        ...(bfd === undefined ? {} : { bfd }),
        restart: {
          restarting: () => this.#hadForwarding.size > 0 && !this.#deferral.isOver,
          forwardingPreserved: (family) => this.#hadForwarding.has(family),
        },
        findNextHops: async (question) => {
          let link: PeerLink = {};
          try {
            const addresses = await kernel.addresses.list();
            const { device, nextHops } = chooseLocalNextHops(addresses, question);
            if (device !== undefined) {
              const router = isOnLink(settings) ? settings.address : undefined;
              link = { device, subnets: subnetsOn(device, addresses, router) };
            }
            return { nextHops };
          } finally {
            this.#setLink(neighbor, link);
          }
        },
        localRoutes: () => this.locRib.localRoutes,
      },
      {
        onRouteChanged: (key) => {
          if (this.observers.active) this.observers.routeReceived(neighbor, key);
          this.#decideAgain(key);
        },
        onUp: (session) =>
          this.#deferral.peerUp(settings.name, session.context.families, session.remoteGracefulRestart !== undefined),
        onDown: () => this.#deferral.peerDown(settings.name),
        onEndOfRib: (family) => this.#deferral.endOfRib(settings.name, family),
      },
    );
    this.#neighbors.set(settings.name, neighbor);
    this.locRib.addSource(neighbor.adjRibIn);
    neighbor.start(hold);
  }

  #remove(name: string, neighbor: Neighbor, ceaseSubcode: number): void {
    if (neighbor.hold !== undefined) this.#holds.set(name, neighbor.hold);
    neighbor.stop(ceaseSubcode);
    this.locRib.removeSource(neighbor.adjRibIn);
    this.#neighbors.delete(name);
    this.#nextHops.removePeer(name);
    if (!this.#plan.peers.has(name)) this.#deferral.peerRemoved(name);
  }

  /** At the first plan that names this host. A host that forwarded nothing before has nothing to wait for. */
  #beginDeferral(): void {
    if (this.#plan.asNumber === undefined) return;
    const settings = this.#hadForwarding.size === 0 ? [] : [...this.#plan.peers.values()];
    this.#deferral.begin(
      new Map(settings.map(({ name, families }) => [name, families])),
      Math.max(0, ...settings.map(({ restartTimeSeconds }) => restartTimeSeconds)) * 1000,
    );
  }

  #onLocalRoutes(changes: readonly LocalRouteChange[]): void {
    const startMs = this.#options.clock.monotonicMs();
    for (const { key, metric } of changes) {
      this.locRib.setLocal(key, metric);
      this.#decideAgain(key);
      for (const neighbor of this.#neighbors.values()) neighbor.setLocal(key, metric);
    }
    for (const neighbor of this.#neighbors.values()) neighbor.flush();
    if ([...this.#neighbors.values()].some(({ state }) => state === 'Established')) {
      this.#options.onAnnounced?.(this.#options.clock.monotonicMs() - startMs);
    }
  }

  /** Routes that waited for it, or ran over another interface, are looked at again. */
  #setLink(neighbor: Neighbor, link: PeerLink): void {
    const { name } = neighbor.settings;
    if (this.#neighbors.get(name) !== neighbor) return;
    const before = this.#nextHops.linkOf(name);
    if (JSON.stringify(before) === JSON.stringify(link)) return;
    this.#nextHops.setLink(name, link);
    if (before !== undefined && before.device === link.device) return;
    for (const key of neighbor.adjRibIn.keys()) this.installer.mark(key);
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

  /** Other next hops can be used than before: the prefixes of the paths concerned are decided again, and no others. */
  #decideAffected(affects: (path: Path) => boolean): void {
    const answers = new Map<Path, boolean>();
    for (const { adjRibIn } of this.#neighbors.values()) {
      for (const key of adjRibIn.keys()) {
        const path = adjRibIn.candidate(key);
        if (path === undefined) continue;
        let isAffected = answers.get(path);
        if (isAffected === undefined) {
          isAffected = affects(path);
          answers.set(path, isAffected);
        }
        if (isAffected) this.#decideAgain(key);
      }
    }
  }

  #decideAgain(key: PrefixKey): void {
    if (!this.locRib.decideAgain(key)) return;
    this.installer.mark(key);
    if (this.observers.active) this.observers.bestChanged(key, this.locRib.route(key));
  }
}
