import type { Prober } from '../harness/prober.ts';
import type { ProbeResult } from '../probe/probe-protocol.ts';
import { type FlowAttempt, isAllowed, type Passage } from './party.ts';

export interface FlowOutcome {
  readonly attempt: FlowAttempt;
  /** Source that the receiver should see; absent: nothing should arrive. */
  readonly expectedSource?: string;
  readonly result: ProbeResult;
  readonly asExpected: boolean;
}

export interface FlowCheckOptions {
  /** How long a flow that should pass may take to do so: routes and policy may just be on their way. */
  readonly settleMs?: number;
  /** How long one attempt waits for its answer. */
  readonly timeoutMs?: number;
}

/** Attempts under way at once; more only queue up on the machine's processors. */
const PARALLEL = 48;

/**
 * Tries every flow with real packets: those that should pass until they do or `settleMs` is over, then all others once.
 * `probers` by node name.
 */
export async function checkFlows(
  probers: ReadonlyMap<string, Prober>,
  attempts: readonly FlowAttempt[],
  passages: readonly Passage[],
  options: FlowCheckOptions = {},
): Promise<readonly FlowOutcome[]> {
  const { settleMs = 5_000, timeoutMs = 300 } = options;
  const send = async (attempt: FlowAttempt, patienceMs: number): Promise<ProbeResult> => {
    const prober = probers.get(attempt.from.node);
    if (prober === undefined) throw new Error(`node ${attempt.from.node} has no prober`);
    const { transport, port } = attempt;
    return await prober.probe(
      { transport, port, address: attempt.to.address, localAddress: attempt.from.address },
      patienceMs,
    );
  };
  const planned = attempts.map((attempt) => ({
    attempt,
    expectedSource: passages.find((passage) => isAllowed(attempt, passage))?.seenAs,
  }));
  const deadline = performance.now() + settleMs;
  const passing = await inParallel(
    planned.filter(({ expectedSource }) => expectedSource !== undefined),
    async ({ attempt, expectedSource }): Promise<FlowOutcome> => {
      for (;;) {
        const result = await send(attempt, timeoutMs);
        const asExpected = result.reached && result.seenSource === expectedSource;
        if (asExpected || performance.now() > deadline) {
          return { attempt, ...(expectedSource === undefined ? {} : { expectedSource }), result, asExpected };
        }
      }
    },
  );
  const dropping = await inParallel(
    planned.filter(({ expectedSource }) => expectedSource === undefined),
    async ({ attempt }): Promise<FlowOutcome> => {
      const result = await send(attempt, timeoutMs);
      return { attempt, result, asExpected: !result.reached };
    },
  );
  const byAttempt = new Map([...passing, ...dropping].map((outcome) => [outcome.attempt, outcome]));
  return attempts.flatMap((attempt) => byAttempt.get(attempt) ?? []);
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const queue = items.values();
  const results: Result[] = [];
  const worker = async (): Promise<void> => {
    for (const item of queue) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}
