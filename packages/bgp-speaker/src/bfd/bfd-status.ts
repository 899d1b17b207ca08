import { type BfdState, formatDiagnostic } from './bfd-packet.ts';
import type { BfdSession } from './bfd-session-state.ts';
import { detectionTimeUs, transmitIntervalUs } from './bfd-timing.ts';

/** What is told about a session outside of the worker. */
export interface BfdSessionStatus {
  readonly state: BfdState;
  readonly remoteState: BfdState;
  /** Why it went down last, in the RFC's words: ours, and what the remote system says. */
  readonly localDiagnostic: string;
  readonly remoteDiagnostic: string;
  /** Between our packets, before jitter; absent: none are sent. */
  readonly transmitMs?: number;
  /** Silence that means failure; absent: nothing was received yet. */
  readonly detectionMs?: number;
  readonly remoteControlPlaneIndependent: boolean;
  /** Why nothing can be sent or received, for people; absent: it can. */
  readonly problem?: string;
}

export function bfdSessionStatus(session: BfdSession, problem: string | undefined): BfdSessionStatus {
  const transmitUs = transmitIntervalUs(session);
  return {
    state: session.state,
    remoteState: session.remoteState,
    localDiagnostic: formatDiagnostic(session.localDiagnostic),
    remoteDiagnostic: formatDiagnostic(session.remoteDiagnostic),
    ...(transmitUs === undefined ? {} : { transmitMs: transmitUs / 1000 }),
    ...(session.lastReceivedMs === undefined ? {} : { detectionMs: detectionTimeUs(session) / 1000 }),
    remoteControlPlaneIndependent: session.remoteControlPlaneIndependent,
    ...(problem === undefined ? {} : { problem }),
  };
}

export function sameStatus(left: BfdSessionStatus, right: BfdSessionStatus): boolean {
  return (
    left.state === right.state &&
    left.remoteState === right.remoteState &&
    left.localDiagnostic === right.localDiagnostic &&
    left.remoteDiagnostic === right.remoteDiagnostic &&
    left.transmitMs === right.transmitMs &&
    left.detectionMs === right.detectionMs &&
    left.remoteControlPlaneIndependent === right.remoteControlPlaneIndependent &&
    left.problem === right.problem
  );
}
