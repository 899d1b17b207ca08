import {
  type AgentMethods,
  type ControlClient,
  type ControlMethodMap,
  connectControl,
  FabricError,
  type SpeakerMethods,
} from '@slash32/shared';

/** What one daemon answered, or why it did not. */
export type DaemonAnswer<Result> =
  | { readonly socket: string; readonly result: Result }
  | { readonly socket: string; readonly error: FabricError };

/** A daemon that does not answer within this is as good as down; somebody waits for it. */
export const TIMEOUT_MS = 3000;

/** Asks the agent on every socket at once; answers come in the order of `sockets`. */
export function askAgents<Result>(
  sockets: readonly string[],
  question: (agent: ControlClient<AgentMethods>) => Promise<Result>,
): Promise<readonly DaemonAnswer<Result>[]> {
  return askAll<AgentMethods, Result>('felix-agent', '--agent-socket', sockets, question);
}

/** Asks the speaker on every socket at once; answers come in the order of `sockets`. */
export function askSpeakers<Result>(
  sockets: readonly string[],
  question: (speaker: ControlClient<SpeakerMethods>) => Promise<Result>,
): Promise<readonly DaemonAnswer<Result>[]> {
  return askAll<SpeakerMethods, Result>('bgp-speaker', '--speaker-socket', sockets, question);
}

/** As {@link askSpeakers}, but throws the first error if no speaker answers at all. */
export async function askAnySpeaker<Result>(
  sockets: readonly string[],
  question: (speaker: ControlClient<SpeakerMethods>) => Promise<Result>,
): Promise<{ readonly results: readonly Result[]; readonly errors: readonly FabricError[] }> {
  const { results, errors } = partitionAnswers(await askSpeakers(sockets, question));
  if (results.length === 0 && errors[0] !== undefined) throw errors[0];
  return { results, errors };
}

export function partitionAnswers<Result>(answers: readonly DaemonAnswer<Result>[]): {
  readonly results: readonly Result[];
  readonly errors: readonly FabricError[];
} {
  return {
    results: answers.flatMap((answer) => ('result' in answer ? [answer.result] : [])),
    errors: answers.flatMap((answer) => ('error' in answer ? [answer.error] : [])),
  };
}

function askAll<Methods extends ControlMethodMap<Methods>, Result>(
  daemon: string,
  option: string,
  sockets: readonly string[],
  question: (client: ControlClient<Methods>) => Promise<Result>,
): Promise<readonly DaemonAnswer<Result>[]> {
  return Promise.all(
    sockets.map(async (socket): Promise<DaemonAnswer<Result>> => {
      try {
        await using client = await connectControl<Methods>(socket, { timeoutMs: TIMEOUT_MS });
        return { socket, result: await question(client) };
      } catch (error) {
        if (!(error instanceof FabricError)) throw error;
        return { socket, error: explainedError(error, daemon, option) };
      }
    }),
  );
}

/** Says which daemon it is about; the control client knows paths only. */
export function explainedError(error: FabricError, daemon: string, option: string): FabricError {
  if (!error.code.startsWith('control.')) return error;
  const remedy = error.code === 'control.unreachable' ? ` (${option} names another)` : '';
  return new FabricError(error.code, `${daemon}: ${error.message}${remedy}`, {
    details: { ...error.details, daemon },
    cause: error,
  });
}
