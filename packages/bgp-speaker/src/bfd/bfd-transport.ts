/** UDP as the sessions need it. `UdpBfdTransport` is the real one; tests connect two engines in memory. */

/** Who a session is with (RFC 5881 3, RFC 5883 3). */
export interface BfdEndpoint {
  readonly remoteAddress: string;
  /** Absent: the kernel's choice for each packet. */
  readonly localAddress?: string;
  /** Interface; needed where the remote address is link-local. */
  readonly device?: string;
  /** RFC 5883: the remote system is not on our link, and the received hop limit says nothing. */
  readonly multihop: boolean;
}

/** A packet as it came in. The octets are valid during the call. */
export interface BfdArrival {
  readonly octets: Uint8Array;
  readonly remoteAddress: string;
  readonly localAddress?: string;
  readonly interfaceIndex?: number;
  readonly hopLimit?: number;
  /** It came to the multihop port. */
  readonly multihop: boolean;
}

/** Where one session sends from: a port of its own, kept for its life (RFC 5881 4). */
export interface BfdSender {
  /** 0: any. */
  readonly interfaceIndex: number;
  /** Throws `FabricError`. */
  send(octets: Uint8Array): void;
  close(): void;
}

export interface BfdTransport {
  /** Receives packets of this endpoint's kind from now on, and opens a sender. Throws `FabricError`. */
  open(endpoint: BfdEndpoint): BfdSender;
  /** Hands over what waits in the sockets now. */
  drain(): void;
  close(): void;
}

/** UDP ports (RFC 5881 4, RFC 5883 5). */
export const BFD_PORT = { singleHop: 3784, multihop: 4784 } as const;
/** Sent, and on a single hop required of what is received (RFC 5881 5). */
export const BFD_HOP_LIMIT = 255;
