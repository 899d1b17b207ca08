/**
 * What felix-agent answers on its control socket: method → params and result. The types are the schema; both sides are of one
 * release. All values are plain JSON. Transport: control-server.ts, control-client.ts.
 */
import type { NftElementCounter } from '../nft/nft-model.ts';
import type { DaemonStatus } from './daemon-status.ts';

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
