/**
 * What the daemons answer on their control sockets: method → params and result. The types are the schema; both sides
 * are of one release. All values are plain JSON. Transport: control-server.ts, control-client.ts.
 */
import type { DatastoreProblem } from '../datastore/datastore.ts';
import type { NftElementCounter } from '../nft/nft-model.ts';
import type { BgpVisibilityMethods } from './bgp-visibility-methods.ts';

/** Something that keeps a resource from taking effect, found by the daemon (not by the schema). */
export interface ResourceFinding {
  /** Stable code: `instance.unknown-network`, `instance.duplicate-address`, `endpoint.kernel-refused`, … */
  readonly code: string;
  /** Resource key, `Instance/tenant-a/web-1`. */
  readonly resource: string;
  /** Field path, where one is at fault. */
  readonly path?: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface DaemonStatus {
  readonly host: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly datastore: { readonly description: string; readonly inSync: boolean };
  readonly problems: readonly DatastoreProblem[];
  readonly findings: readonly ResourceFinding[];
}

/** Where an endpoint stands, in the order it passes through. */
export type EndpointState =
  /** Claimed by an Instance; its tap is not there yet. */
  | 'waiting-for-interface'
  /** Policy and settings are being programmed. */
  | 'programming'
  /** Policy, then routes are in the kernel. */
  | 'up'
  /** Kept closed because the resources cannot be understood; see findings. */
  | 'closed'
  /** The kernel refused it; retried with back-off. */
  | 'failed';

export interface EndpointStatus {
  /** `NAMESPACE/NAME`. */
  readonly instance: string;
  readonly interface: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly state: EndpointState;
  /** Why it is closed or failed. */
  readonly reason?: string;
  /** Milliseconds from the first moment manifest and tap were both known until routes were in. */
  readonly programmingMs?: number;
}

export interface AgentStatus extends DaemonStatus {
  readonly endpoints: Readonly<Record<EndpointState, number>>;
  readonly policyGeneration: number;
  readonly nft: { readonly transactions: number; readonly bytes: number; readonly failures: number };
  readonly routes: { readonly added: number; readonly removed: number };
  readonly driftRepairs: number;
}

/** Durations in milliseconds of one endpoint's way into the kernel; for benchmarks and latency questions. */
export interface ProgrammingTrace {
  readonly instance: string;
  /** `wallMs` of the events, in order: manifest seen, interface seen, graph done, nft committed, routes in. */
  readonly manifestSeenAt: number;
  readonly interfaceSeenAt: number;
  readonly compiledAt: number;
  readonly policyCommittedAt: number;
  readonly routesInstalledAt: number;
}

export interface PolicyShowResult {
  readonly instance: string;
  readonly state: EndpointState;
  /** nft text of the chains and set elements that decide for this instance, as they are in the kernel now. */
  readonly chains: readonly { readonly name: string; readonly rules: readonly string[] }[];
  readonly elements: readonly {
    readonly set: string;
    readonly elements: readonly string[];
    /** How many the set has, where `elements` are only the first of them. */
    readonly total?: number;
  }[];
}

/** What one rule of a group let pass, on one host. */
export interface RuleCounter {
  /** In `spec.rules`, from 0. */
  readonly index: number;
  /** One line: `ingress IPv4 tcp 443 from anybody`. */
  readonly text: string;
  readonly description?: string;
  /**
   * Packets that this rule let pass when a flow was judged: the first of each flow, and one more each time that flows are
   * judged again after a change; every packet of stateless groups. Absent: it has no counter (now).
   */
  readonly counted?: NftElementCounter;
  /** Index of the rule that counts for this one, too, because it allows all that this one does. */
  readonly countedAt?: number;
}

export interface GroupCounters {
  /** `NAMESPACE/NAME`. */
  readonly group: string;
  /** `unused`: no endpoint of this host has the group. `off`: it is not counted. */
  readonly state: 'counted' | 'off' | 'unused';
  readonly rules: readonly RuleCounter[];
}

/** What of an instance's packets is wanted; what is left out may be anything. */
export interface PacketTraceFilter {
  /** Address of the sender, and of the receiver, of one family. */
  readonly source?: string;
  readonly destination?: string;
  /** IP protocol number, 0–255. */
  readonly protocol?: number;
  /** Destination port; only with a `protocol` that has ports. */
  readonly port?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
}

/** A rule that a packet met and that decided something about it. */
export interface TracedRule {
  /** `inet slash32`, or somebody else's table. */
  readonly table: string;
  readonly chain: string;
  /** Our rules by what they say of themselves, others as nft writes them; absent: the chain's policy. */
  readonly rule?: string;
}

/** A packet, and what the kernel did with it on this host. */
export interface TracedPacket {
  readonly type: 'packet';
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** Interfaces; absent: from, or to, the host itself. `out` is also absent if the packet was not routed. */
  readonly in?: string;
  readonly out?: string;
  readonly source: string;
  readonly destination: string;
  /** IP protocol number; of IPv6 the first next header. */
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Octets, IP header included; of IPv6, without the fixed header. */
  readonly length?: number;
  /** `lost`: it passed all that it met, but left the kernel's path before the last hook: not routed, or not for us. */
  readonly verdict: 'pass' | 'drop' | 'lost';
  /** The rule that ended it; absent if it is lost. */
  readonly decided?: TracedRule;
  /** Rules of groups that it met, in order: the source's end, then the destination's, as far as they are here. */
  readonly policy: readonly TracedRule[];
}

export type PacketTraceEvent =
  /** Packets are seen from now on; `perSecond` of them at most in either direction. */
  | { readonly type: 'started'; readonly host: string; readonly perSecond: number }
  | TracedPacket
  /** So many could not be handed over, because whoever watches is slow. */
  | { readonly type: 'skipped'; readonly packets: number };

export interface AgentMethods {
  'agent.status': { params: Record<string, never>; result: AgentStatus };
  'agent.endpoints': { params: Record<string, never>; result: readonly EndpointStatus[] };
  /** Latest 1,000 endpoints that came up. */
  'agent.traces': { params: Record<string, never>; result: readonly ProgrammingTrace[] };
  /** `instance`: `NAMESPACE/NAME`. Error `endpoint.unknown`. */
  'agent.policy': { params: { instance: string }; result: PolicyShowResult };
  /** What the rules of these groups (`NAMESPACE/NAME`) counted on this host. Error `nft.unavailable`. */
  'agent.counters': {
    params: { groups: readonly string[] };
    result: { readonly host: string; readonly groups: readonly GroupCounters[] };
  };
  /**
   * Packets from and to an instance of this host as they come, until the client cancels. `instance`: `NAMESPACE/NAME`.
   * Errors `endpoint.unknown` (also when the instance goes), `trace.bad-filter`, `nft.unavailable`.
   */
  'agent.trace': { params: { instance: string; filter?: PacketTraceFilter }; event: PacketTraceEvent };
}

export type BgpSessionState = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';
export type BgpFamily = 'ipv4-unicast' | 'ipv6-unicast';

/** States of RFC 5880 4.1. */
export type BfdSessionState = 'AdminDown' | 'Down' | 'Init' | 'Up';

/** The BFD session beside a BGP session. */
export interface BgpNeighborBfd {
  readonly state: BfdSessionState;
  /** What the router says of its own end. */
  readonly remoteState: BfdSessionState;
  /** Silence that counts as failure, negotiated; absent: nothing was heard. */
  readonly detectionMs?: number;
  /** Between our packets, before jitter, negotiated. */
  readonly transmitMs?: number;
  readonly multihop: boolean;
  /** When and why it was last lost after it had been Up, in the words of RFC 5880 4.1. */
  readonly lastDown?: { readonly at: string; readonly reason: string };
  readonly packets: {
    readonly sent: number;
    readonly received: number;
    /** Malformed, or of no session. */
    readonly discarded: number;
    /** Came from further away than one hop (RFC 5881 5). */
    readonly hopLimitDiscarded: number;
  };
  /** Why packets cannot be sent or received. */
  readonly problem?: string;
}

/** A range that routers may call from. */
export interface BgpRangeStatus {
  readonly neighbors: number;
  /** Most at once. */
  readonly limit: number;
  /** Connections that were refused because there were that many, or since the range is shut down. */
  readonly refused: number;
  readonly lastRefused?: { readonly at: string; readonly address: string; readonly reason: string };
}

export interface BgpNeighborStatus {
  /** Name of the BGPPeer resource. */
  readonly peer: string;
  readonly address: string;
  /** Set for a dynamic neighbour, whose `peer` is `NAME/ADDRESS`: the BGPPeer, and its range that the router called from. */
  readonly dynamic?: { readonly peer: string; readonly range: string };
  /** Set for a range itself, which has no session: it is Active while routers may call from there. */
  readonly range?: BgpRangeStatus;
  /** By the router's OPEN, or the only one that it may have; absent: not known yet. */
  readonly remoteAsNumber?: number;
  /** What it may be, where the BGPPeer leaves a choice: `external (any but our own 64601)`. */
  readonly remoteAs?: string;
  readonly localAsNumber: number;
  readonly state: BgpSessionState;
  /** Seconds in this state. */
  readonly stateSeconds: number;
  readonly remoteRouterId?: string;
  /** What the router calls itself (capability 73); text of the peer's, without control characters. */
  readonly remoteHostname?: string;
  /** What runs there (capability 75), likewise. */
  readonly remoteSoftware?: string;
  readonly lastDown?: { readonly at: string; readonly reason: string };
  /** What may be wrong, where there is no session; for people. */
  readonly hint?: string;
  readonly holdTimeSeconds?: number;
  readonly keepaliveSeconds?: number;
  /** Names of capabilities, ours and theirs. */
  readonly localCapabilities: readonly string[];
  readonly remoteCapabilities: readonly string[];
  readonly messages: {
    readonly sent: Readonly<Record<string, number>>;
    readonly received: Readonly<Record<string, number>>;
  };
  readonly prefixes: Readonly<
    Partial<
      Record<
        BgpFamily,
        {
          readonly received: number;
          readonly accepted: number;
          readonly best: number;
          readonly advertised: number;
          /** Of `received`, where there is one. */
          readonly limit?: number;
          /** Several paths per prefix are negotiated (RFC 7911): `received`, `accepted` and `advertised` count paths. */
          readonly addPath?: 'receive' | 'send' | 'both';
        }
      >
    >
  >;
  /** Of RFC 9234: ours towards the router, and what the router said is its own. Absent: the BGPPeer has none. */
  readonly role?: { readonly local: string; readonly remote?: string };
  readonly gracefulRestart?: {
    /** It is away and its routes are kept. */
    readonly peerRestarting: boolean;
    readonly staleRoutes: number;
    /** Families kept beyond its restart time, as the last resort (RFC 9494), with the seconds that are left. */
    readonly longLived?: Readonly<Partial<Record<BgpFamily, number>>>;
  };
  /** Names of RoutePolicies, in order. */
  readonly policies?: { readonly import: readonly string[]; readonly export: readonly string[] };
  /** Why no session is set up. */
  readonly held?: {
    readonly cause: 'shutdown' | 'max-prefixes';
    readonly reason: string;
    /** Absent: when somebody enables it. */
    readonly resumesInSeconds?: number;
  };
  /** The session is about to be shut down; its routes are the last resort. */
  readonly draining?: true;
  /** Absent: the BGPPeer has no `bfd`. */
  readonly bfd?: BgpNeighborBfd;
}

/** Routes at one stage of their way (RFC 4271 3.2). */
export type BgpRoutesView =
  /** Adj-RIBs-In, as they came, refused ones included. */
  | 'received'
  /** Adj-RIBs-In, as the import policies left them. */
  | 'accepted'
  /** Loc-RIB: the best of each prefix. */
  | 'best'
  /** Adj-RIB-Out: what a peer has been told. */
  | 'advertised'
  /** What a peer might have been told and has not, with the reasons. */
  | 'withheld';

/** What came of an operator's word about a session. */
export interface BgpPeerAction {
  readonly peer: string;
  /** What was done, for people: `asked for ipv4-unicast again`. */
  readonly done: readonly string[];
}

export interface BgpRouteStatus {
  readonly prefix: string;
  /** Peer name, or `local`. */
  readonly source: string;
  /** With ADD-PATH: the Path Identifier that the peer gave it, of `advertised` routes that we gave it. */
  readonly pathId?: number;
  readonly nextHop: string;
  /** Packets are dropped instead (RFC 7999). */
  readonly blackhole?: true;
  readonly asPath: string;
  readonly origin: string;
  readonly localPref?: number;
  readonly med?: number;
  readonly communities: readonly string[];
  /** ONLY_TO_CUSTOMER (RFC 9234): the AS that said so. */
  readonly onlyToCustomer?: number;
  readonly best: boolean;
  /** In the kernel, possibly as one of several next hops. */
  readonly installed: boolean;
  readonly stale: boolean;
  /** Why it is or is not best: the step of RFC 4271 9.1.2.2 that decided. */
  readonly reason: string;
  /** Which policy and term accepted or refused it. */
  readonly policy?: string;
}

export interface SpeakerStatus extends DaemonStatus {
  readonly asNumber?: number;
  readonly routerId?: string;
  readonly sessions: { readonly configured: number; readonly established: number };
  readonly localRoutes: number;
  readonly learnedRoutes: number;
  readonly installedRoutes: number;
}

export interface SpeakerMethods extends BgpVisibilityMethods {
  'speaker.status': { params: Record<string, never>; result: SpeakerStatus };
  'speaker.neighbors': { params: Record<string, never>; result: readonly BgpNeighborStatus[] };
  /** All routes of Loc-RIB and the candidates they were chosen from; `prefix` narrows to one. */
  'speaker.routes': {
    /** `view`: those of one stage; of `advertised`, `peer` says whose. Elsewhere `peer` narrows to what came from it. */
    params: { prefix?: string; view?: BgpRoutesView; peer?: string };
    /** Errors `bgp.unknown-peer`, `prefix.invalid`, and `bgp.peer-missing` if `advertised` or `withheld` comes without one. */
    result: readonly BgpRouteStatus[];
  };
  /** As `speaker.routes` without a prefix, some hundred routes at a time: a whole table is too long for one answer. */
  'speaker.route-table': {
    params: { view?: BgpRoutesView; peer?: string };
    event: readonly BgpRouteStatus[];
  };
  /**
   * Ends the session and sets it up anew; with `soft`, keeps it and judges the routes of that direction again: `in` also
   * asks the peer for all of them, `out` sends all of them. With `hard`, neither side keeps routes over it (RFC 8538); that
   * is so anyway with a peer that keeps none over a NOTIFICATION. Errors `bgp.unknown-peer`, `bgp.not-established`,
   * `bgp.peer-shut-down`.
   */
  'speaker.clear': { params: { peer: string; soft?: 'in' | 'out'; hard?: boolean }; result: BgpPeerAction };
  /**
   * Ends the session until `speaker.enable` or a restart of the speaker; `reason` goes to the peer (RFC 9003). With
   * `drainSeconds`, routes become the last resort on both sides first, for so long (RFC 8326).
   */
  'speaker.shutdown': { params: { peer: string; reason?: string; drainSeconds?: number }; result: BgpPeerAction };
  /** Ends a shutdown, a drain, or the wait after too many prefixes. */
  'speaker.enable': { params: { peer: string }; result: BgpPeerAction };
}
