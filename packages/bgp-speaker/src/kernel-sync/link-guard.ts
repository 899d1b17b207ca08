import { type IpPrefix, parseIpPrefix, prefixContains, tryParseIpAddress } from '@slash32/shared';
import { type PrefixKey, prefixKeyFromText, prefixKeyLength, shortenedPrefixKey } from '../codec/index.ts';
import type { LinkRules } from '../rib/link-rules.ts';
import type { PeerLink } from './learned-route.ts';

interface GuardedLink {
  readonly device: string;
  readonly subnets: readonly IpPrefix[];
  /** By prefix: what goes wrong with a route to it. */
  readonly faults: ReadonlyMap<PrefixKey, string>;
}

/** A peer may send any number of different ones. */
const MOST_KNOWN_NEXT_HOPS = 1000;

const NO_FAULTS: ReadonlyMap<PrefixKey, string> = new Map();

/**
 * Keeps learned routes from cutting the branch they sit on. A router on a link is reached by the link's subnet. A learned
 * route to a prefix that contains the router, and is as specific as that subnet or more, would win: packets to the router
 * would go through another one, or the kernel would look for the router behind itself and take no further route over it
 * (`Nexthop has invalid gateway`). The same goes for any other next hop on a link.
 *
 * A less specific one, as the default route, does no harm: the subnet wins. An equally specific one might, where the
 * network's manager gave the subnet's route a metric that is higher than ours.
 *
 * Such prefixes are few: one for each length from the subnet's to a host's. So all of them are written down.
 */
export class LinkGuard implements LinkRules {
  readonly #links = new Map<string, GuardedLink>();
  readonly #around = new Map<string, ReadonlyMap<PrefixKey, string>>();
  #faults: ReadonlyMap<PrefixKey, string> = NO_FAULTS;

  /** The peer's session runs over this link. Returns the prefixes that have another answer now. */
  setLink(peer: string, address: string, { device, subnets = [] }: PeerLink): ReadonlySet<PrefixKey> {
    if (device === undefined) return this.removePeer(peer);
    const parsed = subnets.map(parseIpPrefix);
    const faults = faultsOf(address, parsed, `contains ${peer}, which is on ${device}`);
    this.#links.set(peer, { device, subnets: parsed, faults });
    return this.#compile();
  }

  /** As {@link setLink}, of a peer that is no more. */
  removePeer(peer: string): ReadonlySet<PrefixKey> {
    if (!this.#links.delete(peer)) return new Set();
    return this.#compile();
  }

  faultOf(key: PrefixKey): string | undefined {
    return this.#faults.get(key);
  }

  faultsAround(nextHop: string): ReadonlyMap<PrefixKey, string> {
    let faults = this.#around.get(nextHop);
    if (faults === undefined) {
      faults = this.#faultsAround(nextHop);
      if (this.#around.size >= MOST_KNOWN_NEXT_HOPS) this.#around.clear();
      this.#around.set(nextHop, faults);
    }
    return faults;
  }

  #faultsAround(nextHop: string): ReadonlyMap<PrefixKey, string> {
    for (const { device, subnets } of this.#links.values()) {
      const faults = faultsOf(nextHop, subnets, `contains its next hop ${nextHop}, which is on ${device}`);
      const isNews = faults.keys().some((key) => !this.#faults.has(key));
      if (isNews) return faults;
    }
    return NO_FAULTS;
  }

  #compile(): ReadonlySet<PrefixKey> {
    const before = this.#faults;
    const after = new Map<PrefixKey, string>();
    for (const { faults } of this.#links.values()) for (const [key, fault] of faults) after.set(key, fault);
    this.#faults = after;
    this.#around.clear();
    const keys = new Set([...before.keys(), ...after.keys()]);
    return new Set([...keys].filter((key) => before.get(key) !== after.get(key)));
  }
}

/** For each prefix that contains the address and is as specific as a subnet that does, or more. */
function faultsOf(address: string, subnets: readonly IpPrefix[], what: string): ReadonlyMap<PrefixKey, string> {
  const parsed = tryParseIpAddress(address);
  if (parsed === undefined || address.startsWith('fe80:')) return NO_FAULTS;
  const containing = subnets.filter((subnet) => prefixContains(subnet, parsed));
  const widest = Math.min(...containing.map(({ length }) => length));
  const host = prefixKeyFromText(address);
  const faults = new Map<PrefixKey, string>();
  for (let length = widest; length <= prefixKeyLength(host); length += 1) {
    faults.set(shortenedPrefixKey(host, length), what);
  }
  return faults;
}
