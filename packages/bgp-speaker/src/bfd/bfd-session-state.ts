import type { BfdPacket, BfdState } from './bfd-packet.ts';

/** What is configured of a session. */
export interface BfdTimers {
  readonly desiredMinTxIntervalUs: number;
  readonly requiredMinRxIntervalUs: number;
  readonly detectMultiplier: number;
}

/**
 * The state variables of one session (RFC 5880 6.8.1), without those of demand mode and authentication, which are never
 * used on our side. Immutable; bfd-session.ts makes the next one.
 */
export interface BfdSession {
  readonly configured: BfdTimers;
  readonly state: BfdState;
  readonly remoteState: BfdState;
  readonly localDiscriminator: number;
  /** 0: not known. */
  readonly remoteDiscriminator: number;
  readonly localDiagnostic: number;
  readonly remoteDiagnostic: number;
  /** Sent in packets; 1 s or more unless Up. */
  readonly desiredMinTxIntervalUs: number;
  readonly requiredMinRxIntervalUs: number;
  /** In force for our own rate and for detection: behind the two above until a Poll Sequence ends (RFC 5880 6.8.3). */
  readonly effectiveMinTxIntervalUs: number;
  readonly effectiveMinRxIntervalUs: number;
  readonly remoteDesiredMinTxIntervalUs: number;
  readonly remoteMinRxIntervalUs: number;
  readonly remoteDetectMultiplier: number;
  readonly remoteDemand: boolean;
  readonly remoteControlPlaneIndependent: boolean;
  /** `again`: timers changed while a Poll Sequence ran, so another has to follow it (RFC 5880 6.5). */
  readonly poll: 'none' | 'running' | 'again';
  /** When the latest valid packet came; `undefined` if none within a Detection Time. */
  readonly lastReceivedMs: number | undefined;
}

export type BfdInput =
  /** A packet that is for this session and has passed the checks of the codec. */
  | { readonly type: 'packet'; readonly packet: BfdPacket; readonly nowMs: number }
  /** The time to transmit a periodic packet. */
  | { readonly type: 'transmit' }
  /** May come early: nothing happens then. */
  | { readonly type: 'check-detection'; readonly nowMs: number }
  | { readonly type: 'configure'; readonly timers: BfdTimers }
  | { readonly type: 'disable' }
  | { readonly type: 'enable' };

export interface BfdOutcome {
  readonly session: BfdSession;
  /** To be sent at once, in order. */
  readonly packets: readonly BfdPacket[];
}

/** Rate limit while a session is not Up (RFC 5880 6.8.3). */
export const SLOW_INTERVAL_US = 1_000_000;

/** What is not known, or no longer, of the remote system. */
export const UNKNOWN_REMOTE = {
  remoteState: 'Down',
  remoteDiscriminator: 0,
  remoteDesiredMinTxIntervalUs: 0,
  remoteMinRxIntervalUs: 1,
  remoteDetectMultiplier: 0,
  remoteDemand: false,
  remoteControlPlaneIndependent: false,
  lastReceivedMs: undefined,
} as const satisfies Partial<BfdSession>;

/** A session in Down. `localDiscriminator`: not 0, unique on this system. */
export function newBfdSession(localDiscriminator: number, configured: BfdTimers): BfdSession {
  const slowMinTx = Math.max(configured.desiredMinTxIntervalUs, SLOW_INTERVAL_US);
  return {
    ...UNKNOWN_REMOTE,
    configured,
    state: 'Down',
    localDiscriminator,
    localDiagnostic: 0,
    remoteDiagnostic: 0,
    desiredMinTxIntervalUs: slowMinTx,
    requiredMinRxIntervalUs: configured.requiredMinRxIntervalUs,
    effectiveMinTxIntervalUs: slowMinTx,
    effectiveMinRxIntervalUs: configured.requiredMinRxIntervalUs,
    poll: 'none',
  };
}
