import { type BgpFamily, WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import { attributesKey, canonicalSet, type NextHop, type PathAttributes, type PrefixKey } from '../codec/index.ts';
import type { ExportRoute, Offer } from './adj-rib-out.ts';
import { DEFAULT_LOCAL_PREF } from './decision-process.ts';
import { obstacleToPassingOn, passedOnAttributes, type Recipient } from './passing-on.ts';
import type { Path } from './path.ts';
import type { PolicyChain, PolicyVerdict, PrefixVerdicts } from './route-policy.ts';

export interface ExportSettings {
  readonly family: BgpFamily;
  readonly recipient: Recipient;
  readonly localAsNumber: number;
  /** Of the route reflector that this host may be, a dotted quad. */
  readonly clusterId: string;
  /** This host's address on the link to the peer. */
  readonly nextHop: NextHop;
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
  readonly #passedOn = new WeakMap<Path, PassedOn>();

  constructor(settings: ExportSettings, table: ExportRouteTable) {
    this.#settings = settings;
    this.#table = table;
  }

  /** `metric`: of the kernel's route. `undefined`: the route is not announced. */
  routeOf(key: PrefixKey, metric: number): ExportRoute | undefined {
    const verdict = this.verdictOf(key, metric);
    if (!verdict.accepted) return undefined;
    let route = this.#routes.get(verdict);
    if (route === undefined) {
      route = this.#table.intern(this.#finished(verdict.attributes), this.#settings.nextHop);
      this.#routes.set(verdict, route);
    }
    return route;
  }

  /** As {@link routeOf}, for people: which term decided. */
  verdictOf(key: PrefixKey, metric: number): PolicyVerdict {
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
      const route = isLocal ? this.routeOf(key, metric ?? 0) : this.#passOn(key, path);
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
      route = this.#table.intern(this.#finished(verdict.attributes), { address: path.nextHop.address });
      passedOn.routes.set(verdict, route);
    }
    return route;
  }

  /** Or why it does not go to the peer at all. */
  #judge(path: Path): PassedOn | string {
    const known = this.#passedOn.get(path);
    if (known !== undefined) return known;
    const { recipient, family, chain, clusterId } = this.#settings;
    const obstacle = obstacleToPassingOn(path, recipient);
    if (obstacle !== undefined) return obstacle;
    if (family === 'ipv4-unicast' && path.nextHop.address.includes(':') && !recipient.extendedNextHop) {
      return 'its next hop is of IPv6, which this router does not take for IPv4 (RFC 8950)';
    }
    const attributes = passedOnAttributes(path, recipient.type, clusterId);
    const verdicts = chain.forRoute({ family, attributes, nextHop: path.nextHop.address });
    const passedOn: PassedOn = { verdicts, routes: new Map() };
    this.#passedOn.set(path, passedOn);
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
      recipient: { type: peerType },
      draining,
    } = this.#settings;
    // LOCAL_PREF is between speakers of one AS; an eBGP peer neither gets it nor may it make two routes of one.
    const { localPref, ...rest } = attributes;
    const sent: PathAttributes = peerType === 'ibgp' ? attributes : rest;
    if (!draining) return sent;
    const communities = canonicalSet([...(sent.communities ?? []), WELL_KNOWN_COMMUNITIES.GRACEFUL_SHUTDOWN]);
    return { ...sent, ...(peerType === 'ibgp' ? { localPref: 0 } : {}), communities };
  }
}
