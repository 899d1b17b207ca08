import { type BgpFamily, WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import {
  attributesKey,
  canonicalSet,
  type NextHop,
  type PathAttributes,
  type PeerType,
  type PrefixKey,
} from '../codec/index.ts';
import type { ExportRoute } from './adj-rib-out.ts';
import { DEFAULT_LOCAL_PREF } from './decision-process.ts';
import type { PolicyChain, PolicyVerdict, PrefixVerdicts } from './route-policy.ts';

export interface ExportSettings {
  readonly family: BgpFamily;
  readonly peerType: PeerType;
  readonly localAsNumber: number;
  /** This host's address on the link to the peer. */
  readonly nextHop: NextHop;
  readonly chain: PolicyChain;
  /** All routes get GRACEFUL_SHUTDOWN: the session is about to be shut down (RFC 8326 4.1). */
  readonly draining: boolean;
}

/** Interns what one session announces, over changes of policy: what stays the same is not sent again. */
export class ExportRouteTable {
  readonly #routes = new Map<string, ExportRoute>();

  intern(attributes: PathAttributes, nextHop: NextHop): ExportRoute {
    const key = attributesKey(attributes, nextHop);
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const route = { attributes, nextHop };
    this.#routes.set(key, route);
    return route;
  }
}

/**
 * What one family's local routes are announced with to one peer. Only routes of instances on this host come here: a
 * learned route is never passed on, since a host is no transit.
 */
export class ExportPolicy {
  readonly #settings: ExportSettings;
  readonly #table: ExportRouteTable;
  readonly #verdicts = new Map<number, PrefixVerdicts>();
  readonly #routes = new Map<PolicyVerdict, ExportRoute>();

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

  #original(): PathAttributes {
    const { peerType, localAsNumber } = this.#settings;
    if (peerType === 'ibgp') return { origin: 'igp', asPath: [], localPref: DEFAULT_LOCAL_PREF };
    return { origin: 'igp', asPath: [{ type: 'sequence', asNumbers: [localAsNumber] }] };
  }

  #finished(attributes: PathAttributes): PathAttributes {
    const { peerType, draining } = this.#settings;
    // LOCAL_PREF is between speakers of one AS; an eBGP peer neither gets it nor may it make two routes of one.
    const { localPref, ...rest } = attributes;
    const sent: PathAttributes = peerType === 'ibgp' ? attributes : rest;
    if (!draining) return sent;
    const communities = canonicalSet([...(sent.communities ?? []), WELL_KNOWN_COMMUNITIES.GRACEFUL_SHUTDOWN]);
    return { ...sent, ...(peerType === 'ibgp' ? { localPref: 0 } : {}), communities };
  }
}
