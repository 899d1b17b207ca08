import { isDeepStrictEqual } from 'node:util';
import type { Clock, Logger } from '@slash32/shared';
import {
  type DecodedUpdate,
  decodeOpen,
  encodeOpen,
  MESSAGE_TYPE,
  messageType,
  type OpenMessage,
  type PrefixKey,
} from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import { decodeObservedUpdate } from '../observe/observed-update.ts';
import type { ConnectionEnds, ObservedMessage, ObservedPeer, SpeakerObserver } from '../observe/speaker-observer.ts';
import type { NegotiatedSession } from '../session/negotiated-session.ts';
import type { Transport } from '../session/transport.ts';
import { BmpCollector } from './bmp-collector.ts';
import { BmpFeed } from './bmp-feed.ts';
import type { BmpDownReason } from './bmp-message.ts';
import type { MonitoredPeer } from './monitored-peer.ts';
import type { BmpView, LocRibSource } from './reported-table.ts';

export interface BmpMonitorOptions {
  readonly collectors: readonly { readonly host: string; readonly port: number }[];
  readonly views: readonly BmpView[];
  /** Absent: Loc-RIB is not reported. */
  readonly locRib?: LocRibSource;
  readonly sysName: string;
  readonly sysDescr: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly transport: Transport;
}

/** Longest End-of-RIB marker: an UPDATE with an empty MP_UNREACH_NLRI of either length form (RFC 4724 2). */
const MAX_END_OF_RIB_OCTETS = 30;
/** OPENs of a peer that are kept until its session is up: a collision makes two connections. */
const KEPT_OPENS = 2;

/** Tells BMP collectors of a speaker's sessions and of what peers announce (RFC 7854). */
export class BmpMonitor implements SpeakerObserver, Disposable {
  readonly #options: BmpMonitorOptions;
  readonly #collectors: readonly BmpCollector[];
  /** Established sessions by the name of their peer. */
  readonly #up = new Map<string, MonitoredPeer>();
  readonly #receivedOpens = new Map<string, Uint8Array[]>();
  /** The NOTIFICATION that a session is about to end with. */
  readonly #notifications = new Map<string, BmpDownReason>();

