import type { SecurityGroupRule } from '@slash32/shared';

/** One end of a flow: an instance (`NAMESPACE/NAME`, with one of its addresses) or a plain address. */
export type TraceEnd = { readonly instance: string; readonly address?: string } | { readonly address: string };

export interface TraceRequest {
  readonly source: TraceEnd;
  readonly destination: TraceEnd;
  /** IANA protocol number. */
  readonly protocol: number;
  /** Destination port, for protocols with ports. */
  readonly port?: number;
  /** For icmp and icmpv6. */
  readonly icmp?: { readonly type: number; readonly code: number };
  /** Needed only if both ends have addresses of both families; then 4 if left out. */
  readonly family?: 4 | 6;
  /** Source MAC address, where it is not the instance's own. */
  readonly sourceMac?: string;
}

/** Why an end passes or drops. */
export type TraceReason =
  /** No instance of ours at this end: nothing to ask. */
  | 'not-an-instance'
  | 'port-security-off'
  /** A rule allows it. */
  | 'rule'
  | 'no-rule'
  | 'no-groups'
  /** A protocol of the fabric's own, to one of its hosts. */
  | 'fabric-protocol'
  /** `reach: site`, and the far end is outside. */
  | 'outside-reach'
  | 'spoofed-source'
  /** An ICMP message that begins no flow: errors, replies, neighbour discovery. */
  | 'begins-no-flow'
  | 'endpoint-closed'
  /** To the instance's own host or a gateway. */
  | 'host-input';

export interface EndVerdict {
  readonly verdict: 'pass' | 'drop';
  readonly reason: TraceReason;
  /** `NAMESPACE/NAME`, where an instance is at this end. */
  readonly instance?: string;
  readonly host?: string;
  /** The rule that passes it: group `NAMESPACE/NAME`, index in `spec.rules` (from 0). */
  readonly rule?: { readonly group: string; readonly index: number; readonly text: string };
  /** For people. */
  readonly explanation: string;
  /** For a drop that a rule could lift: the narrowest rule, and the group to put it in (absent: it has none yet). */
  readonly remedy?: { readonly group?: string; readonly rule: SecurityGroupRule; readonly text: string };
}

export interface TraceResult {
  /** `pass`: both ends pass. */
  readonly verdict: 'pass' | 'drop';
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  /** What the receiver sees as source; absent if the packet drops. */
  readonly seenSourceAddress?: string;
  readonly source: EndVerdict;
  readonly destination: EndVerdict;
}
