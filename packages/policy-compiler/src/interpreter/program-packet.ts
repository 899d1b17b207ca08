/** A flow as conntrack has it. `mark` is what rules read and write. */
export interface ProgramFlow {
  /** `related`: the packet is an ICMP error about this flow; its headers are its own, `original` is the flow's. */
  readonly state: 'new' | 'established' | 'related';
  readonly direction: 'original' | 'reply';
  /** The tuple of the flow's first packet, before translation. */
  readonly original: {
    readonly source: string;
    readonly destination: string;
    readonly protocol: number;
    /** Destination port; for ICMP `type * 256 + code`; 0 for protocols without. */
    readonly protocolDestination: number;
  };
  mark: number;
}

/** An IP packet at a hook, as the program sees it. Addresses are canonical text. */
export interface ProgramPacket {
  readonly family: 4 | 6;
  /** Absent in output. */
  readonly iifname?: string;
  /** Absent in prerouting and input. */
  readonly oifname?: string;
  readonly etherSource?: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** Target address of a neighbour solicitation or advertisement. */
  readonly ndTarget?: string;
  /** Carries a source route option, or a routing header. */
  readonly sourceRouted?: boolean;
  /** A flow, or why there is none. Absent before conntrack (prerouting at priority raw). */
  readonly flow?: ProgramFlow | 'invalid' | 'untracked';
}

/** An ARP packet in the `arp` table's input hook. */
export interface ProgramArp {
  readonly iifname: string;
  /** Source of the frame. */
  readonly etherSource: string;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetAddress: string;
}
