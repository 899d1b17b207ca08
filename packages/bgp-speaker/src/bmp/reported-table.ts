import { type CodecContext, initialContext, type PrefixKey, prefixKeyAddressFamily } from '../codec/index.ts';
import type { LocRib } from '../rib/loc-rib.ts';
import { type BmpPeer, LOC_RIB_PEER_TYPE, PEER_FLAG } from './bmp-message.ts';
import { bmpPeerOf, type MonitoredPeer } from './monitored-peer.ts';
import type { RouteMark } from './route-marks.ts';
import type { ReportedRoute } from './route-messages.ts';

/**
 * Which routes of a peer are reported: what it sent, as it came or as the import policy left it (RFC 7854), and what it was
 * told, as the export policy left it (RFC 8671).
 */
export type BmpView = 'pre-policy' | 'post-policy' | 'sent';

/** A table that a collector is told of. */
export interface ReportedTable {
  /** Whose it is. */
  peer(wallMs: number): BmpPeer;
  /** Of the Per-Peer Header of its routes. */
  readonly flags: number;
  readonly encoding: CodecContext;
  /** The route as it is now; `undefined`: there is none. */
  route(key: PrefixKey, pathId: number | undefined): ReportedRoute | undefined;
  all(): Iterable<RouteMark>;
}

export function tableOf(monitored: MonitoredPeer, view: BmpView): ReportedTable {
  return view === 'sent' ? sentTable(monitored) : receivedTable(monitored, view === 'post-policy');
}

function receivedTable(monitored: MonitoredPeer, postPolicy: boolean): ReportedTable {
  const { adjRibIn } = monitored.peer;
  return {
    peer: (wallMs) => bmpPeerOf(monitored, wallMs),
    flags: postPolicy ? PEER_FLAG.postPolicy : 0,
    encoding: { ...monitored.encoding, addPathSend: monitored.addPathReceived },
    route(key, pathId) {
      const path = adjRibIn.entry(key, pathId)?.path;
      if (path === undefined || (postPolicy && path.rejection !== undefined)) return undefined;
      return { attributes: postPolicy ? path.attributes : path.received, nextHop: path.nextHop };
    },
    *all() {
      for (const key of adjRibIn.keys()) for (const { path } of adjRibIn.entries(key)) yield [key, path.pathId];
    },
  };
}

function sentTable(monitored: MonitoredPeer): ReportedTable {
  const { sent } = monitored.peer;
  return {
    peer: (wallMs) => bmpPeerOf(monitored, wallMs),
    flags: PEER_FLAG.adjRibOut | PEER_FLAG.postPolicy,
    encoding: { ...monitored.encoding, addPathSend: monitored.addPathSent },
    route: (key, pathId) => sent.route(key, pathId),
    *all() {
      for (const family of monitored.families) for (const { key, pathId } of sent.routes(family)) yield [key, pathId];
    },
  };
}

/** The speaker as far as its Loc-RIB is reported. */
export interface LocRibSource {
  readonly locRib: Pick<LocRib, 'route' | 'routes'>;
  /** `undefined`: not known yet. */
  readonly identity: () => { readonly asNumber: number; readonly routerId: string } | undefined;
}

/**
 * What packets are forwarded by: the best path of each prefix (RFC 9069). Our own routes have no next hop; since a collector
 * may take an unspecified one for an error (RFC 7606), they get the router id, for IPv6 in its mapped form.
 */
export function locRibTable(
  { locRib }: LocRibSource,
  { asNumber, routerId }: { readonly asNumber: number; readonly routerId: string },
): ReportedTable {
  const ownNextHop = { address: routerId };
  const ownNextHop6 = { address: `::ffff:${routerId}` };
  return {
    peer: (wallMs) => ({ type: LOC_RIB_PEER_TYPE, address: '0.0.0.0', asNumber, routerId, wallMs }),
    flags: 0,
    encoding: { ...initialContext('ibgp'), fourOctetAs: true, extendedNextHop: new Set(['ipv4-unicast']) },
    route(key) {
      const [best] = locRib.route(key);
      if (best === undefined) return undefined;
      const { attributes, nextHop, source } = best;
      if (source.type !== 'local') return { attributes, nextHop };
      return { attributes, nextHop: prefixKeyAddressFamily(key) === 4 ? ownNextHop : ownNextHop6 };
    },
    *all() {
      for (const key of locRib.routes().keys()) yield [key, undefined];
    },
  };
}
