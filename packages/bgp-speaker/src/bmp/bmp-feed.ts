import type { BgpFamily } from '@slash32/shared';
import { BGP_FAMILIES, encodeOpen, FAMILY_PARAMETERS, type PrefixKey, prefixKeyFamily } from '../codec/index.ts';
import {
  BMP_STATISTIC,
  type BmpDownReason,
  encodeInitiation,
  encodeLocRibUp,
  encodePeerDown,
  encodePeerUp,
  encodeStatisticsReport,
  encodeTermination,
} from './bmp-message.ts';
import { locRibOpen } from './loc-rib-open.ts';
import { bmpPeerOf, type MonitoredPeer } from './monitored-peer.ts';
import { type BmpView, type LocRibSource, locRibTable, type ReportedTable, tableOf } from './reported-table.ts';
import { RouteFeed } from './route-feed.ts';

interface PeerFeed {
  readonly monitored: MonitoredPeer;
  readonly routes: ReadonlyMap<BmpView, RouteFeed>;
}

interface LocRibFeed {
  readonly table: ReportedTable;
  readonly routes: RouteFeed;
}

/** What a collector is told. */
export interface BmpFeedOptions {
  readonly views: readonly BmpView[];
  /** Absent: nothing of Loc-RIB. */
  readonly locRib?: LocRibSource;
  readonly sysName: string;
  readonly sysDescr: string;
}

/**
 * What one collector is still to be told. Routes are not queued but marked: a prefix that changes twice before its turn
 * is told once, as it is then (RFC 7854 5), so that no more can wait than there are prefixes. Only sessions' ups and
 * downs are queued, and {@link queuedOctets} lets the caller bound them.
 */
export class BmpFeed {
  readonly #options: BmpFeedOptions;
  readonly #peers = new Map<string, PeerFeed>();
  #locRib: LocRibFeed | undefined;
  #queue: Uint8Array[] = [];
  #queuedOctets = 0;

  constructor(options: BmpFeedOptions) {
    this.#options = options;
    this.#enqueue(encodeInitiation(options));
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
    const feedOf = (view: BmpView) => new RouteFeed(tableOf(monitored, view), settled ? families : []);
    this.#peers.set(peer.settings.name, {
      monitored,
      routes: new Map(this.#options.views.map((view) => [view, feedOf(view)])),
    });
  }

  peerDown(name: string, reason: BmpDownReason, wallMs: number): void {
    const feed = this.#peers.get(name);
    if (feed === undefined) return;
    this.#peers.delete(name);
    this.#enqueue(encodePeerDown(bmpPeerOf(feed.monitored, wallMs), reason));
  }

  /** A route that the peer announced is another one, or gone. */
  routeChanged(name: string, key: PrefixKey, pathId?: number): void {
    const routes = this.#peers.get(name)?.routes;
    routes?.get('pre-policy')?.changed(key, pathId);
    routes?.get('post-policy')?.changed(key, pathId);
  }

  /** The peer has been told of a route. */
  routeSent(name: string, key: PrefixKey, pathId?: number): void {
    this.#peers.get(name)?.routes.get('sent')?.changed(key, pathId);
  }

  /** Another path is the best for a prefix, or none. */
  bestChanged(key: PrefixKey): void {
    this.#locRib?.routes.changed(key, undefined);
  }

  /** The peer has sent all of a family, or (`sent`) has been told all of it. */
  endOfRib(name: string, family: BgpFamily, direction: 'received' | 'sent' = 'received'): void {
    for (const [view, feed] of this.#peers.get(name)?.routes ?? []) {
      if ((view === 'sent') === (direction === 'sent')) feed.endOfRib(family);
    }
  }

  reportStatistics(wallMs: number): void {
    for (const { monitored } of this.#peers.values()) {
      const { peer, families } = monitored;
      const received = [...families].map((family) => ({ family, value: peer.adjRibIn.received(family) }));
      const advertised = [...families].reduce((sum, family) => sum + peer.advertised(family), 0);
      this.#enqueue(
        encodeStatisticsReport(bmpPeerOf(monitored, wallMs), [
          { type: BMP_STATISTIC.adjRibIn, value: received.reduce((sum, { value }) => sum + value, 0) },
          ...received.map((count) => ofFamily(BMP_STATISTIC.adjRibInOfFamily, count)),
          { type: BMP_STATISTIC.adjRibOutPostPolicy, value: advertised },
        ]),
      );
    }
    this.#reportLocRib(wallMs);
  }

  terminate(reason: number, text: string): void {
    this.#peers.clear();
    this.#locRib = undefined;
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
    for (const { routes } of this.#peers.values()) {
      for (const feed of routes.values()) {
        const messages = feed.take(wallMs);
        if (messages.length > 0) return messages;
      }
    }
    return this.#locRib?.routes.take(wallMs) ?? [];
  }

  /** Begins with Loc-RIB once it is known whose it is. To be called when that may be so, and before changes are told. */
  beginLocRib(wallMs: number): void {
    const { locRib } = this.#options;
    const identity = this.#locRib === undefined ? locRib?.identity() : undefined;
    if (locRib === undefined || identity === undefined) return;
    const table = locRibTable(locRib, identity);
    this.#enqueue(encodeLocRibUp(table.peer(wallMs), encodeOpen(locRibOpen(identity))));
    this.#locRib = { table, routes: new RouteFeed(table, BGP_FAMILIES) };
  }

  #reportLocRib(wallMs: number): void {
    const { locRib } = this.#options;
    if (this.#locRib === undefined || locRib === undefined) return;
    const counts = { 'ipv4-unicast': 0, 'ipv6-unicast': 0 };
    for (const key of locRib.locRib.routes().keys()) counts[prefixKeyFamily(key)] += 1;
    this.#enqueue(
      encodeStatisticsReport(this.#locRib.table.peer(wallMs), [
        { type: BMP_STATISTIC.locRib, value: counts['ipv4-unicast'] + counts['ipv6-unicast'] },
        ...BGP_FAMILIES.map((family) => ofFamily(BMP_STATISTIC.locRibOfFamily, { family, value: counts[family] })),
      ]),
    );
  }

  #enqueue(message: Uint8Array): void {
    this.#queue.push(message);
    this.#queuedOctets += message.length;
  }
}

function ofFamily<Type extends number>(
  type: Type,
  { family, value }: { readonly family: BgpFamily; readonly value: number },
) {
  const { afi, safi } = FAMILY_PARAMETERS[family];
  return { type, afi, safi, value };
}
