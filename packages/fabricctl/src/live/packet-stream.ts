import {
  type AgentMethods,
  connectControl,
  type EndpointStatus,
  FabricError,
  type PacketTraceEvent,
  type PacketTraceFilter,
} from '@slash32/shared';
import { askAgents, partitionAnswers } from '../daemon/ask-daemons.ts';

/** The agents that answer, and their endpoints. */
export type Seats = readonly { readonly socket: string; readonly endpoints: readonly EndpointStatus[] }[];

/** Throws the first error if no agent answers at all. */
export async function findSeats(sockets: readonly string[]): Promise<Seats> {
  const answers = await askAgents(sockets, (agent) => agent.call('agent.endpoints', {}));
  const seats = answers.flatMap((answer) =>
    'result' in answer ? [{ socket: answer.socket, endpoints: answer.result }] : [],
  );
  const [error] = partitionAnswers(answers).errors;
  if (seats.length === 0 && error !== undefined) throw error;
  return seats;
}

/** The socket of the agent that has the instance; where two have, as in a migration, that of which it is up. */
export function seatOf(seats: Seats, instance: string): string | undefined {
  const having = seats.flatMap(({ socket, endpoints }) => {
    const endpoint = endpoints.find((each) => each.instance === instance);
    return endpoint === undefined ? [] : [{ socket, isUp: endpoint.state === 'up' }];
  });
  return (having.find(({ isUp }) => isUp) ?? having[0])?.socket;
}

export function noSeat(instance: string): FabricError {
  return new FabricError(
    'endpoint.unknown',
    `no agent that answers has Instance ${instance}; name its host's --agent-socket`,
    { details: { instance } },
  );
}

/** Packets of an instance, until the caller stops or `signal` aborts; ends quietly then. */
export async function* packetStream(
  socket: string,
  instance: string,
  filter: PacketTraceFilter,
  signal: AbortSignal,
): AsyncGenerator<PacketTraceEvent, void, undefined> {
  try {
    await using agent = await connectControl<AgentMethods>(socket, { signal });
    yield* agent.stream('agent.trace', { instance, filter }, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
