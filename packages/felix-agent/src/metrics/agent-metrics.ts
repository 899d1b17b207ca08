import { type Counter, type EndpointState, type Gauge, type Histogram, MetricsRegistry } from '@slash32/shared';

/** Sources of values that are read at every scrape. */
export interface AgentGauges {
  endpointCounts(): Readonly<Record<EndpointState, number>>;
  isDatastoreInSync(): boolean;
  policyGeneration(): number;
}

/** All metrics of felix-agent, names without the prefix `slash32_agent_`. */
export class AgentMetrics {
  readonly registry = new MetricsRegistry({ prefix: 'slash32_agent_', processMetrics: true });

  readonly applyDuration: Histogram = this.registry.histogram({
    name: 'apply_duration_seconds',
    help: 'Duration of one round that made the kernel what the resources say.',
  });
  readonly nftDuration: Histogram = this.registry.histogram({
    name: 'nft_transaction_duration_seconds',
    help: 'Duration of one nftables transaction.',
  });
  readonly nftTransactions: Counter = this.registry.counter({
    name: 'nft_transactions_total',
    help: 'nftables transactions that were committed.',
  });
  readonly nftBytes: Counter = this.registry.counter({
    name: 'nft_bytes_total',
    help: 'Octets of nftables text that were sent.',
  });
  readonly nftFailures: Counter = this.registry.counter({
    name: 'nft_failures_total',
    help: 'nftables transactions that failed.',
  });
  readonly driftRepairs: Counter<'kind'> = this.registry.counter({
    name: 'drift_repairs_total',
    help: 'Kernel objects that somebody else had changed and that were repaired.',
    labelNames: ['kind'],
  });
  readonly connectionsForgotten: Counter = this.registry.counter({
    name: 'connections_forgotten_total',
    help: 'Connection tracking entries deleted because their address was removed.',
  });
  readonly tapToRoute: Histogram = this.registry.histogram({
    name: 'endpoint_programming_duration_seconds',
    help: 'Time from the moment both manifest and tap were there until the routes were in the kernel.',
  });
  readonly endpoints: Gauge<'state'>;
  readonly datastoreInSync: Gauge;
  readonly policyGeneration: Gauge;

  constructor(gauges: AgentGauges) {
    this.endpoints = this.registry.gauge({
      name: 'endpoints',
      help: 'Endpoints of this host by state.',
      labelNames: ['state'],
      collect: (gauge) => {
        for (const [state, count] of Object.entries(gauges.endpointCounts())) gauge.set({ state }, count);
      },
    });
    this.datastoreInSync = this.registry.gauge({
      name: 'datastore_in_sync',
      help: '1 if the datastore is being followed and everything in it is known.',
      collect: (gauge) => gauge.set(gauges.isDatastoreInSync() ? 1 : 0),
    });
    this.policyGeneration = this.registry.gauge({
      name: 'policy_generation',
      help: 'Policy generation of the program, 1 to 16777215, then 1 again.',
      collect: (gauge) => gauge.set(gauges.policyGeneration()),
    });
  }
}
