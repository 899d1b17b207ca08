/** The prober: one long-lived process in a node, told over standard input what to listen on, send and count. */
import { createInterface } from 'node:readline';
import { Listeners } from './listeners.ts';
import { LongFlow } from './long-flow.ts';
import type { ProbeAnswer, ProbeMethod, ProbeMethods, ProbeRequest } from './probe-protocol.ts';
import { probe } from './single-probe.ts';

const listeners = new Listeners();
const flows = new Map<number, LongFlow>();

function flowOf(id: number): LongFlow {
  const flow = flows.get(id);
  if (flow === undefined) throw new Error(`there is no flow ${id}`);
  return flow;
}

const handlers: {
  readonly [Method in ProbeMethod]: (
    params: ProbeMethods[Method]['params'],
  ) => Promise<ProbeMethods[Method]['result']> | ProbeMethods[Method]['result'];
} = {
  listen: async ({ tcp, udp, addresses }) => {
    await listeners.open(tcp, udp, addresses ?? ['0.0.0.0', '::']);
    return {};
  },
  probe: ({ target, timeoutMs }) => probe(target, timeoutMs),
  'start-flow': ({ target, intervalMs, burst }) => {
    const flow = flows.size + 1;
    flows.set(flow, new LongFlow(target, intervalMs, burst ?? 1));
    return { flow };
  },
  'flow-statistics': ({ flow }) => flowOf(flow).statistics,
  'stop-flow': ({ flow }) => flowOf(flow).stop(),
  received: () => listeners.counts,
};

async function answer({ id, method, params }: ProbeRequest): Promise<ProbeAnswer> {
  try {
    const handler = handlers[method] as (params: unknown) => unknown;
    return { id, result: await handler(params) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line) as ProbeRequest).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
}
process.exit(0);
