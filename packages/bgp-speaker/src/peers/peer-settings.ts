import type { BGPPeer, BgpFamily } from '@slash32/shared';
import type { BgpRole } from '../codec/index.ts';
import type { AsPathRewrite } from '../rib/as-path-rewrite.ts';
import type { ClientKind } from '../rib/path.ts';
import type { NamedPolicy } from '../rib/route-policy.ts';
import { peerTypeOf, type RemoteAs } from './remote-as.ts';

export type PrefixLimits = NonNullable<BGPPeer['spec']['maxPrefixes']>;
export type PrefixLimit = NonNullable<PrefixLimits[BgpFamily]>;

/** Timers of the BFD session beside the BGP session. */
export interface BfdSettings {
  readonly minTxMs: number;
  readonly minRxMs: number;
  readonly multiplier: number;
}

/** What is offered of ADD-PATH (RFC 7911). `send` absent: the best path alone, without an identifier. */
export interface AddPathSettings {
  readonly receive: boolean;
  readonly send?: 'all' | 'multipath' | number;
}

/** Where dynamic neighbours come from. */
export interface PeerRange {
  /** Canonical prefix text. */
  readonly prefix: string;
  /** How many there may be at once. */
  readonly limit: number;
}

/** Whose routes are kept while a session is away (RFC 4724, RFC 8538). */
export interface GracefulRestartSettings {
  /** What we ask the router for: 1–4095. */
  readonly restartTimeSeconds: number;
  /** Offer to keep routes over NOTIFICATIONs and an expired hold time (N bit). */
  readonly notifications: boolean;
  /** How long each side may keep the other's routes after the restart time, as the last resort (RFC 9494); absent: not. */
  readonly longLivedStaleTimeSeconds?: number;
}

/** All that one session is configured with: a BGPPeer, the Host and the FabricConfiguration, put together. */
export interface PeerSettings {
  /** Of the BGPPeer; of a dynamic neighbour `NAME/ADDRESS`, as `bgpPeer` has the BGPPeer's. */
  readonly name: string;
  /** Set for a dynamic neighbour: name of the BGPPeer whose range it called from. */
  readonly bgpPeer?: string;
  /** Of the router; '' of a range, and of an unnumbered peer in a plan, later the link-local address that was found. */
  readonly address: string;
  /** Unnumbered: the router is at the other end of this interface. */
  readonly interface?: string;
  /** Routers that call from here are the peers; set for the range itself and for its dynamic neighbours. */
  readonly range?: PeerRange;
  readonly remoteAs: RemoteAs;
  /** What we are towards this router. */
  readonly localAsNumber: number;
  /** The host's own AS number, where the router is told another one. */
  readonly hostAsNumber?: number;
  /** How often our own AS may be in a received AS_PATH. */
  readonly allowOwnAs: number;
  /** It may have packets to single addresses dropped here (RFC 7999). */
  readonly acceptBlackhole: boolean;
  readonly importPolicies: readonly NamedPolicy[];
  readonly exportPolicies: readonly NamedPolicy[];
  readonly maxPrefixes: PrefixLimits;
  /** Absent: no ADD-PATH. */
  readonly addPaths?: AddPathSettings;
  /** Ours towards the router (RFC 9234). Absent: none. */
  readonly role?: BgpRole;
  /** The router has to give its role. */
  readonly strictRole?: true;
  /** The router is a client of the route reflector or route server that this host is. Absent: neither. */
  readonly client?: ClientKind;
  /** Of what is passed on to it. */
  readonly asPathRewrite: AsPathRewrite;
  /** Of the route reflector that this host may be, dotted quad. */
  readonly clusterId: string;
  /** What people at the router are told of us; absent: nothing. */
  readonly introduction?: { readonly hostname: string; readonly softwareVersion?: string };
  /** Our BGP Identifier, dotted quad. */
  readonly routerId: string;
  /** Source of the session; absent: the kernel's choice. */
  readonly localAddress?: string;
  readonly families: readonly BgpFamily[];
  readonly holdTimeSeconds: number;
  readonly connectRetrySeconds: number;
  /** How long the peer may read nothing; absent: as RFC 9687 3.2 has it. */
  readonly sendHoldSeconds?: number;
  /** Absent: our OPEN is not held back. */
  readonly delayOpenSeconds?: number;
  readonly passive: boolean;
  readonly gracefulRestart: GracefulRestartSettings;
  /** What a router that is back may take until End-of-RIB. */
  readonly stalePathSeconds: number;
  /** More than 1: the router is not on our link. */
  readonly multihopTtl?: number;
  /** GTSM (RFC 5082): nothing from farther away is taken. 1: the router is on our link. */
  readonly ttlSecurityHops?: number;
  readonly passwordFile?: string;
  /** Changes when the password does, and says nothing about it. */
  readonly passwordId?: number;
  /** Absent: no BFD. */
  readonly bfd?: BfdSettings;
  /** Addresses of the Host resource. */
  readonly hostAddress: string;
  readonly hostAddress6?: string;
}

/** Fields that a running session takes over as they are; a change of any other one needs a new session. */
const LIVE_FIELDS: ReadonlySet<keyof PeerSettings> = new Set([
  'connectRetrySeconds',
  'range',
  'passive',
  'hostAddress',
  'bfd',
  'allowOwnAs',
  'acceptBlackhole',
  'importPolicies',
  'exportPolicies',
  'asPathRewrite',
  'maxPrefixes',
  'passwordFile',
  'stalePathSeconds',
  'sendHoldSeconds',
  'delayOpenSeconds',
]);

/** Names of the fields that differ and need a new session. */
export function fieldsNeedingReset(before: PeerSettings, after: PeerSettings): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as ReadonlySet<keyof PeerSettings>;
  return [...names].filter(
    (name) => !LIVE_FIELDS.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
}

/** True if both have the same policies, by content. */
export function samePolicies(left: readonly NamedPolicy[], right: readonly NamedPolicy[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, terms }, index) => {
      const other = right[index];
      // Unchanged resources are the same objects; looking into large prefix lists is for the others.
      return name === other?.name && (terms === other.terms || JSON.stringify(terms) === JSON.stringify(other.terms));
    })
  );
}

/** Key of the BGPPeer that the settings are made from. */
export function resourceOf({ name, bgpPeer }: Pick<PeerSettings, 'name' | 'bgpPeer'>): string {
  return `BGPPeer/${bgpPeer ?? name}`;
}

/** True if these are of a range, not of a session. */
export function isRange({ range, bgpPeer }: PeerSettings): boolean {
  return range !== undefined && bgpPeer === undefined;
}

/** Settings of the session with a router that called from a range. */
export function dynamicSettings(ofRange: PeerSettings, address: string): PeerSettings {
  return { ...ofRange, name: `${ofRange.name}/${address}`, bgpPeer: ofRange.name, address, passive: true };
}

/** True if the router is expected to be a neighbour on a link of ours. */
export function isOnLink(settings: PeerSettings): boolean {
  if (settings.interface !== undefined) return true;
  return peerTypeOf(settings) === 'ebgp' && (settings.multihopTtl ?? settings.ttlSecurityHops ?? 1) === 1;
}
