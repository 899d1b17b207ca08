import type { Kernel } from '@slash32/linux';
import {
  type AgentMethods,
  type AgentStatus,
  Backoff,
  type Clock,
  type ControlHandlers,
  type Datastore,
  followDatastore,
  type HealthReport,
  isReachable,
  type Logger,
  VERSION,
} from '@slash32/shared';
import { agentHandlers } from '../control/agent-handlers.ts';
import { Dataplane } from '../dataplane/dataplane.ts';
import { FabricGraph } from '../graph/fabric-graph.ts';
import { AgentMetrics } from '../metrics/agent-metrics.ts';
import { PacketTraces } from '../trace/packet-traces.ts';
import { TraceLog } from './trace-log.ts';

export interface FelixAgentOptions {
  /** Name of this machine's Host resource. */
  readonly host: string;
  readonly datastore: Datastore;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Evenly distributed in [0, 1); for the jitter of retries. */
  readonly random: () => number;
}

/**
 * The agent of one host, without its sockets: datastore and kernel come from outside and stay the caller's.
 *
 *     Datastore ──events──► FabricGraph ──changes──► Dataplane ──requests──► Kernel
 *                                                       ▲                      │
 *                                                       └────notifications─────┘
 *
 * Disposing stops it and leaves everything in the kernel: instances keep their network while no agent runs.
 */
export class FelixAgent implements AsyncDisposable {
  readonly handlers: ControlHandlers<AgentMethods>;
  readonly metrics: AgentMetrics;
  readonly graph: FabricGraph;
  readonly dataplane: Dataplane;
  readonly #options: FelixAgentOptions;
  readonly #abort = new AbortController();
  readonly #startedMs: number;
  readonly #traces = new TraceLog();
  readonly #packetTraces: PacketTraces;
  readonly #nft = { transactions: 0, bytes: 0, failures: 0 };
  #following: Promise<void> = Promise.resolve();
  #isWatchingKernel = false;
  #isInSync = false;
  #wasInSync = false;

  constructor(options: FelixAgentOptions) {
    const { host, kernel, clock, logger, random, datastore } = options;
    this.#options = options;
    this.#startedMs = clock.monotonicMs();
    this.graph = new FabricGraph(host);
    this.metrics = new AgentMetrics({
      endpointCounts: () => this.dataplane.endpointCounts(),
      isDatastoreInSync: () => this.#knowsDatastore(),
      policyGeneration: () => this.dataplane.compiler.generation,
    });
    this.dataplane = new Dataplane({
      kernel,
      graph: this.graph,
      clock,
      logger,
      random,
      observer: {
        nftCommitted: ({ bytes, durationMs }) => {
          this.#nft.transactions += 1;
          this.#nft.bytes += bytes;
          this.metrics.nftTransactions.inc();
          this.metrics.nftBytes.inc(bytes);
          this.metrics.nftDuration.observe(durationMs / 1_000);
        },
        nftFailed: () => {
          this.#nft.failures += 1;
          this.metrics.nftFailures.inc();
        },
        driftFound: (kind) => this.metrics.driftRepairs.inc({ kind }),
        connectionsForgotten: (count) => this.metrics.connectionsForgotten.inc(count),
        roundDone: (durationMs) => {
          this.metrics.applyDuration.observe(durationMs / 1_000);
          this.#packetTraces.refresh();
        },
        endpointUp: (trace) => {
          this.#traces.add(trace);
          const fromMs = Math.max(trace.manifestSeenAt, trace.interfaceSeenAt);
          this.metrics.tapToRoute.observe((trace.routesInstalledAt - fromMs) / 1_000);
        },
      },
    });
    this.#packetTraces = new PacketTraces({ kernel, host, clock, logger });
    this.handlers = agentHandlers({
      graph: this.graph,
      dataplane: this.dataplane,
      process: () => ({
        version: VERSION,
        pid: process.pid,
        uptimeSeconds: Math.round((clock.monotonicMs() - this.#startedMs) / 1_000),
        datastore: { description: datastore.description, inSync: this.#knowsDatastore() },
      }),
      nft: (): AgentStatus['nft'] => ({ ...this.#nft }),
      traces: () => this.#traces.latest,
      packetTraces: this.#packetTraces,
      listTables: (tables) => kernel.nft.list(tables),
      readCounters: (table, sets) => kernel.nft.counters(table, sets),
    });
  }

  /** Begins to follow kernel and datastore; resolves when both are subscribed to, not when everything is programmed. */
  async start(): Promise<void> {
    const { datastore, clock, logger, random } = this.#options;
    this.#following = followDatastore(
      datastore,
      {
        onBegin: () => this.graph.beginWatch(),
        onEvents: (events) => {
          if (this.graph.apply(events, clock.wallMs())) this.#becameInSync();
          this.#applyIfReady();
        },
        onLost: () => {
          this.#isInSync = false;
        },
      },
      { clock, logger, backoff: new Backoff({ initialMs: 200, maxMs: 10_000, random }) },
      this.#abort.signal,
    );
    await this.#packetTraces.removeLeftover();
    await this.dataplane.watch(this.#abort.signal);
    this.#isWatchingKernel = true;
    this.#applyIfReady();
  }

  health(): HealthReport {
    const { failure } = this.dataplane;
    return {
      alive: true,
      ready: this.#wasInSync && failure === undefined,
      checks: {
        datastore: this.#knowsDatastore()
          ? { ok: true }
          : { ok: false, message: 'not in sync; the last known state is in force' },
        dataplane:
          failure === undefined
            ? { ok: true }
            : { ok: false, message: failure instanceof Error ? failure.message : String(failure) },
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#packetTraces.stop();
    await this.#following;
    await this.dataplane.stop();
  }

  /** True if what the graph holds is what the datastore says now. */
  #knowsDatastore(): boolean {
    return this.#isInSync && isReachable(this.graph.problems);
  }

  #becameInSync(): void {
    this.#isInSync = true;
    if (!this.#wasInSync) {
      const afterMs = Math.round(this.#options.clock.monotonicMs() - this.#startedMs);
      this.#options.logger.info({ datastore: this.#options.datastore.description, afterMs }, 'datastore in sync');
    }
    this.#wasInSync = true;
  }

  /** Nothing is changed in the kernel before the whole datastore is known: what is missing so far may yet come. */
  #applyIfReady(): void {
    if (this.#wasInSync && this.#isWatchingKernel) this.dataplane.graphChanged();
  }
}
