import type { AddressFamily } from '@slash32/shared';

/** An Ethernet frame, as far as the fabric looks into it. */
export interface DecodedFrame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly etherType: number;
  /** `undefined`: neither ARP for IPv4, nor IP. */
  readonly packet: DecodedArp | DecodedIp | undefined;
}

/** RFC 826. */
export interface DecodedArp {
  readonly kind: 'arp';
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetAddress: string;
}

/** Addresses are canonical text. */
export interface DecodedIp {
  readonly kind: 'ip';
  readonly family: AddressFamily;
  readonly source: string;
  readonly destination: string;
  /** What follows the extension headers. */
  readonly protocol: number;
  readonly hopLimit: number;
  /** Absent: whole. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
  /** What steers it past the routes of hosts: an IPv4 option, an IPv6 routing header. */
  readonly sourceRoute?: string;
  /** These are absent where the packet ends before them, or is a later fragment. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly tcp?: { readonly syn: boolean; readonly ack: boolean; readonly rst: boolean };
  readonly icmp?: { readonly type: number; readonly code: number };
  /** Target of a neighbour solicitation or advertisement. */
  readonly ndTarget?: string;
  /** The packet that an ICMP error is about, as far as it is quoted. */
  readonly about?: DecodedIp;
}
