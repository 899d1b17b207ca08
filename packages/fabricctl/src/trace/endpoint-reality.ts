import type { EndpointStatus } from '@slash32/shared';
import { askAgents, partitionAnswers } from '../daemon/ask-daemons.ts';
import type { FlowTrace } from './trace-flow.ts';

/** An endpoint that is not as the trace, which knows the resources only, assumes. */
export interface EndpointReality {
  readonly instance: string;
  readonly state: EndpointStatus['state'];
  readonly reason?: string;
}

/** All endpoints of the agents that answer; none where no agent does, as on an admin's machine. */
export async function readEndpoints(sockets: readonly string[]): Promise<readonly EndpointStatus[]> {
  const answers = await askAgents(sockets, (agent) => agent.call('agent.endpoints', {}));
  return partitionAnswers(answers).results.flat();
}

/** Ends of the flows that the resources open but the agent has not up. */
export function endpointsNotAsTraced(
  traces: readonly FlowTrace[],
  endpoints: readonly EndpointStatus[],
): readonly EndpointReality[] {
  const assumedUp = new Set(
    traces
      .flatMap(({ result }) => [result.source, result.destination])
      .filter(({ reason }) => reason !== 'endpoint-closed')
      .map(({ instance }) => instance),
  );
  return endpoints
    .filter(({ instance, state }) => state !== 'up' && assumedUp.has(instance))
    .map(({ instance, state, reason }) => ({ instance, state, ...(reason === undefined ? {} : { reason }) }));
}
