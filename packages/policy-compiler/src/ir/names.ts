import type { AddressFamily } from '@slash32/shared';
import { digest } from './digest.ts';

/**
 * Names of nftables objects. nft takes letters, digits, "/", "-", "_" and "." after a letter, so `NAMESPACE/NAME` stands
 * as it is. Sets and chains have separate name spaces, and no name is a prefix word of nft's own.
 */

export type Direction = 'ingress' | 'egress';
/** How an end is judged: by flow (conntrack's original tuple) or by packet (its own headers). */
export type Mode = 'flow' | 'packet';

/** Well under the 128 octets that a chain's name may have in every nft. */
const LONGEST = 110;

function bounded(name: string): string {
  return name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 33)}/${digest(name, 32)}`;
}

/** The chain of all endpoints with these groups, in this order, and this reach. */
export function listChainName(mode: Mode, direction: Direction, list: PolicyListKey): string {
  const prefix = `${mode === 'packet' ? 'stateless-' : ''}${direction}${list.reach === 'site' ? '-in-site' : ''}${
    list.logged ? '-logged' : ''
  }`;
  if (list.unfiltered) return `${prefix}/unfiltered`;
  const [only, ...more] = list.groups;
  if (only === undefined) return `${prefix}/none`;
  // Three labels where one group has two, so that no tenant's names can make them equal.
  return bounded(`${prefix}/${more.length === 0 ? only : `several/groups/${digest(list.groups.join(' '), 32)}`}`);
}

/** What dropped a packet: the rules of an end, the guard of the fabric, or that for ARP. */
export type DropKind = Direction | 'guard' | 'arp';

/** The chain that logs one endpoint's drops. */
export function dropLogChainName(kind: DropKind, instance: string): string {
  return bounded(`log-${kind}/${instance}`);
}

/** What endpoints have in common that share their chains. */
export interface PolicyListKey {
  /** Sorted, without repetition. */
  readonly groups: readonly string[];
  readonly reach: 'internet' | 'site';
  /** Without port security; has no groups. */
  readonly unfiltered: boolean;
  /** What drops is logged: that is not for the chain to do, so it only returns. */
  readonly logged: boolean;
}

/**
 * A set of one group and direction: `part` says which. Sets whose elements count have names of their own, since a set
 * cannot begin to count.
 */
export function groupSetName({ direction, group, family, counted }: GroupSetKey, part: string): string {
  return bounded(`${counted ? 'counted-' : ''}${direction}${family}/${group}/${part}`);
}

export interface GroupSetKey {
  readonly direction: Direction;
  readonly group: string;
  readonly family: AddressFamily;
  readonly counted: boolean;
}

/** A set that all groups share: addresses of a group's members, or an address group. */
export function sharedSetName(
  kind: 'members' | 'member-prefixes' | 'address-group',
  group: string,
  family: AddressFamily,
): string {
  return bounded(`${kind}${family}/${group}`);
}

/** Names of the sets, maps and chains that are always there. */
export const NAMES = {
  /** `ifname`: every programmed endpoint. */
  taps: 'taps',
  /** `ifname`: endpoints without port security. */
  unfiltered: 'unfiltered',
  /** `ifname`: endpoints that are judged by packet: stateless groups, or no port security. */
  stateless: 'stateless',
  /** `ifname`: endpoints whose IPv4 is translated when it leaves the site. */
  masqueraded: 'masqueraded',
  /** `ifname . ether_addr`: who may speak without an address yet. */
  macs: 'macs',
  /** Own addresses of the ARP sender's tap: the host does not answer for them. */
  own: 'own',
  sources: { 4: 'sources4', 6: 'sources6' },
  pairs: { 4: 'pairs4', 6: 'pairs6' },
  gateways: { 4: 'gateways4', 6: 'gateways6' },
  site: { 4: 'site4', 6: 'site6' },
  /** Addresses of all Hosts. */
  hosts: { 4: 'hosts4', 6: 'hosts6' },
  endpoints: {
    flow: { egress: 'egress-of', ingress: 'ingress-of' },
    packet: { egress: 'stateless-egress-of', ingress: 'stateless-ingress-of' },
  },
  forward: 'forward',
  /** Chains that judge a flow at one end, that note that it passes there, and that know whether it did. */
  end: { egress: 'source-end', ingress: 'destination-end' },
  passes: { egress: 'source-passes', ingress: 'destination-passes' },
  sourceJudged: 'source-judged',
  noFlow: 'no-flow',
  toFabricHost: 'to-fabric-host',
  /** What an end may say in an ICMP error about a flow that has yet to be judged there: of its own flows only. */
  errorFrom: { egress: 'error-from-source', ingress: 'error-from-destination' },
  /** From a tap; of these, with a source that is nobody's own; and what may not be sent with a source of one's own. */
  fromInstance: 'from-instance',
  unknownSource: { 4: 'unknown-source4', 6: 'unknown-source6' },
  knownSource: { 4: 'known-source4', 6: 'known-source6' },
  toHost: 'to-host',
  postrouting: 'postrouting',
  /** `ifname : verdict`: who logs what drops, by what dropped it. */
  dropLog: { egress: 'log-egress', ingress: 'log-ingress', guard: 'log-guard', arp: 'log-arp' },
  loggedDrop: 'logged-drop',
} as const;
