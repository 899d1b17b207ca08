import type { ProbeTransport } from '../probe/probe-protocol.ts';

/** Somebody who sends and receives in a scenario: an address of a node. */
export interface Party {
  readonly name: string;
  /** Node of the topology that has the address. */
  readonly node: string;
  readonly address: string;
}

/** One flow to try. */
export interface FlowAttempt {
  readonly from: Party;
  readonly to: Party;
  readonly transport: ProbeTransport;
  readonly port: number;
}

/** What must pass; all else must not. */
export interface Passage {
  readonly from: Party;
  readonly to: Party;
  /** `any`: every port that is tried, TCP and UDP. */
  readonly ports: 'any' | readonly number[];
  /** Source address that the receiver must see. */
  readonly seenAs: string;
}

export function isAllowed(attempt: FlowAttempt, passage: Passage): boolean {
  if (attempt.from !== passage.from || attempt.to !== passage.to) return false;
  return passage.ports === 'any' || (attempt.transport === 'tcp' && passage.ports.includes(attempt.port));
}
