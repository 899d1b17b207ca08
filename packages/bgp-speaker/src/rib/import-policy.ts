import { type BgpFamily, parseIpPrefix, prefixContains, WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import {
  type BgpRole,
  ipv4KeyAddress,
  type NextHop,
  type PathAttributes,
  type PrefixKey,
  prefixKeyFromText,
  prefixKeyToText,
} from '../codec/index.ts';
import { BlackholeVerdicts } from './blackhole-verdicts.ts';
import type { LinkRules } from './link-rules.ts';
import { leakOf, markedOnImport } from './only-to-customer.ts';
import type { PolicyChain, PolicyVerdict } from './route-policy.ts';

/** What becomes of a received route. */
export interface ImportVerdict {
  /** Why it is refused; absent: accepted. */
  readonly rejection?: string;
  /** What the decision process is to see; the received object itself if nothing was changed. */
  readonly attributes: PathAttributes;
  /** It is installed as a route that drops packets (RFC 7999). */
  readonly blackhole?: true;
  /** Which policy and term decided; absent if it did not come to that. */
  readonly decidedBy?: string;
}

export interface ImportPolicy {
  /**
   * Verdicts for the prefixes of one UPDATE, or others that came with the same attributes and next hop. Equal outcomes
   * are one object.
   */
  forRoute(family: BgpFamily, attributes: PathAttributes, nextHop: NextHop): (key: PrefixKey) => ImportVerdict;
}

export interface ImportPolicySettings {
  /** Our own; two where the router is told another one than the host's. */
  readonly ownAsNumbers: readonly number[];
  /** How often our own AS may be in AS_PATH. */
  readonly allowOwnAs: number;
  /** Dotted quad. */
  readonly localRouterId: string;
  /** Of the route reflector that this host may be, dotted quad. */
  readonly clusterId: string;
  /** True if the address is one of this host's own. */
  readonly isOwnAddress: (address: string) => boolean;
  /** Ours towards the router (RFC 9234). */
  readonly role?: BgpRole;
  /** AS number of the router, if it is known. */
  readonly remoteAsNumber?: number;
  readonly links: LinkRules;
  readonly chain: PolicyChain;
  /** The router may have packets to single addresses dropped here (RFC 7999). */
  readonly acceptBlackhole: boolean;
  /** Everything becomes the last resort: the session is about to be shut down (RFC 8326 4.2). */
  readonly draining: boolean;
}

/** Prefixes that no router may give us, nor anything more specific (RFC 6890, RFC 5735, RFC 4291). */
const MARTIANS = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/16',
  'fe80::/10',
  'ff00::/8',
].map(parseIpPrefix);

/**
 * What no policy can let in: routes with our own AS in AS_PATH (9.1.2), our own router id or next hop (5.1.3), a
 * reflection loop (RFC 4456 8), a martian prefix, a part of a link that its router or next hop is in (`LinkRules`); then
 * the peer's policies. A prefix of an instance on this host needs no rule: the local route wins the decision while it exists, and the learned one waits.
 *
 * A route with GRACEFUL_SHUTDOWN gets LOCAL_PREF 0 whatever the policies say (RFC 8326 4.3): it is to be used only while
 * there is no other.
 *
 * A route with BLACKHOLE means to have packets dropped, where the router may say so. Of more than a single address, it is
 * refused: what it asks for is too much, and what it does not ask for, forwarding, shall not happen either.
 */
export function importPolicy(settings: ImportPolicySettings): ImportPolicy {
  return {
    forRoute(family, received, nextHop) {
      const { role, remoteAsNumber } = settings;
      const attributes = markedOnImport(received, role, remoteAsNumber);
      const fault = pathFault(settings, received, nextHop) ?? leakOf(received, role, remoteAsNumber);
      if (fault !== undefined) {
        const verdict = { rejection: fault, attributes: received };
        return () => verdict;
      }
      const lastResort =
        settings.draining || attributes.communities?.includes(WELL_KNOWN_COMMUNITIES.GRACEFUL_SHUTDOWN) === true;
      const verdicts = settings.chain.forRoute({ family, attributes, nextHop: nextHop.address });
      const nextHopKey = prefixKeyFromText(nextHop.address);
      // Once installed, the kernel could no longer tell how to reach the next hop of anything.
      const ownNextHop: ImportVerdict = { rejection: 'is its own next hop', attributes };
      const martian: ImportVerdict = { rejection: 'martian prefix', attributes };
      const around = settings.links.faultsAround(nextHop.address);
      const faults = new Map<string, ImportVerdict>();
      const known = new Map<PolicyVerdict, ImportVerdict>();
      // Neighbouring prefixes mostly fare alike.
      let lastDecided: PolicyVerdict | undefined;
      let last: ImportVerdict = martian;
      const dropOnly = settings.acceptBlackhole ? new BlackholeVerdicts() : undefined;
      return (key) => {
        if (key === nextHopKey) return ownNextHop;
        if (isMartian(key)) return martian;
        const linkFault = settings.links.faultOf(key) ?? around.get(key);
        if (linkFault !== undefined) {
          const verdict = faults.get(linkFault) ?? { rejection: linkFault, attributes };
          faults.set(linkFault, verdict);
          return verdict;
        }
        const decided = verdicts(key);
        if (decided === lastDecided) return dropOnly?.verdictOf(last, key) ?? last;
        lastDecided = decided;
        last = known.get(decided) ?? importVerdict(decided, lastResort);
        known.set(decided, last);
        return dropOnly?.verdictOf(last, key) ?? last;
      };
    },
  };
}

function importVerdict({ accepted, attributes, decidedBy }: PolicyVerdict, lastResort: boolean): ImportVerdict {
  if (!accepted) return { rejection: decidedBy, attributes, decidedBy };
  return { attributes: lastResort ? { ...attributes, localPref: 0 } : attributes, decidedBy };
}

function pathFault(settings: ImportPolicySettings, attributes: PathAttributes, nextHop: NextHop): string | undefined {
  const { ownAsNumbers, allowOwnAs, localRouterId, clusterId } = settings;
  for (const asNumber of ownAsNumbers) {
    const times = occurrences(attributes, asNumber);
    if (times <= allowOwnAs) continue;
    const allowed = allowOwnAs === 0 ? '' : ` ${times} times, more than spec.allowOwnAs`;
    return `AS_PATH contains our own AS ${asNumber}${allowed}`;
  }
  if (attributes.originatorId === localRouterId) return 'ORIGINATOR_ID is our own router id';
  if (attributes.clusterList?.includes(clusterId)) return `CLUSTER_LIST contains our own cluster ${clusterId}`;
  if (settings.isOwnAddress(nextHop.address)) return `NEXT_HOP ${nextHop.address} is our own address`;
  return undefined;
}

function occurrences({ asPath }: PathAttributes, asNumber: number): number {
  let count = 0;
  for (const { asNumbers } of asPath) for (const each of asNumbers) if (each === asNumber) count += 1;
  return count;
}

/** Cheap tests on the first octets come first: this runs for every prefix of a table. */
export function isMartian(key: PrefixKey): boolean {
  if (typeof key === 'number') {
    const firstOctet = ipv4KeyAddress(key) >>> 24;
    if (firstOctet !== 0 && firstOctet !== 127 && firstOctet !== 169 && firstOctet < 224) return false;
  } else {
    const firstOctet = key.charCodeAt(1);
    if (firstOctet !== 0 && firstOctet < 0xfe) return false;
  }
  const prefix = parseIpPrefix(prefixKeyToText(key));
  return MARTIANS.some((martian) => prefixContains(martian, prefix));
}
