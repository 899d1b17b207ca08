/**
 * What bgp-speaker answers on its control socket: method → params and result. The types are the schema; both sides are of one
 * release. All values are plain JSON. Transport: control-server.ts, control-client.ts.
 */
import type { BgpNeighborStatus } from './bgp-neighbor-status.ts';
import type { BgpVisibilityMethods } from './bgp-visibility-methods.ts';
import type { DaemonStatus } from './daemon-status.ts';

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
