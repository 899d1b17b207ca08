import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { FabricError } from '@slash32/shared';
import type {
  FlowStatistics,
  ProbeAnswer,
  ProbeMethod,
  ProbeMethods,
  ProbeResult,
  ProbeTarget,
  ReceivedCounts,
} from '../probe/probe-protocol.ts';
import type { LabNode } from './lab-node.ts';
import type { LabProcess } from './lab-process.ts';

const PROBER = resolve(import.meta.dirname, '../probe/prober-main.ts');

export interface ProberOptions {
  /** Name of the process, if a node has several. */
  readonly name?: string;
  readonly tcpPorts: readonly number[];
  readonly udpPorts: readonly number[];
  /** Addresses to listen on, for nodes that have several and must answer from the one that was asked. */
  readonly addresses?: readonly string[];
}

/** Sends and receives real packets in a node. */
export class Prober implements AsyncDisposable {
  readonly #process: LabProcess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  private constructor(process: LabProcess) {
    this.#process = process;
    createInterface({ input: process.output }).on('line', (line) => this.#settle(JSON.parse(line) as ProbeAnswer));
    process.input.on('error', () => undefined);
    void process.exited.then(() => {
      const gone = new FabricError('prober.gone', `the prober ended; its log is ${process.logFile}`);
      for (const { reject } of this.#pending.values()) reject(gone);
      this.#pending.clear();
    });
  }

  static async start(node: LabNode, options: ProberOptions): Promise<Prober> {
    const command = [process.execPath, '--disable-warning=ExperimentalWarning', PROBER];
    const prober = new Prober(node.spawn(options.name ?? 'prober', command, { piped: true }));
    await prober.#call('listen', {
      tcp: [...options.tcpPorts],
      udp: [...options.udpPorts],
      ...(options.addresses === undefined ? {} : { addresses: [...options.addresses] }),
    });
    return prober;
  }

  probe(target: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
    return this.#call('probe', { target, timeoutMs });
  }

  async startFlow(target: ProbeTarget, pace: { readonly intervalMs: number; readonly burst?: number }): Promise<Flow> {
    const { flow } = await this.#call('start-flow', { target, ...pace });
    return {
      statistics: () => this.#call('flow-statistics', { flow }),
      stop: () => this.#call('stop-flow', { flow }),
    };
  }

  received(): Promise<ReceivedCounts> {
    return this.#call('received', {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  #call<Method extends ProbeMethod>(
    method: Method,
    params: ProbeMethods[Method]['params'],
  ): Promise<ProbeMethods[Method]['result']> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#process.input.write(`${JSON.stringify({ id, method, params })}\n`);
    return answer.promise as Promise<ProbeMethods[Method]['result']>;
  }

  #settle(reply: ProbeAnswer): void {
    const answer = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('result' in reply) answer?.resolve(reply.result);
    else answer?.reject(new FabricError('prober.failed', reply.error));
  }
}

/** A long-lived flow of a prober. */
export interface Flow {
  statistics(): Promise<FlowStatistics>;
  stop(): Promise<FlowStatistics>;
}
