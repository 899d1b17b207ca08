import { type BgpFamily, WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import {
  type AsPathSegment,
  attributesKey,
  canonicalSet,
  type NextHop,
  type PathAttributes,
  type PrefixKey,
  prefixKeyToText,
} from '../codec/index.ts';
import { type AddressBlocks, blockMetric } from './address-blocks.ts';
import type { ExportRoute, Offer } from './adj-rib-out.ts';
import { DEFAULT_LOCAL_PREF } from './decision-process.ts';
import { markedOnExport } from './only-to-customer.ts';
import { markedAttributes, obstacleToPassingOn, passedOnAttributes, type Recipient } from './passing-on.ts';
import type { Path, PathSource } from './path.ts';
import type { PolicyChain, PolicyVerdict, PrefixVerdicts } from './route-policy.ts';

export interface ExportSettings {
  readonly family: BgpFamily;
  readonly recipient: Recipient;
  readonly localAsNumber: number;
  /** Of the route reflector that this host may be, a dotted quad. */
  readonly clusterId: string;
  /** Ours, dotted quad. */
  readonly routerId: string;
  /** This host's address on the link to the peer. */
  readonly nextHop: NextHop;
  /** Announced as a whole. */
  readonly blocks: AddressBlocks;
  /** What is done to the AS_PATH of learned paths before the policies see it; absent: nothing. */
  readonly rewriteAsPath?: (asPath: readonly AsPathSegment[]) => readonly AsPathSegment[];
  readonly chain: PolicyChain;
  /** All routes get GRACEFUL_SHUTDOWN: the session is about to be shut down (RFC 8326 4.1). */
  readonly draining: boolean;
}

/**
 * Interns what one session announces, over changes of policy: what stays the same is not sent again. Routes that nobody
 * has any more are forgotten.
 */
export class ExportRouteTable {
  readonly #routes = new Map<string, WeakRef<ExportRoute>>();
  readonly #unused = new FinalizationRegistry<string>((key) => {
    if (this.#routes.get(key)?.deref() === undefined) this.#routes.delete(key);
  });

  intern(attributes: PathAttributes, nextHop: NextHop): ExportRoute {
    const key = attributesKey(attributes, nextHop);
    const known = this.#routes.get(key)?.deref();
    if (known !== undefined) return known;
    const route = { attributes, nextHop };
    this.#routes.set(key, new WeakRef(route));
    this.#unused.register(route, key);
    return route;
  }
}

/** What a learned path is announced with, as far as the prefix does not matter. */
interface PassedOn {
  readonly source: PathSource;
  /** Of the source at that time: it may be back with another one. */
  readonly routerId: number;
  readonly nextHop: NextHop;
  readonly verdicts: PrefixVerdicts;
  readonly routes: Map<PolicyVerdict, ExportRoute>;
}

/**
 * What one family's routes are announced with to one peer: those of instances on this host, and learned ones as far as
 * `passing-on.ts` lets them go on.
 */
export class ExportPolicy {
  readonly #settings: ExportSettings;
  readonly #table: ExportRouteTable;
  readonly #verdicts = new Map<number, PrefixVerdicts>();
  readonly #routes = new Map<PolicyVerdict, ExportRoute>();
  /** By attributes: paths that came together share them, whatever their Path Identifiers. */
  readonly #passedOn = new WeakMap<PathAttributes, PassedOn>();
  readonly #aggregates = new Map<ExportRoute, ExportRoute>();

  constructor(settings: ExportSettings, table: ExportRouteTable) {
    this.#settings = settings;
    this.#table = table;
  }

  /** `metric`: of the kernel's route. `undefined`: the route is not announced. */
  routeOf(key: PrefixKey, metric: number): ExportRoute | undefined {
    return this.#localRoute(key, metric, false);
  }

