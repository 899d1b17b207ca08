import { setImmediate } from 'node:timers/promises';
import { FakeKernel, type FakeKernelOperation, type FakeNetwork } from '@slash32/linux';
import type { EndpointStatus, Resource } from '@slash32/shared';
import { FakeClock, silentLogger } from '@slash32/shared';
import { FelixAgent } from '../src/index.ts';
import { MemoryDatastore } from './memory-datastore.ts';
import { baseResources, HOST_NAME } from './resources.ts';

/** An agent on a kernel, a datastore and a clock in memory. */
export class AgentHarness implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly kernel: FakeKernel;
  readonly datastore: MemoryDatastore;
  #agent: FelixAgent;

  private constructor(kernel: FakeKernel, datastore: MemoryDatastore) {
    this.kernel = kernel;
    this.datastore = datastore;
    this.#agent = this.#makeAgent();
  }

  /** Starts an agent; with `resources` in the datastore and `taps` in the kernel before it does. */
  static async start(
    resources: readonly Resource[] = baseResources(),
    options: { readonly taps?: readonly string[]; readonly prepare?: (network: FakeNetwork) => void } = {},
  ): Promise<AgentHarness> {
    const datastore = new MemoryDatastore();
    datastore.putAll(resources);
    const harness = new AgentHarness(new FakeKernel(), datastore);
    options.prepare?.(harness.kernel.network);
    for (const tap of options.taps ?? []) harness.kernel.network.putInterface(tap);
    await harness.#agent.start();
    await harness.settle();
    return harness;
  }

  get agent(): FelixAgent {
    return this.#agent;
  }

  /** Ends the agent and starts another one on the same kernel and datastore. Returns what the new one sent. */
  async restart(): Promise<readonly FakeKernelOperation[]> {
    await this.#agent[Symbol.asyncDispose]();
    const before = this.kernel.journal.length;
    this.#agent = this.#makeAgent();
    await this.#agent.start();
    await this.settle();
    return this.kernel.journal.slice(before);
  }

  async put(...resources: readonly Resource[]): Promise<void> {
    this.datastore.putAll(resources);
    await this.settle();
  }

  /** Lets everything run that can run without time passing. */
  async settle(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 4; ) {
      await setImmediate();
      quietTurns = this.#agent.dataplane.isIdle ? quietTurns + 1 : 0;
    }
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
    await this.settle();
  }

  endpoint(name: string): EndpointStatus | undefined {
    return this.#agent.dataplane.endpoints.status(`default/${name}`);
  }

  /** Prefixes of our routes in the kernel, with their devices, sorted. */
  routes(): string[] {
    return [...this.kernel.network.routes.values()]
      .map(({ prefix, nextHops, protocol }) => `${prefix} ${nextHops[0]?.device ?? '-'} ${protocol}`)
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent[Symbol.asyncDispose]();
  }

  #makeAgent(): FelixAgent {
    return new FelixAgent({
      host: HOST_NAME,
      datastore: this.datastore,
      kernel: this.kernel,
      clock: this.clock,
      logger: silentLogger,
      random: () => 0.5,
    });
  }
}
