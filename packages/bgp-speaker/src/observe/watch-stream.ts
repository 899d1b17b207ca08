import type { BgpSessionState, BgpWatchEvent, BgpWatchedRoute, Clock } from '@slash32/shared';
import {
  type DecodedUpdate,
  MESSAGE_TYPE,
  messageType,
  type NextHop,
  type PathAttributes,
  type PrefixKey,
  prefixKeyToText,
} from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { Path } from '../rib/path.ts';
import { EventStream } from './event-stream.ts';
import { decodeObservedUpdate } from './observed-update.ts';
import type { ObserverHub } from './observer-hub.ts';
import { commonAttributeFields, nextHopText } from './route-fields.ts';
import type { ObservedMessage, ObservedPeer, SpeakerObserver } from './speaker-observer.ts';

export interface WatchSources {
  readonly observers: ObserverHub;
  readonly clock: Clock;
  /** Those whose state the stream begins with; all others are left out of it if `only` is set. */
  readonly peers: Iterable<ObservedPeer>;
  /** Name of the one peer to watch. */
  readonly only?: string;
}

/** Live events for `speaker.watch`: first how each session stands, then what happens, until `signal` aborts. */
export async function* watchStream(sources: WatchSources, signal: AbortSignal): AsyncGenerator<BgpWatchEvent> {
  const stream = new EventStream<BgpWatchEvent>();
  using _listening = sources.observers.add(new WatchObserver(sources, stream));
  for (const { settings, state } of sources.peers) {
    if (sources.only !== undefined && sources.only !== settings.name) continue;
    const at = timeText(sources.clock);
    stream.push({ at, type: 'session', peer: settings.name, address: settings.address, state });
  }
  for await (const event of stream.read(signal)) {
    yield 'at' in event ? event : { at: timeText(sources.clock), ...event };
  }
}

class WatchObserver implements SpeakerObserver {
  readonly #clock: Clock;
  readonly #only: string | undefined;
  readonly #stream: EventStream<BgpWatchEvent>;
  /** Why each peer's last session or attempt ended, until its state says that it did. */
  readonly #reasons = new Map<string, string>();

  constructor({ clock, only }: WatchSources, stream: EventStream<BgpWatchEvent>) {
    this.#clock = clock;
    this.#only = only;
    this.#stream = stream;
  }

  onDown({ settings }: ObservedPeer, reason: DownReason): void {
    this.#reasons.set(settings.name, reason.text);
  }

  onState(peer: ObservedPeer, before: BgpSessionState, state: BgpSessionState): void {
    const { name, address } = peer.settings;
    const reason = this.#reasons.get(name);
    this.#reasons.delete(name);
    if (this.#skips(peer)) return;
    this.#stream.push({
      at: timeText(this.#clock),
      type: 'session',
      peer: name,
      address,
      state,
      before,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  onRouteReceived(peer: ObservedPeer, key: PrefixKey, pathId?: number): void {
    if (this.#skips(peer)) return;
    const path = peer.adjRibIn.entry(key, pathId)?.path;
    this.#stream.push({
      at: timeText(this.#clock),
      type: 'received',
      peer: peer.settings.name,
      prefix: prefixKeyToText(key),
      ...pathIdField(pathId),
      ...(path === undefined ? {} : { route: watchedRoute(path.received, path.nextHop) }),
      ...(path?.rejection === undefined ? {} : { rejected: path.rejection }),
    });
  }

  onMessage(peer: ObservedPeer, { direction, octets, context }: ObservedMessage): void {
    if (direction !== 'sent' || messageType(octets) !== MESSAGE_TYPE.update || this.#skips(peer)) return;
    this.#pushSent(peer.settings.name, decodeObservedUpdate(octets, context, direction));
  }

  onBestChanged(key: PrefixKey, paths: readonly Path[]): void {
    if (this.#only !== undefined && !paths.some(({ source }) => source.name === this.#only)) return;
    this.#stream.push({
      at: timeText(this.#clock),
      type: 'best',
      prefix: prefixKeyToText(key),
      routes: paths.map(({ source, attributes, nextHop }) => ({
        source: source.name,
        ...watchedRoute(attributes, nextHop),
      })),
    });
  }

  #pushSent(peer: string, update: DecodedUpdate): void {
    const at = timeText(this.#clock);
    const sent = (key: PrefixKey, pathId: number | undefined) =>
      ({ at, type: 'sent', peer, prefix: prefixKeyToText(key), ...pathIdField(pathId) }) as const;
    for (const { prefixes, pathIds } of update.withdrawn) {
      for (const [index, key] of prefixes.entries()) this.#stream.push(sent(key, pathIds?.[index]));
    }
    for (const { prefixes, pathIds, nextHop } of update.reachable) {
      const route = watchedRoute(update.attributes, nextHop);
      for (const [index, key] of prefixes.entries()) this.#stream.push({ ...sent(key, pathIds?.[index]), route });
    }
  }

  #skips({ settings }: ObservedPeer): boolean {
    return this.#only !== undefined && this.#only !== settings.name;
  }
}

function watchedRoute(attributes: PathAttributes, nextHop: NextHop): BgpWatchedRoute {
  const text = nextHopText(nextHop);
  return { ...(text === '' ? {} : { nextHop: text }), ...commonAttributeFields(attributes) };
}

function pathIdField(pathId: number | undefined): { readonly pathId?: number } {
  return pathId === undefined ? {} : { pathId };
}

function timeText(clock: Clock): string {
  return new Date(clock.wallMs()).toISOString();
}
