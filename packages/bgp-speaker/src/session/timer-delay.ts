import type { FsmTimer } from '../fsm/fsm-action.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';

/** Large value of the HoldTimer until the hold time is negotiated (RFC 4271 8.2.2). */
const OPEN_HOLD_MS = 240_000;
/** RFC 9687 3.2: the larger of 8 minutes and twice the hold time. */
const MIN_SEND_HOLD_MS = 480_000;

/** What the lengths of a session's timers depend on. */
export interface TimerTerms {
  readonly settings: Pick<PeerSettings, 'connectRetrySeconds' | 'delayOpenSeconds' | 'sendHoldSeconds'>;
  /** Negotiated; 0 before it is, and for a session without a HoldTimer. */
  readonly holdTimeSeconds: number;
  /** Asked for once for each start of the IdleHoldTimer: each is longer than the one before. */
  readonly idleHoldMs: () => number;
}

/** How long a timer runs, and whether it is shortened at random (RFC 4271 10). */
export interface TimerDelay {
  readonly delayMs: number;
  readonly jitter: boolean;
}

export function timerDelay(timer: FsmTimer, terms: TimerTerms): TimerDelay {
  const holdMs = terms.holdTimeSeconds * 1000;
  const { connectRetrySeconds, delayOpenSeconds = 0, sendHoldSeconds } = terms.settings;
  switch (timer) {
    case 'ConnectRetry':
      return { delayMs: connectRetrySeconds * 1000, jitter: true };
    case 'Hold':
      return { delayMs: holdMs > 0 ? holdMs : OPEN_HOLD_MS, jitter: false };
    case 'Keepalive':
      return { delayMs: holdMs / 3, jitter: true };
    case 'IdleHold':
      return { delayMs: terms.idleHoldMs(), jitter: false };
    case 'DelayOpen':
      return { delayMs: delayOpenSeconds * 1000, jitter: true };
    case 'SendHold':
      return {
        delayMs: sendHoldSeconds === undefined ? Math.max(MIN_SEND_HOLD_MS, 2 * holdMs) : sendHoldSeconds * 1000,
        jitter: false,
      };
  }
}
