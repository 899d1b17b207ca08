import { Backoff, type BgpNeighborStatus, type BgpSessionState, type Clock } from '@slash32/shared';
import type { DownReason } from '../fsm/fsm-action.ts';

/** A session that lived this long has proved itself: its end starts the back-off anew. */
const STABLE_SESSION_MS = 10_000;
const MAX_IDLE_HOLD_MS = 30_000;
const FIRST_IDLE_HOLD_MS = 250;

/** What there was of a peer's sessions, as far as something depends on it: status, and how soon to try again. */
export class SessionHistory {
  readonly #clock: Clock;
  readonly #idleHold: Backoff;
  #state: BgpSessionState = 'Idle';
  #stateSinceMs: number;
  #establishedAtMs: number | undefined;
  #lastDown: BgpNeighborStatus['lastDown'];

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#stateSinceMs = clock.monotonicMs();
    this.#idleHold = new Backoff({ initialMs: FIRST_IDLE_HOLD_MS, maxMs: MAX_IDLE_HOLD_MS, random });
  }

  get stateSeconds(): number {
    return (this.#clock.monotonicMs() - this.#stateSinceMs) / 1000;
  }

  /** Why the last session ended, or the last attempt at one. */
  get lastDown(): BgpNeighborStatus['lastDown'] {
    return this.#lastDown;
  }

  get hadSession(): boolean {
    return this.#establishedAtMs !== undefined;
  }

  /** The state may be another one. Returns the former if it is. */
  enter(state: BgpSessionState): BgpSessionState | undefined {
    this.#stateSinceMs = this.#clock.monotonicMs();
    const before = this.#state;
    this.#state = state;
    return before === state ? undefined : before;
  }

  sessionUp(): void {
    this.#establishedAtMs = this.#clock.monotonicMs();
  }

  sessionDown(reason: DownReason): void {
    if (this.#clock.monotonicMs() - (this.#establishedAtMs ?? 0) >= STABLE_SESSION_MS) this.#idleHold.reset();
    this.#record(reason);
  }

  /** A connection that did not become a session. */
  attemptFailed(reason: DownReason): void {
    // That the peer does not answer now says less than why its last session ended.
    if (reason.cause !== 'tcp' || this.#lastDown === undefined) this.#record(reason);
  }

  /** Time to wait in Idle, longer after each failure (RFC 4271 8.1.1, DampPeerOscillations). */
  nextIdleHoldMs(): number {
    return this.#idleHold.nextDelayMs();
  }

  /** Former failures count no more: somebody wants the session now. */
  forgive(): void {
    this.#idleHold.reset();
  }

  #record(reason: DownReason): void {
    this.#lastDown = { at: new Date(this.#clock.wallMs()).toISOString(), reason: reason.text };
  }
}
