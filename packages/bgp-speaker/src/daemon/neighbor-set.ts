import { CEASE, type PrefixKey } from '../codec/index.ts';
import type { PeerLink } from '../kernel-sync/learned-route.ts';
import { LinkGuard } from '../kernel-sync/link-guard.ts';
import type { NextHopTracker } from '../kernel-sync/next-hop-tracker.ts';
import type { RestartDeferral } from '../kernel-sync/restart-deferral.ts';
import type { RouteInstaller } from '../kernel-sync/route-installer.ts';
import type { ObserverHub } from '../observe/observer-hub.ts';
import type { PeerPlan } from '../peers/peer-plan.ts';
import { protectionOf } from '../peers/peer-protection.ts';
import { fieldsNeedingReset, isOnLink } from '../peers/peer-settings.ts';
import type { PeerReadiness, ReadyPeer } from '../peers/ready-peers.ts';
import type { AddressBlocks } from '../rib/address-blocks.ts';
import type { LocRib } from '../rib/loc-rib.ts';
import type { Path } from '../rib/path.ts';
import {
  chooseLocalNextHops,
  type LocalNextHops,
  type NextHopQuestion,
  subnetsOn,
} from '../session/local-next-hops.ts';
import type { RestartState } from '../session/local-open.ts';
import { Neighbor } from '../session/neighbor.ts';
import type { Hold } from '../session/session-hold.ts';
import type { IncomingConnection } from '../session/transport.ts';
import type { LearnedRouteExport } from './learned-route-export.ts';
import type { SpeakerOptions } from './speaker-options.ts';

/** What the neighbors of a speaker have in common. */
export interface NeighborSurroundings {
  readonly observers: ObserverHub;
  readonly locRib: LocRib;
  readonly installer: RouteInstaller;
  readonly nextHops: NextHopTracker;
  readonly learnedExport: LearnedRouteExport;
  readonly deferral: RestartDeferral;
  readonly restart: RestartState;
  readonly blocks: () => AddressBlocks;
  /** The candidates of a prefix changed. */
  readonly decideAgain: (key: PrefixKey) => void;
}

/** The neighbors of a speaker: made, changed and removed as the plan says, each in its place around Loc-RIB. */
export class NeighborSet {
  readonly #options: SpeakerOptions;
  readonly #around: NeighborSurroundings;
  readonly #neighbors = new Map<string, Neighbor>();
  /** What keeps peers down that have no neighbor for the moment. */
  readonly #holds = new Map<string, Hold>();
  readonly #links = new LinkGuard();

  constructor(options: SpeakerOptions, surroundings: NeighborSurroundings) {
    this.#options = options;
    this.#around = surroundings;
  }

  get byName(): ReadonlyMap<string, Neighbor> {
    return this.#neighbors;
  }

  /** Whose connection it is. */
  find({ remoteAddress, device }: IncomingConnection): Neighbor | undefined {
    return this.#neighbors
      .values()
      .find(({ settings }) => settings.address === remoteAddress && (settings.interface ?? device) === device);
  }

