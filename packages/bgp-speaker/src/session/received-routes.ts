import type { BgpFamily, Clock, Logger } from '@slash32/shared';
import type { DecodedUpdate, RouteRefreshSubtype } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import { type PeerSettings, samePolicies } from '../peers/peer-settings.ts';
import { AdjRibIn, type RouteChanged } from '../rib/adj-rib-in.ts';
import { type ImportPolicy, importPolicy } from '../rib/import-policy.ts';
import type { LinkRules } from '../rib/link-rules.ts';
import type { PathSource } from '../rib/path.ts';
import { PolicyChain } from '../rib/route-policy.ts';
import { GracefulRestartHelper } from './graceful-restart-helper.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { RefreshReceiver } from './refresh-receiver.ts';

export interface ReceivedRoutesDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isOwnAddress: (address: string) => boolean;
  readonly links: LinkRules;
  /** The candidates of this prefix changed. */
  readonly onRouteChanged: RouteChanged;
  readonly onEndOfRib: (family: BgpFamily) => void;
}

/** What one peer has announced, over all its sessions: Adj-RIB-In, its policies, and what keeps routes that are stale. */
export class ReceivedRoutes {
  readonly adjRibIn: AdjRibIn;
  readonly #deps: ReceivedRoutesDependencies;
  readonly #restart: GracefulRestartHelper;
  readonly #refresh: RefreshReceiver;
  #settings: PeerSettings;
  #draining = false;
  /** Of the latest session. */
  #remoteAsNumber: number | undefined;

  constructor(settings: PeerSettings, source: PathSource, dependencies: ReceivedRoutesDependencies) {
    this.#settings = settings;
    this.#deps = dependencies;
    const { clock, onRouteChanged } = dependencies;
    this.adjRibIn = new AdjRibIn(source, this.#importPolicy());
    this.#restart = new GracefulRestartHelper(clock, this.adjRibIn, () => this.#settings, onRouteChanged);
    this.#refresh = new RefreshReceiver(clock, this.adjRibIn, onRouteChanged);
  }

  /** The peer is away and its routes are kept. */
  get peerRestarting(): boolean {
    return this.#restart.peerRestarting;
  }

  /** Families kept beyond the peer's restart time, with the seconds that are left. */
  get longLived(): ReadonlyMap<BgpFamily, number> {
    return this.#restart.longLived;
  }

  /** The peer is away, or back and not done with announcing again what it announced before. */
  get awaitsRestartedPeer(): boolean {
    return this.peerRestarting || (!this.#refresh.isActive && this.adjRibIn.staleRoutes() > 0);
  }

  /** Judges all routes again if what decides on them is different. `draining`: they become the last resort. */
  apply(settings: PeerSettings, draining: boolean): void {
    const before = this.#settings;
    const wasDraining = this.#draining;
    this.#settings = settings;
    this.#draining = draining;
    const isSame =
      draining === wasDraining &&
      settings.allowOwnAs === before.allowOwnAs &&
      settings.acceptBlackhole === before.acceptBlackhole &&
      samePolicies(settings.importPolicies, before.importPolicies);
    if (!isSame) this.judgeAgain();
  }

  judgeAgain(): void {
    this.adjRibIn.setPolicy(this.#importPolicy(), this.#deps.onRouteChanged);
  }

  sessionUp(session: NegotiatedSession): void {
    const before = this.#remoteAsNumber;
    this.#remoteAsNumber = session.remoteAsNumber;
    if (before !== session.remoteAsNumber) this.judgeAgain();
    this.#restart.sessionUp(session);
  }

  /** Keeps or removes the routes of the session that ended; returns whether any family's are kept. */
  sessionDown(session: NegotiatedSession, reason: DownReason): boolean {
    this.#refresh.abandon();
    return this.#restart.sessionDown(session, reason);
  }

  take(update: DecodedUpdate): void {
    for (const { attribute, action, reason } of update.errors) {
      this.#deps.logger.warn({ peer: this.#settings.name, attribute, action, reason }, 'malformed UPDATE');
    }
    const { onRouteChanged } = this.#deps;
    for (const block of update.withdrawn) this.adjRibIn.withdraw(block, onRouteChanged);
    for (const block of update.reachable) {
      this.adjRibIn.announce(block, update.attributes, block.nextHop, onRouteChanged);
    }
    if (update.endOfRib !== undefined) {
      this.#restart.endOfRib(update.endOfRib);
      this.#deps.onEndOfRib(update.endOfRib);
    }
  }

  /** The peer marks the begin or the end of sending everything again. */
  takeRefreshMark(family: BgpFamily, mark: Exclude<RouteRefreshSubtype, 'request'>): void {
    if (mark === 'begin') this.#refresh.begin(family);
    else this.#refresh.end(family);
  }

  /** Nothing of the peer stays. */
  clear(): void {
    this.#refresh.abandon();
    this.#restart.clear();
  }

  #importPolicy(): ImportPolicy {
    const { localAsNumber, hostAsNumber, allowOwnAs, routerId, clusterId, importPolicies, role } = this.#settings;
    const remoteAsNumber = this.#remoteAsNumber;
    return importPolicy({
      ownAsNumbers: hostAsNumber === undefined ? [localAsNumber] : [localAsNumber, hostAsNumber],
      allowOwnAs,
      localRouterId: routerId,
      clusterId,
      ...(role === undefined ? {} : { role }),
      ...(remoteAsNumber === undefined ? {} : { remoteAsNumber }),
      isOwnAddress: this.#deps.isOwnAddress,
      links: this.#deps.links,
      acceptBlackhole: this.#settings.acceptBlackhole,
      chain: new PolicyChain(importPolicies),
      draining: this.#draining,
    });
  }
}
