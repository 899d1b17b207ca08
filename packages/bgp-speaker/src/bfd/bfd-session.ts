/**
 * BFD in asynchronous mode (RFC 5880 6.8) as a pure function: `bfdTransition(session, input)` → the next session and the
 * packets to send now. Timers are for the caller: bfd-timing.ts says how long they run.
 *
 * Choices where the RFC leaves one:
 * - Our role is always Active, and echo and demand mode are never asked for; the remote system's demand mode is honoured.
 * - The C bit is clear: the session shares fate with the speaker's process (RFC 5882 4.3.2).
 * - Timers that change while the session is not Up need no Poll Sequence: the one at Up covers them.
 * - Silence for a Detection Time makes all that was known of the remote system unknown, not just its discriminator: what
 *   comes next may be a restarted system that wants other rates.
 */
import { BFD_DIAGNOSTIC, type BfdPacket, type BfdState } from './bfd-packet.ts';
import {
  type BfdInput,
  type BfdOutcome,
  type BfdSession,
  type BfdTimers,
  SLOW_INTERVAL_US,
  UNKNOWN_REMOTE,
} from './bfd-session-state.ts';
import { detectionDeadlineMs } from './bfd-timing.ts';

export function bfdTransition(session: BfdSession, input: BfdInput): BfdOutcome {
  switch (input.type) {
    case 'packet':
      return receive(session, input.packet, input.nowMs);
    case 'transmit':
      return { session, packets: [controlPacket(session)] };
    case 'check-detection':
      return announced(session, checkDetection(session, input.nowMs));
    case 'configure':
      return announced(session, configure(session, input.timers));
    case 'disable':
      return announced(session, enter(session, 'AdminDown', BFD_DIAGNOSTIC.administrativelyDown));
    case 'enable':
      if (session.state !== 'AdminDown') return { session, packets: [] };
      return announced(session, enter(session, 'Down', BFD_DIAGNOSTIC.none));
  }
}

/** RFC 5880 6.8.6, from where the session is known. */
function receive(before: BfdSession, packet: BfdPacket, nowMs: number): BfdOutcome {
  let session: BfdSession = {
    ...before,
    remoteDiscriminator: packet.myDiscriminator,
    remoteState: packet.state,
    remoteDiagnostic: packet.diagnostic,
    remoteDemand: packet.demand,
    remoteControlPlaneIndependent: packet.controlPlaneIndependent,
    remoteDesiredMinTxIntervalUs: packet.desiredMinTxIntervalUs,
    remoteMinRxIntervalUs: packet.requiredMinRxIntervalUs,
    remoteDetectMultiplier: packet.detectMultiplier,
    lastReceivedMs: nowMs,
  };
  if (packet.final && session.poll !== 'none') session = endPoll(session);
  if (session.state === 'AdminDown') return { session, packets: [] };
  const next = nextState(session.state, packet.state);
  if (next !== undefined) {
    session = enter(session, next, next === 'Down' ? BFD_DIAGNOSTIC.neighborSignaledSessionDown : undefined);
  }
  const answer: BfdPacket[] = packet.poll ? [{ ...controlPacket(session), poll: false, final: true }] : [];
  // The answer tells everything but the poll bit, so a change goes out of its own only where there is none, or a Poll.
  const { packets } = announced(before, session);
  const needed = answer.length === 0 || session.poll !== 'none' ? packets : [];
  return { session, packets: [...answer, ...needed] };
}

/** `undefined`: stays as it is. */
function nextState(local: BfdState, remote: BfdState): BfdState | undefined {
  if (remote === 'AdminDown') return local === 'Down' ? undefined : 'Down';
  switch (local) {
    case 'Down':
      if (remote === 'Down') return 'Init';
      return remote === 'Init' ? 'Up' : undefined;
    case 'Init':
      return remote === 'Down' ? undefined : 'Up';
    case 'Up':
      return remote === 'Down' ? 'Down' : undefined;
    case 'AdminDown':
      return undefined;
  }
}

