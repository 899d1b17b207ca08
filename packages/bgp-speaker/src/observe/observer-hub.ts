import type { BgpSessionState, Logger } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { Path } from '../rib/path.ts';
import type { NegotiatedSession } from '../session/negotiated-session.ts';
import type { ConnectionEnds, ObservedMessage, ObservedPeer, SpeakerObserver } from './speaker-observer.ts';

/**
 * Hands what happens to all observers. Sources ask {@link active} first, so that nothing is put together for nobody.
 * An observer that throws is a bug of the observer's: it is logged and removed, and routing goes on.
 */
export class ObserverHub {
  readonly #logger: Logger;
  readonly #observers = new Set<SpeakerObserver>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** True if anybody listens. */
  get active(): boolean {
    return this.#observers.size > 0;
  }

  /** Disposing of the result removes the observer. */
  add(observer: SpeakerObserver): Disposable {
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  message(peer: ObservedPeer, message: ObservedMessage): void {
    this.#tell((observer) => observer.onMessage?.(peer, message));
  }

  state(peer: ObservedPeer, before: BgpSessionState, after: BgpSessionState): void {
    this.#tell((observer) => observer.onState?.(peer, before, after));
  }

  up(peer: ObservedPeer, session: NegotiatedSession, ends: ConnectionEnds): void {
    this.#tell((observer) => observer.onUp?.(peer, session, ends));
  }

  down(peer: ObservedPeer, reason: DownReason, wasUp: boolean): void {
    this.#tell((observer) => observer.onDown?.(peer, reason, wasUp));
  }

  routeReceived(peer: ObservedPeer, key: PrefixKey, pathId?: number): void {
    this.#tell((observer) => observer.onRouteReceived?.(peer, key, pathId));
  }

  bestChanged(key: PrefixKey, paths: readonly Path[]): void {
    this.#tell((observer) => observer.onBestChanged?.(key, paths));
  }

  #tell(call: (observer: SpeakerObserver) => void): void {
    for (const observer of this.#observers) {
      try {
        call(observer);
      } catch (error) {
        this.#observers.delete(observer);
        this.#logger.error({ err: error }, 'an observer of the speaker failed and is removed');
      }
    }
  }
}
