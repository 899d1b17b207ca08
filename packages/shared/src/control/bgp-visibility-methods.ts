import type { BgpSessionState } from './bgp-neighbor-status.ts';

/** What a route is announced with, for people. */
export interface BgpWatchedRoute {
  /** Absent for routes of this host's own instances. */
  readonly nextHop?: string;
  readonly asPath: string;
  readonly origin: string;
  readonly localPref?: number;
  readonly med?: number;
  readonly communities: readonly string[];
}

/** Something that happened in the speaker. `at`: ISO 8601, with milliseconds. */
export type BgpWatchEvent = { readonly at: string } & (
  | {
      readonly type: 'session';
      readonly peer: string;
      readonly address: string;
      readonly state: BgpSessionState;
      /** Absent: how the session stood when the watch began. */
      readonly before?: BgpSessionState;
      /** Why it went down. */
      readonly reason?: string;
    }
  | {
      /** Adj-RIB-In has another route; absent: it was withdrawn, or went with its session. */
      readonly type: 'received';
      readonly peer: string;
      readonly prefix: string;
      /** With ADD-PATH (RFC 7911). */
      readonly pathId?: number;
      readonly route?: BgpWatchedRoute;
      /** Why the import policy refused it. */
      readonly rejected?: string;
    }
  | {
      /** An UPDATE went to the peer; route absent: a withdrawal. */
      readonly type: 'sent';
      readonly peer: string;
      readonly prefix: string;
      /** With ADD-PATH (RFC 7911). */
      readonly pathId?: number;
      readonly route?: BgpWatchedRoute;
    }
  | {
      /** Loc-RIB chose anew: the best route first, then those that share the load; none: unreachable. */
      readonly type: 'best';
      readonly prefix: string;
      readonly routes: readonly (BgpWatchedRoute & { readonly source: string })[];
    }
  /** The reader was too slow: so many events were left out here. */
  | { readonly type: 'lost'; readonly events: number }
);

export interface BgpMessageField {
  /** `AS_PATH`, `Withdrawn ipv4-unicast`, `Capability`. */
  readonly name: string;
  readonly values: readonly string[];
}

/** One message of a session; TCP-MD5 keys are no part of messages. */
export interface BgpCapturedMessage {
  readonly type: 'message';
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  readonly peer: string;
  readonly direction: 'sent' | 'received';
  /** `UPDATE`. */
  readonly message: string;
  readonly fields: readonly BgpMessageField[];
  /** The whole message, base64. */
  readonly octets: string;
  readonly connection: {
    readonly localAddress: string;
    readonly remoteAddress: string;
    /** Absent: unknown. */
    readonly localPort?: number;
    readonly remotePort?: number;
    readonly initiator: 'local' | 'remote';
  };
}

export type BgpCaptureEvent =
  /** First of all: from here on nothing is missed. */
  | { readonly type: 'started'; readonly peer: string; readonly address: string; readonly state: BgpSessionState }
  | BgpCapturedMessage
  | { readonly type: 'lost'; readonly events: number };

export interface BgpVisibilityMethods {
  /** `peer`: name of a BGPPeer or address of the router; only what concerns it. Error `bgp.unknown-peer`. */
  'speaker.watch': { params: { peer?: string }; event: BgpWatchEvent };
  /** Error `bgp.unknown-peer`. */
  'speaker.capture': { params: { peer: string }; event: BgpCaptureEvent };
  /**
   * All routes of all Adj-RIBs-In and of this host as TABLE_DUMP_V2 (RFC 6396 4.3), in pieces of whole records, base64.
   * Each prefix is as it is when its record is made; the table is not held still.
   */
  'speaker.table-dump': {
    params: Record<string, never>;
    event: { readonly octets: string; readonly prefixes: number };
  };
}
