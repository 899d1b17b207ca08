import type { BgpNeighborStatus, Clock, ResourceFinding, Timer } from '@slash32/shared';
import { type PeerSettings, resourceOf } from '../peers/peer-settings.ts';

/** Why a peer has no session and gets none by itself. Outlives a reset of the session by configuration. */
export interface Hold {
  readonly cause: 'shutdown' | 'max-prefixes';
  /** For people; of a shutdown, what the operator said. */
  readonly text: string;
  /** Milliseconds of `Clock.monotonicMs`; absent: until somebody enables it. */
  readonly untilMs?: number;
}

/** Keeps a session from being set up: by an operator's word, or because the peer announced too much. */
export class SessionHold {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #hold: Hold | undefined;
  #timer: Timer | undefined;

  /** `onOver`: the time of a hold has passed. */
  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  get current(): Hold | undefined {
    return this.#hold;
  }

  set(hold: Hold): void {
    this.release();
    this.#hold = hold;
    if (hold.untilMs === undefined) return;
    this.#timer = this.#clock.schedule(Math.max(0, hold.untilMs - this.#clock.monotonicMs()), () => {
      this.#hold = undefined;
      this.#onOver();
    });
  }

  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#hold = undefined;
  }

  status(): BgpNeighborStatus['held'] {
    if (this.#hold === undefined) return undefined;
    const { cause, text, untilMs } = this.#hold;
    return {
      cause,
      reason: text,
      ...(untilMs === undefined ? {} : { resumesInSeconds: Math.max(0, untilMs - this.#clock.monotonicMs()) / 1000 }),
    };
  }

  findings(settings: PeerSettings): readonly ResourceFinding[] {
    if (this.#hold === undefined) return [];
    const { cause, text, untilMs } = this.#hold;
    const { name, address } = settings;
    const resource = resourceOf(settings);
    const remedy = `\`fabricctl bgp enable ${name}\` lets it up`;
    if (cause === 'shutdown') {
      const said = text === '' ? '' : ` ("${text}")`;
      const message = `the session with ${address} was shut down by an operator${said}; ${remedy}`;
      return [{ code: 'bgp-peer.shut-down', resource, severity: 'warning', message }];
    }
    const until = untilMs === undefined ? remedy : `it is tried again later, or now: ${remedy}`;
    const message = `the session with ${address} was ended: ${text}; ${until}`;
    return [{ code: 'bgp-peer.prefix-limit', resource, path: 'spec.maxPrefixes', severity: 'error', message }];
  }
}
