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
