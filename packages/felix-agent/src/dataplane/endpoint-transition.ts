import type { EndpointState, EndpointStatus, Logger } from '@slash32/shared';

/** An endpoint whose state changed in a round. */
export interface EndpointTransition {
  readonly before: EndpointState;
  readonly status: EndpointStatus;
}

/** A start or a mass change is one line with numbers, not thousands of lines; those are there for `debug`. */
const MAX_LINES = 20;

export function logTransitions(logger: Logger, transitions: readonly EndpointTransition[]): void {
  const isBulk = transitions.length > MAX_LINES;
  if (isBulk) logger.info({ changed: transitions.length, now: countByState(transitions) }, 'endpoint states');
  for (const { before, status } of transitions) {
    const { instance, interface: name, state, reason } = status;
    const fields = { instance, interface: name, before, state, ...(reason === undefined ? {} : { reason }) };
    if (isBulk) logger.debug(fields, 'endpoint state');
    else logger.info(fields, 'endpoint state');
  }
}

function countByState(transitions: readonly EndpointTransition[]): Partial<Record<EndpointState, number>> {
  const counts: Partial<Record<EndpointState, number>> = {};
  for (const { status } of transitions) counts[status.state] = (counts[status.state] ?? 0) + 1;
  return counts;
}
