import { type BgpFamily, hasErrorCode } from '@slash32/shared';
import {
  type CodecContext,
  encodeEndOfRib,
  FAMILY_PARAMETERS,
  type PathAttributes,
  type PrefixKey,
  packUpdates,
  packWithdrawals,
  prefixKeyFamily,
  type ReachableNlri,
} from '../codec/index.ts';
import type { Path } from '../rib/path.ts';
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

/** Which routes of a peer are reported: as they came, as the import policy left them, or both. */
export type BmpView = 'pre-policy' | 'post-policy';

interface PeerFeed {
  readonly monitored: MonitoredPeer;
  /** Prefixes whose present route is to be told, by view. */
  readonly changed: ReadonlyMap<BmpView, Set<PrefixKey>>;
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
    const known = [...peer.adjRibIn.keys()];
    this.#peers.set(peer.settings.name, {
      monitored,
      changed: new Map(this.#views.map((view) => [view, new Set(known)])),
      endOfRibDue: new Set(settled ? families : []),
    });
  }

  peerDown(name: string, reason: BmpDownReason, wallMs: number): void {
    const feed = this.#peers.get(name);
    if (feed === undefined) return;
    this.#peers.delete(name);
    this.#enqueue(encodePeerDown(bmpPeerOf(feed.monitored, wallMs), reason));
  }

  routeChanged(name: string, key: PrefixKey): void {
    const feed = this.#peers.get(name);
    if (feed === undefined) return;
    for (const keys of feed.changed.values()) keys.add(key);
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
      for (const [view, keys] of feed.changed) {
        if (keys.size > 0) return [...routeMessages(feed.monitored, view, takeSome(keys), wallMs)];
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

function takeSome(keys: Set<PrefixKey>): readonly PrefixKey[] {
  const some: PrefixKey[] = [];
  for (const key of keys) {
    some.push(key);
    if (some.length === PREFIXES_PER_ROUND) break;
  }
  for (const key of some) keys.delete(key);
  return some;
}

/** The present routes to these prefixes: those that are gone, then those that there are, grouped by path. */
function* routeMessages(
  monitored: MonitoredPeer,
  view: BmpView,
  keys: readonly PrefixKey[],
  wallMs: number,
): Generator<Uint8Array, void, undefined> {
  const postPolicy = view === 'post-policy';
  const gone = new Map<BgpFamily, PrefixKey[]>();
  const present = new Map<Path, Map<BgpFamily, PrefixKey[]>>();
  for (const key of keys) {
    const path = monitored.peer.adjRibIn.entry(key)?.path;
    let group = gone;
    if (path !== undefined && !(postPolicy && path.rejection !== undefined)) {
      group = present.get(path) ?? new Map<BgpFamily, PrefixKey[]>();
      present.set(path, group);
    }
    const family = prefixKeyFamily(key);
    const prefixes = group.get(family);
    if (prefixes === undefined) group.set(family, [key]);
    else prefixes.push(key);
  }
  const peer = bmpPeerOf(monitored, wallMs);
  for (const [family, prefixes] of gone) {
    for (const update of packWithdrawals({ family, prefixes }, monitored.encoding)) {
      yield encodeRouteMonitoring(peer, postPolicy, update);
    }
  }
  for (const [path, group] of present) {
    const attributes = postPolicy ? path.attributes : path.received;
    for (const [family, prefixes] of group) {
      const reachable = { family, prefixes, nextHop: path.nextHop };
      for (const update of packForCollector(reachable, attributes, monitored.encoding)) {
        yield encodeRouteMonitoring(peer, postPolicy, update);
      }
    }
  }
}

/** Collectors may not know of extended messages: they get them only for attributes that fit no other. */
function* packForCollector(
  reachable: ReachableNlri,
  attributes: PathAttributes,
  encoding: CodecContext,
): Generator<Uint8Array, void, undefined> {
  try {
    yield* packUpdates(reachable, attributes, encoding);
  } catch (error) {
    if (!hasErrorCode(error, 'bgp.encode.message-too-long')) throw error;
    yield* packUpdates(reachable, attributes, { ...encoding, extendedMessages: true });
  }
}