  /** `hasRivals`: other paths of the prefix may go to the peer, and a block would lose to them. */
  #localRoute(key: PrefixKey, metric: number, hasRivals: boolean): ExportRoute | undefined {
    const route = this.#acceptedRoute(key, metric);
    const { blocks } = this.#settings;
    if (route === undefined || blocks.isEmpty) return route;
    if (blocks.has(key)) return this.#aggregate(route);
    return hasRivals || this.#blockInsteadOf(key, route) === undefined ? route : undefined;
  }

  /** As {@link routeOf}, for people: which term decided, or which block is announced instead. */
  verdictOf(key: PrefixKey, metric: number): PolicyVerdict {
    const verdict = this.#policyVerdict(key, metric);
    const route = this.#settings.blocks.isEmpty ? undefined : this.#acceptedRoute(key, metric);
    const block = route && this.#blockInsteadOf(key, route);
    if (block === undefined) return verdict;
    return { ...verdict, accepted: false, decidedBy: `suppressed: block ${prefixKeyToText(block)} is announced` };
  }

  /**
   * The block that says the same as the route of an address in it. A route that says more (a policy gives it another MED,
   * or a community) is announced beside it, since the longer prefix wins; and all are where the policies refuse the block.
   */
  #blockInsteadOf(key: PrefixKey, route: ExportRoute): PrefixKey | undefined {
    const block = this.#settings.blocks.blockOf(key);
    return block !== undefined && this.#acceptedRoute(block, blockMetric(block)) === route ? block : undefined;
  }

  /**
   * AGGREGATOR says who put the routes together (RFC 4271 9.2.2.2). They have no AS numbers that the block's route has not,
   * so there is nothing for ATOMIC_AGGREGATE to say, nor an AS_SET to leave out (RFC 9774).
   */
  #aggregate(route: ExportRoute): ExportRoute {
    const known = this.#aggregates.get(route);
    if (known !== undefined) return known;
    const { localAsNumber: asNumber, routerId } = this.#settings;
    const aggregate = this.#table.intern({ ...route.attributes, aggregator: { asNumber, routerId } }, route.nextHop);
    this.#aggregates.set(route, aggregate);
    return aggregate;
  }

  #acceptedRoute(key: PrefixKey, metric: number): ExportRoute | undefined {
    const verdict = this.#policyVerdict(key, metric);
    if (!verdict.accepted) return undefined;
    let route = this.#routes.get(verdict);
    if (route === undefined) {
      route = this.#table.intern(this.#finished(verdict.attributes), this.#settings.nextHop);
      this.#routes.set(verdict, route);
    }
    return route;
  }

  #policyVerdict(key: PrefixKey, metric: number): PolicyVerdict {
    const { chain, family } = this.#settings;
    const relevant = chain.dependsOnMetric ? metric : 0;
    let verdicts = this.#verdicts.get(relevant);
    if (verdicts === undefined) {
      verdicts = chain.forRoute({ family, attributes: this.#original(), nextHop: '', metric: relevant });
      this.#verdicts.set(relevant, verdicts);
    }
    return verdicts(key);
  }

  /** Those of the paths that the peer may have, in the same order. `metric`: of the kernel's route, for a local one. */
  offers(key: PrefixKey, paths: readonly Path[], metric: number | undefined): readonly Offer[] {
    const offers: Offer[] = [];
    for (const path of paths) {
      const isLocal = path.source.type === 'local';
      const route = isLocal ? this.#localRoute(key, metric ?? 0, paths.length > 1) : this.#passOn(key, path);
      if (route !== undefined) offers.push({ path, route });
    }
    return offers;
  }

  /** What became of a learned path for the peer, for people. */
  explain(key: PrefixKey, path: Path): PolicyVerdict {
    const passedOn = this.#judge(path);
    return typeof passedOn === 'string'
      ? { accepted: false, attributes: path.attributes, decidedBy: passedOn }
      : passedOn.verdicts(key);
  }

  #passOn(key: PrefixKey, path: Path): ExportRoute | undefined {
    const passedOn = this.#judge(path);
    if (typeof passedOn === 'string') return undefined;
    const verdict = passedOn.verdicts(key);
    if (!verdict.accepted) return undefined;
    let route = passedOn.routes.get(verdict);
    if (route === undefined) {
      const attributes = markedAttributes(verdict.attributes, path, this.#settings.recipient);
      route = this.#table.intern(this.#finished(attributes), { address: path.nextHop.address });
      passedOn.routes.set(verdict, route);
    }
    return route;
  }

  /** Or why it does not go to the peer at all. */
  #judge(path: Path): PassedOn | string {
    const { source, nextHop } = path;
    const known = this.#passedOn.get(path.attributes);
    const isSame = known?.source === source && known.routerId === source.routerId && known.nextHop === nextHop;
    if (known !== undefined && isSame) return known;
    const { recipient, family, chain, clusterId, rewriteAsPath } = this.#settings;
    const obstacle = obstacleToPassingOn(path, recipient);
    if (obstacle !== undefined) return obstacle;
    if (family === 'ipv4-unicast' && nextHop.address.includes(':') && !recipient.extendedNextHop) {
      return 'its next hop is of IPv6, which this router does not take for IPv4 (RFC 8950)';
    }
    const passed = passedOnAttributes(path, recipient.type, clusterId);
    const attributes = rewriteAsPath === undefined ? passed : { ...passed, asPath: rewriteAsPath(passed.asPath) };
    const verdicts = chain.forRoute({ family, attributes, nextHop: nextHop.address });
    const passedOn: PassedOn = { source, routerId: source.routerId, nextHop, verdicts, routes: new Map() };
    this.#passedOn.set(path.attributes, passedOn);
    return passedOn;
  }

  #original(): PathAttributes {
    const {
      recipient: { type: peerType },
      localAsNumber,
    } = this.#settings;
    if (peerType === 'ibgp') return { origin: 'igp', asPath: [], localPref: DEFAULT_LOCAL_PREF };
    return { origin: 'igp', asPath: [{ type: 'sequence', asNumbers: [localAsNumber] }] };
  }

  #finished(attributes: PathAttributes): PathAttributes {
    const {
      recipient: { type: peerType, role },
      localAsNumber,
      draining,
    } = this.#settings;
    // LOCAL_PREF is between speakers of one AS; an eBGP peer neither gets it nor may it make two routes of one.
    const { localPref, ...rest } = attributes;
    const sent = markedOnExport(peerType === 'ibgp' ? attributes : rest, role, localAsNumber);
    if (!draining) return sent;
    const communities = canonicalSet([...(sent.communities ?? []), WELL_KNOWN_COMMUNITIES.GRACEFUL_SHUTDOWN]);
    return { ...sent, ...(peerType === 'ibgp' ? { localPref: 0 } : {}), communities };
  }
}
