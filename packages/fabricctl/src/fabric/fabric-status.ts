import {
  type AgentStatus,
  type BgpNeighborStatus,
  type DatastoreProblem,
  type EndpointStatus,
  FabricError,
  type ResourceFinding,
  type SpeakerStatus,
} from '@slash32/shared';
import { systemErrorCode } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { askAgents, askSpeakers, type DaemonAnswer } from '../daemon/ask-daemons.ts';
import { modelOf, resourcesOf } from './fabric-model.ts';
import { findingIdentity } from './finding-identity.ts';
import { type FabricContents, readFabric } from './open-fabric.ts';
import { isNotUp } from './session-state.ts';

/** The fabric as seen from here: what is wanted, who works on it, and what is wrong. */
export interface FabricStatus {
  readonly datastore:
    | { readonly description: string; readonly resources: Readonly<Record<string, number>> }
    | { readonly description: string; readonly error: string };
  readonly agents: readonly DaemonReport<AgentStatus>[];
  readonly speakers: readonly DaemonReport<SpeakerStatus>[];
  /** What cannot be read, as this process and the daemons found it. */
  readonly problems: readonly DatastoreProblem[];
  /** What does not fit together, and what the kernel refused. */
  readonly findings: readonly ResourceFinding[];
  /** Endpoints of the agents that answered which are not up. */
  readonly endpointsNotUp: readonly (EndpointStatus & { readonly host: string })[];
  /** Sessions of the speakers that answered which are not Established. */
  readonly sessionsNotUp: readonly (BgpNeighborStatus & { readonly host: string })[];
  /** Where intent and reality differ, in words. */
  readonly differences: readonly string[];
}

export type DaemonReport<Status> =
  | { readonly socket: string; readonly status: Status }
  | { readonly socket: string; readonly error: string };

/** Asks datastore and daemons at once. Whatever does not answer is in the result as an error. */
export async function readFabricStatus(options: GlobalOptions): Promise<FabricStatus> {
  const [contents, agents, speakers] = await Promise.all([
    tryReadFabric(options),
    askAgents(options.agentSocket, async (agent) => {
      const [status, endpoints] = await Promise.all([
        agent.call('agent.status', {}),
        agent.call('agent.endpoints', {}),
      ]);
      return { status, endpoints };
    }),
    askSpeakers(options.speakerSocket, async (speaker) => {
      const [status, neighbors] = await Promise.all([
        speaker.call('speaker.status', {}),
        speaker.call('speaker.neighbors', {}),
      ]);
      return { status, neighbors };
    }),
  ]);
  const agentStatuses = agents.flatMap((answer) => ('result' in answer ? [answer.result] : []));
  const speakerStatuses = speakers.flatMap((answer) => ('result' in answer ? [answer.result] : []));
  const daemons = [...agentStatuses, ...speakerStatuses].map(({ status }) => status);
  const model = 'entries' in contents ? modelOf(resourcesOf(contents.entries)) : undefined;
  return {
    datastore:
      'entries' in contents
        ? { description: contents.description, resources: countKinds(contents) }
        : { description: options.datastore, error: contents.error },
    agents: agents.map((answer) => report(answer, ({ status }) => status)),
    speakers: speakers.map((answer) => report(answer, ({ status }) => status)),
    problems: unique(
      ['entries' in contents ? contents.problems : [], ...daemons.map(({ problems }) => problems)].flat(),
      ({ code, file, line, column, key, path }) => [code, file, line, column, key, path].join(' '),
    ),
    findings: unique(
      [model?.findings() ?? [], ...daemons.map(({ findings }) => findings)].flat(),
      findingIdentity,
    ).toSorted((a, b) => (a.severity === b.severity ? 0 : a.severity === 'error' ? -1 : 1)),
    endpointsNotUp: agentStatuses.flatMap(({ status, endpoints }) =>
      endpoints.filter(({ state }) => state !== 'up').map((endpoint) => ({ host: status.host, ...endpoint })),
    ),
    sessionsNotUp: speakerStatuses.flatMap(({ status, neighbors }) =>
      neighbors.filter(isNotUp).map((neighbor) => ({ host: status.host, ...neighbor })),
    ),
    differences: [
      ...daemons.flatMap((daemon) => datastoreDifferences(daemon, contents)),
      ...('entries' in contents ? agentStatuses.flatMap((agent) => endpointDifferences(agent, contents)) : []),
    ],
  };
}

async function tryReadFabric(options: GlobalOptions): Promise<FabricContents | { readonly error: string }> {
  try {
    return await readFabric(options);
  } catch (error) {
    if (!(error instanceof FabricError) && systemErrorCode(error) === undefined) throw error;
    return { error: (error as Error).message };
  }
}

function report<Result, Status>(
  answer: DaemonAnswer<Result>,
  status: (result: Result) => Status,
): DaemonReport<Status> {
  return 'result' in answer
    ? { socket: answer.socket, status: status(answer.result) }
    : { socket: answer.socket, error: answer.error.message };
}

function countKinds({ entries }: FabricContents): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { resource } of entries) counts[resource.kind] = (counts[resource.kind] ?? 0) + 1;
  return counts;
}

function datastoreDifferences(
  { host, datastore }: AgentStatus | SpeakerStatus,
  contents: FabricContents | { readonly error: string },
): readonly string[] {
  if (!('entries' in contents) || datastore.description === contents.description) return [];
  return [
    `a daemon on ${host} reads ${datastore.description}, but fabricctl reads ${contents.description}; give it with --datastore`,
  ];
}

/** Instances of the agent's host that it does not know, and the other way round. */
function endpointDifferences(
  { status, endpoints }: { readonly status: AgentStatus; readonly endpoints: readonly EndpointStatus[] },
  { entries }: FabricContents,
): readonly string[] {
  const wanted = new Set(
    entries.flatMap(({ resource }) =>
      resource.kind === 'Instance' && resource.spec.host === status.host
        ? [`${resource.metadata.namespace}/${resource.metadata.name}`]
        : [],
    ),
  );
  const known = new Set(endpoints.map(({ instance }) => instance));
  return [
    ...[...wanted.difference(known)].map((name) => `the agent on ${status.host} does not know Instance ${name}`),
    ...[...known.difference(wanted)].map(
      (name) => `the agent on ${status.host} has an endpoint for ${name}, which the datastore does not place there`,
    ),
  ];
}

function unique<Item>(items: readonly Item[], identity: (item: Item) => string): readonly Item[] {
  return [...new Map(items.map((item) => [identity(item), item])).values()];
}
