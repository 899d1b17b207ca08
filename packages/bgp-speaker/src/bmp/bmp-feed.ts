import type { BgpFamily } from '@slash32/shared';
import { encodeEndOfRib, FAMILY_PARAMETERS, type PrefixKey } from '../codec/index.ts';
import type { AdjRibIn } from '../rib/adj-rib-in.ts';
import {
  BMP_STATISTIC,
  type BmpDownReason,
  encodeInitiation,
  encodePeerDown,
  encodePeerUp,
  encodeRouteMonitoring,
  encodeStatisticsReport,
  encodeTermination,
} from './bmp-message.ts';
import { bmpPeerOf, type MonitoredPeer } from './monitored-peer.ts';
import { type RouteMark, RouteMarks } from './route-marks.ts';
import { type ReportedRoute, routeUpdates } from './route-messages.ts';

/** Which routes of a peer are reported: as they came, as the import policy left them, or both. */
export type BmpView = 'pre-policy' | 'post-policy';

interface PeerFeed {
  readonly monitored: MonitoredPeer;
  /** Routes that are to be told as they are then, by view. */
  readonly changed: ReadonlyMap<BmpView, RouteMarks>;
  /** Families whose routes are all told once nothing is left in `changed`. */
  readonly endOfRibDue: Set<BgpFamily>;
}

/** Prefixes per round; their messages are made at once. */
const PREFIXES_PER_ROUND = 4096;

/**
 * What one collector is still to be told. Routes are not queued but marked: a prefix that changes twice before its turn
 * is told once, as it is then (RFC 7854 5), so that no more can wait than there are prefixes. Only sessions' ups and
 * downs are queued, and {@link queuedOctets} lets the caller bound them.
 */
export class BmpFeed {
  readonly #views: readonly BmpView[];
  readonly #peers = new Map<string, PeerFeed>();
  #queue: Uint8Array[] = [];
  #queuedOctets = 0;

  constructor(views: readonly BmpView[], initiation: { readonly sysName: string; readonly sysDescr: string }) {
    this.#views = views;
    this.#enqueue(encodeInitiation(initiation));
  }

  /** Octets of messages that cannot be left out. */
  get queuedOctets(): number {
    return this.#queuedOctets;
  }

  /** `settled`: the peer has sent all it has, so that End-of-RIB follows what there is now. */
  peerUp(monitored: MonitoredPeer, settled: boolean): void {
    const { peer, ends, sentOpen, receivedOpen, upSinceWallMs, families } = monitored;
    this.#enqueue(
      encodePeerUp(bmpPeerOf(monitored, upSinceWallMs), {
        localAddress: ends.localAddress,
        localPort: ends.localPort ?? 0,
        remotePort: ends.remotePort ?? 0,
        sentOpen,
        receivedOpen,
      }),
    );
    this.#peers.set(peer.settings.name, {
      monitored,
      changed: new Map(this.#views.map((view) => [view, allRoutes(peer.adjRibIn)])),
      endOfRibDue: new Set(settled ? families : []),
    });
  }

  peerDown(name: string, reason: BmpDownReason, wallMs: number): void {
    const feed = this.#peers.get(name);
    if (feed === undefined) return;
    this.#peers.delete(name);
    this.#enqueue(encodePeerDown(bmpPeerOf(feed.monitored, wallMs), reason));
  }

  routeChanged(name: string, key: PrefixKey, pathId?: number): void {
    const feed = this.#peers.get(name);
    if (feed === undefined) return;
    for (const marks of feed.changed.values()) marks.add(key, pathId);
  }

  /** The peer has sent all of a family. */
  endOfRib(name: string, family: BgpFamily): void {
    this.#peers.get(name)?.endOfRibDue.add(family);
  }

  reportStatistics(wallMs: number): void {
    for (const { monitored } of this.#peers.values()) {
      const { peer, families } = monitored;
      const received = [...families].map((family) => ({ family, value: peer.adjRibIn.received(family) }));
      const advertised = [...families].reduce((sum, family) => sum + peer.advertised(family), 0);
      this.#enqueue(
        encodeStatisticsReport(bmpPeerOf(monitored, wallMs), [
          { type: BMP_STATISTIC.adjRibIn, value: received.reduce((sum, { value }) => sum + value, 0) },
          ...received.map(({ family, value }) => {
            const { afi, safi } = FAMILY_PARAMETERS[family];
            return { type: BMP_STATISTIC.adjRibInOfFamily, afi, safi, value } as const;
          }),
          { type: BMP_STATISTIC.adjRibOutPostPolicy, value: advertised },
        ]),
      );
    }
  }

  terminate(reason: number, text: string): void {
    this.#peers.clear();
    this.#enqueue(encodeTermination(reason, text));
  }

  /** Some more messages, in order; none: the collector knows everything. */
  take(wallMs: number): readonly Uint8Array[] {
    if (this.#queue.length > 0) {
      const messages = this.#queue;
      this.#queue = [];
      this.#queuedOctets = 0;
      return messages;
    }
    for (const feed of this.#peers.values()) {
      for (const [view, marks] of feed.changed) {
        if (!marks.isEmpty) return [...routeMessages(feed.monitored, view, marks.take(PREFIXES_PER_ROUND), wallMs)];
      }
      if (feed.endOfRibDue.size > 0) return this.#endOfRibMessages(feed, wallMs);
    }
    return [];
  }

  #endOfRibMessages({ monitored, endOfRibDue }: PeerFeed, wallMs: number): readonly Uint8Array[] {
    const families = [...endOfRibDue];
    endOfRibDue.clear();
    return this.#views.flatMap((view) =>
      families.map((family) =>
        encodeRouteMonitoring(bmpPeerOf(monitored, wallMs), view === 'post-policy', encodeEndOfRib(family)),
      ),
    );
  }

  #enqueue(message: Uint8Array): void {
    this.#queue.push(message);
    this.#queuedOctets += message.length;
  }
}

function allRoutes(adjRibIn: AdjRibIn): RouteMarks {
  const marks = new RouteMarks();
  for (const key of adjRibIn.keys()) for (const { path } of adjRibIn.entries(key)) marks.add(key, path.pathId);
  return marks;
}

/** The present routes of these marks as one view has them. */
function* routeMessages(
  monitored: MonitoredPeer,
  view: BmpView,
  marks: readonly RouteMark[],
  wallMs: number,
): Generator<Uint8Array, void, undefined> {
  const postPolicy = view === 'post-policy';
  const { adjRibIn } = monitored.peer;
  const routeOf = (key: PrefixKey, pathId: number | undefined): ReportedRoute | undefined => {
    const path = adjRibIn.entry(key, pathId)?.path;
    if (path === undefined || (postPolicy && path.rejection !== undefined)) return undefined;
    return { attributes: postPolicy ? path.attributes : path.received, nextHop: path.nextHop };
  };
  const peer = bmpPeerOf(monitored, wallMs);
  for (const update of routeUpdates(marks, routeOf, monitored.encoding)) {
    yield encodeRouteMonitoring(peer, postPolicy, update);
  }
}