  constructor(options: BmpMonitorOptions) {
    this.#options = options;
    const { clock, random, logger, transport } = options;
    this.#collectors = options.collectors.map(
      ({ host, port }) =>
        new BmpCollector({ address: host, port, clock, random, logger, transport, newFeed: () => this.#newFeed() }),
    );
  }

  /** Which collectors are connected, by `ADDR:PORT`. */
  get connected(): ReadonlyMap<string, boolean> {
    return new Map(this.#collectors.map((collector) => [collector.name, collector.feed !== undefined]));
  }

  start(): void {
    for (const collector of this.#collectors) collector.start();
  }

  [Symbol.dispose](): void {
    for (const collector of this.#collectors) collector.close();
  }

  onMessage({ settings: { name } }: ObservedPeer, { direction, octets, context }: ObservedMessage): void {
    switch (messageType(octets)) {
      case MESSAGE_TYPE.open:
        if (direction === 'received') {
          const opens = [...(this.#receivedOpens.get(name) ?? []), octets.slice()];
          this.#receivedOpens.set(name, opens.slice(-KEPT_OPENS));
        }
        return;
      case MESSAGE_TYPE.notification:
        this.#notifications.set(name, {
          type: direction === 'sent' ? 'local-notification' : 'remote-notification',
          octets: octets.slice(),
        });
        return;
      case MESSAGE_TYPE.update: {
        const isWanted = direction === 'sent' ? this.#reportsSent : octets.length <= MAX_END_OF_RIB_OCTETS;
        if (!isWanted || !this.#up.has(name) || !this.#isHeard) return;
        const update = decodeObservedUpdate(octets, context, direction);
        const { endOfRib } = update;
        if (endOfRib !== undefined) this.#tell((feed) => feed.endOfRib(name, endOfRib, direction));
        if (direction === 'sent') this.#onUpdateSent(name, update);
        return;
      }
    }
  }

  onUp(peer: ObservedPeer, session: NegotiatedSession, ends: ConnectionEnds): void {
    const { name } = peer.settings;
    const monitored: MonitoredPeer = {
      peer,
      routerId: session.remote.routerId,
      ends,
      sentOpen: encodeOpen(session.local),
      receivedOpen: this.#receivedOpen(name, session.remote),
      upSinceWallMs: this.#options.clock.wallMs(),
      families: session.context.families,
      encoding: {
        ...session.context,
        peerType: 'ibgp',
        fourOctetAs: true,
        extendedMessages: false,
      },
      addPathReceived: session.context.addPathReceive,
      addPathSent: session.context.addPathSend,
    };
    this.#receivedOpens.delete(name);
    this.#notifications.delete(name);
    this.#up.set(name, monitored);
    this.#tell((feed) => feed.peerUp(monitored, false));
  }

  onDown({ settings: { name } }: ObservedPeer, reason: DownReason, wasUp: boolean): void {
    const notification = this.#notifications.get(name);
    this.#notifications.delete(name);
    if (!wasUp) return;
    this.#up.delete(name);
    const wallMs = this.#options.clock.wallMs();
    this.#tell((feed) => feed.peerDown(name, bmpReason(reason, notification), wallMs));
  }

  onRouteReceived({ settings: { name } }: ObservedPeer, key: PrefixKey, pathId?: number): void {
    if (this.#up.has(name)) this.#tell((feed) => feed.routeChanged(name, key, pathId));
  }

  onBestChanged(key: PrefixKey): void {
    if (this.#options.locRib === undefined) return;
    this.#tell((feed) => {
      feed.beginLocRib(this.#options.clock.wallMs());
      feed.bestChanged(key);
    });
  }

  get #reportsSent(): boolean {
    return this.#options.views.includes('sent');
  }

  /** True if any collector is connected: the others are told everything when they are. */
  get #isHeard(): boolean {
    return this.#collectors.some(({ feed }) => feed !== undefined);
  }

  #onUpdateSent(name: string, { withdrawn, reachable }: DecodedUpdate): void {
    this.#tell((feed) => {
      for (const { prefixes, pathIds } of [...withdrawn, ...reachable]) {
        for (const [index, key] of prefixes.entries()) feed.routeSent(name, key, pathIds?.[index]);
      }
    });
  }

  /** As it came; the decoded one stands in if it came before anybody watched. */
  #receivedOpen(name: string, remote: OpenMessage): Uint8Array {
    const same = this.#receivedOpens.get(name)?.find((octets) => {
      const open = decodeOpen(octets);
      return open.ok && isDeepStrictEqual(open.value, remote);
    });
    return same ?? encodeOpen(remote);
  }

  #newFeed(): BmpFeed {
    const feed = new BmpFeed(this.#options);
    for (const monitored of this.#up.values()) feed.peerUp(monitored, true);
    feed.beginLocRib(this.#options.clock.wallMs());
    return feed;
  }

  #tell(news: (feed: BmpFeed) => void): void {
    for (const collector of this.#collectors) {
      const { feed } = collector;
      if (feed === undefined) continue;
      news(feed);
      collector.wake();
    }
  }
}

/** `tcp` is the peer's doing, whether it closed the connection or vanished. */
function bmpReason({ cause }: DownReason, notification: BmpDownReason | undefined): BmpDownReason {
  switch (cause) {
    case 'tcp':
      return { type: 'remote' };
    case 'notification-received':
      return notification?.type === 'remote-notification' ? notification : { type: 'remote' };
    case 'notification-sent':
    case 'stopped':
      return notification?.type === 'local-notification' ? notification : { type: 'local' };
  }
}