/** `diagnostic` stays what it was if left out: it tells of the latest failure until the next one (RFC 5880 4.1). */
function enter(session: BfdSession, state: BfdState, diagnostic = session.localDiagnostic): BfdSession {
  if (session.state === state) return session;
  const { configured } = session;
  const up = state === 'Up';
  const minTx = up ? configured.desiredMinTxIntervalUs : Math.max(configured.desiredMinTxIntervalUs, SLOW_INTERVAL_US);
  return {
    ...session,
    state,
    localDiagnostic: diagnostic,
    desiredMinTxIntervalUs: minTx,
    effectiveMinTxIntervalUs: minTx,
    requiredMinRxIntervalUs: configured.requiredMinRxIntervalUs,
    effectiveMinRxIntervalUs: configured.requiredMinRxIntervalUs,
    poll: up ? 'running' : 'none',
  };
}

/** RFC 5880 6.8.4. */
function checkDetection(session: BfdSession, nowMs: number): BfdSession {
  const deadlineMs = detectionDeadlineMs(session);
  if (deadlineMs === undefined || nowMs < deadlineMs) return session;
  const forgotten = { ...session, ...UNKNOWN_REMOTE };
  if (session.state !== 'Init' && session.state !== 'Up') return forgotten;
  return enter(forgotten, 'Down', BFD_DIAGNOSTIC.controlDetectionTimeExpired);
}

/** RFC 5880 6.8.3: a slower rate, and a shorter Detection Time, wait until the remote system has said that it knows. */
function configure(session: BfdSession, timers: BfdTimers): BfdSession {
  const { desiredMinTxIntervalUs, requiredMinRxIntervalUs } = timers;
  if (session.state !== 'Up') {
    const minTx = Math.max(desiredMinTxIntervalUs, SLOW_INTERVAL_US);
    return {
      ...session,
      configured: timers,
      desiredMinTxIntervalUs: minTx,
      effectiveMinTxIntervalUs: minTx,
      requiredMinRxIntervalUs,
      effectiveMinRxIntervalUs: requiredMinRxIntervalUs,
    };
  }
  const same =
    desiredMinTxIntervalUs === session.desiredMinTxIntervalUs &&
    requiredMinRxIntervalUs === session.requiredMinRxIntervalUs;
  if (same) return { ...session, configured: timers };
  return {
    ...session,
    configured: timers,
    desiredMinTxIntervalUs,
    requiredMinRxIntervalUs,
    effectiveMinTxIntervalUs: Math.min(desiredMinTxIntervalUs, session.effectiveMinTxIntervalUs),
    effectiveMinRxIntervalUs: Math.max(requiredMinRxIntervalUs, session.effectiveMinRxIntervalUs),
    poll: session.poll === 'none' ? 'running' : 'again',
  };
}

function endPoll(session: BfdSession): BfdSession {
  if (session.poll === 'again') return { ...session, poll: 'running' };
  return {
    ...session,
    poll: 'none',
    effectiveMinTxIntervalUs: session.desiredMinTxIntervalUs,
    effectiveMinRxIntervalUs: session.requiredMinRxIntervalUs,
  };
}

/** A packet goes out at once where it would tell something new (RFC 5880 6.8.7). */
function announced(before: BfdSession, session: BfdSession): BfdOutcome {
  const told =
    before.state === session.state &&
    before.localDiagnostic === session.localDiagnostic &&
    before.desiredMinTxIntervalUs === session.desiredMinTxIntervalUs &&
    before.requiredMinRxIntervalUs === session.requiredMinRxIntervalUs &&
    before.configured.detectMultiplier === session.configured.detectMultiplier &&
    (session.poll === 'none' || before.poll === session.poll);
  return { session, packets: told ? [] : [controlPacket(session)] };
}

/** RFC 5880 6.8.7. */
function controlPacket(session: BfdSession): BfdPacket {
  return {
    diagnostic: session.localDiagnostic,
    state: session.state,
    poll: session.poll !== 'none',
    final: false,
    controlPlaneIndependent: false,
    demand: false,
    detectMultiplier: session.configured.detectMultiplier,
    myDiscriminator: session.localDiscriminator,
    yourDiscriminator: session.remoteDiscriminator,
    desiredMinTxIntervalUs: session.desiredMinTxIntervalUs,
    requiredMinRxIntervalUs: session.requiredMinRxIntervalUs,
    requiredMinEchoRxIntervalUs: 0,
  };
}