  /** Peers that are not decided about yet keep what they have; those whose settings are the same are not touched. */
  reconcile({ peers }: PeerPlan, { ready, undecided }: PeerReadiness): void {
    for (const [name, neighbor] of this.#neighbors) {
      const settings = ready.get(name)?.settings;
      if (undecided.has(name)) continue;
      if (settings === undefined) {
        this.#remove(neighbor, peers.has(name) ? CEASE.otherConfigurationChange : CEASE.peerDeconfigured);
        if (!peers.has(name)) this.#around.deferral.peerRemoved(name);
        continue;
      }
      const fields = fieldsNeedingReset(neighbor.settings, settings);
      if (fields.length === 0) {
        neighbor.applyLiveSettings(settings);
        continue;
      }
      this.#options.logger.info({ peer: name, fields }, 'settings changed; the session is reset');
      this.#remove(neighbor, CEASE.otherConfigurationChange);
    }
    for (const [name, peer] of ready) {
      if (!this.#neighbors.has(name)) this.#add(peer, this.#holds.get(name));
      this.#holds.delete(name);
    }
    for (const name of this.#holds.keys()) if (!peers.has(name)) this.#holds.delete(name);
  }

  /** Other next hops can be used than before: the prefixes of the paths concerned are decided again, and no others. */
  decideAffected(affects: (path: Path) => boolean): void {
    const answers = new Map<Path, boolean>();
    const isAffected = (path: Path): boolean => {
      let answer = answers.get(path);
      if (answer === undefined) {
        answer = affects(path);
        answers.set(path, answer);
      }
      return answer;
    };
    for (const { adjRibIn } of this.#neighbors.values()) {
      for (const key of adjRibIn.keys()) {
        if (adjRibIn.candidates(key).some(isAffected)) this.#around.decideAgain(key);
      }
    }
  }

  #add({ settings, md5Key }: ReadyPeer, hold: Hold | undefined): void {
    const { clock, random, logger, transport, port, bfd } = this.#options;
    const { observers, locRib, learnedExport, restart, deferral } = this.#around;
    const neighbor: Neighbor = new Neighbor(
      settings,
      {
        clock,
        random,
        logger,
        transport,
        port,
        observers,
        protection: protectionOf(settings, md5Key),
        ...(bfd === undefined ? {} : { bfd }),
        restart,
        links: this.#links,
        findNextHops: (question) => this.#findNextHops(neighbor, question),
        locRib,
        passesOn: () => learnedExport.includes(settings),
        blocks: this.#around.blocks,
      },
      {
        onRouteChanged: (key, pathId) => {
          if (observers.active) observers.routeReceived(neighbor, key, pathId);
          this.#around.decideAgain(key);
        },
        onUp: (session) =>
          deferral.peerUp(settings.name, session.context.families, session.remoteGracefulRestart !== undefined),
        onDown: () => deferral.peerDown(settings.name),
        onEndOfRib: (family) => deferral.endOfRib(settings.name, family),
      },
    );
    this.#neighbors.set(settings.name, neighbor);
    learnedExport.update(this.#neighbors.values());
    locRib.addSource(neighbor.adjRibIn);
    neighbor.start(hold);
  }

  #remove(neighbor: Neighbor, ceaseSubcode: number): void {
    const { name } = neighbor.settings;
    if (neighbor.hold !== undefined) this.#holds.set(name, neighbor.hold);
    neighbor.stop(ceaseSubcode);
    this.#around.locRib.removeSource(neighbor.adjRibIn);
    this.#neighbors.delete(name);
    this.#around.learnedExport.update(this.#neighbors.values());
    this.#around.nextHops.removePeer(name);
    this.#judgeAgain(this.#links.removePeer(name));
  }

  /** Answers with our addresses on the session's link, and notes the link. */
  async #findNextHops(neighbor: Neighbor, question: NextHopQuestion): Promise<LocalNextHops> {
    const { settings } = neighbor;
    let link: PeerLink = {};
    try {
      const addresses = await this.#options.kernel.addresses.list();
      const { device, nextHops } = chooseLocalNextHops(addresses, question);
      if (device !== undefined) {
        link = { device, subnets: subnetsOn(device, addresses, isOnLink(settings) ? settings.address : undefined) };
      }
      return { nextHops };
    } finally {
      this.#setLink(neighbor, link);
    }
  }

  /** Neighbors that announced one of these prefixes, and `also` this one. */
  #judgeAgain(keys: ReadonlySet<PrefixKey>, also?: Neighbor): void {
    for (const neighbor of this.#neighbors.values()) {
      const { adjRibIn } = neighbor;
      if (neighbor === also || keys.keys().some((key) => adjRibIn.entries(key).length > 0)) neighbor.judgeAgain();
    }
  }

  /** Routes that waited for it, or ran over another interface, are looked at again. */
  #setLink(neighbor: Neighbor, link: PeerLink): void {
    const { nextHops, installer } = this.#around;
    const { name } = neighbor.settings;
    if (this.#neighbors.get(name) !== neighbor) return;
    const before = nextHops.linkOf(name);
    if (JSON.stringify(before) === JSON.stringify(link)) return;
    nextHops.setLink(name, link);
    this.#judgeAgain(this.#links.setLink(name, neighbor.settings.address, link), neighbor);
    if (before !== undefined && before.device === link.device) return;
    for (const key of neighbor.adjRibIn.keys()) installer.mark(key);
  }
}
