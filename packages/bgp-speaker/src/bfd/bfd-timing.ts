import type { BfdSession } from './bfd-session-state.ts';

/**
 * Microseconds between periodic packets, before jitter (RFC 5880 6.8.7): the slower of what we want to send and what
 * the remote system takes. `undefined`: none are to be sent, because the remote system takes none or is in demand mode.
 */
export function transmitIntervalUs(session: BfdSession): number | undefined {
  if (session.remoteMinRxIntervalUs === 0) return undefined;
  const bothUp = session.state === 'Up' && session.remoteState === 'Up';
  if (session.remoteDemand && bothUp && session.poll === 'none') return undefined;
  return Math.max(session.effectiveMinTxIntervalUs, session.remoteMinRxIntervalUs);
}

/**
 * The interval less 0–25 %, and 10–25 % where one lost packet is a failure (RFC 5880 6.8.7), so that systems do not
 * fall into step. `random` is in [0, 1).
 */
export function jitteredIntervalUs(intervalUs: number, detectMultiplier: number, random: number): number {
  const longest = detectMultiplier === 1 ? 0.9 : 1;
  return intervalUs * (0.75 + (longest - 0.75) * random);
}

/** Microseconds of silence that mean failure (RFC 5880 6.8.4): the remote multiplier times the negotiated interval. */
export function detectionTimeUs(session: BfdSession): number {
  return (
    session.remoteDetectMultiplier * Math.max(session.effectiveMinRxIntervalUs, session.remoteDesiredMinTxIntervalUs)
  );
}

/** When the Detection Time of the latest packet ends; `undefined` if none is awaited. */
export function detectionDeadlineMs(session: BfdSession): number | undefined {
  if (session.lastReceivedMs === undefined) return undefined;
  return session.lastReceivedMs + detectionTimeUs(session) / 1000;
}
