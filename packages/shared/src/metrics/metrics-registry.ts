import { createRequire } from 'node:module';
import type * as PromClient from 'prom-client';

export type Counter<Labels extends string = string> = PromClient.Counter<Labels>;
export type Gauge<Labels extends string = string> = PromClient.Gauge<Labels>;
export type Histogram<Labels extends string = string> = PromClient.Histogram<Labels>;

export interface MetricSpec<Labels extends string> {
  /** Without the prefix; base units: `apply_duration_seconds`, `nft_bytes_total`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Labels[];
}

/** Bounds for latencies of this fabric, in seconds: 0.5 ms to 10 s. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/**
 * A Prometheus registry of its own. Each daemon declares all its metrics in one file, with these factories; names get
 * the daemon's prefix (`slash32_agent_`).
 */
export class MetricsRegistry {
  readonly #client: typeof PromClient;
  readonly #registry: PromClient.Registry;
  readonly #prefix: string;

  /** `processMetrics`: also CPU, memory and event-loop lag of this process. */
  constructor(options: { readonly prefix: string; readonly processMetrics?: boolean }) {
    // Loaded on first use: fabricctl shares this package and serves no metrics.
    this.#client = createRequire(import.meta.url)('prom-client') as typeof PromClient;
    this.#registry = new this.#client.Registry();
    this.#prefix = options.prefix;
    if (options.processMetrics === true) this.#client.collectDefaultMetrics({ register: this.#registry });
  }

  counter<Labels extends string = never>(spec: MetricSpec<Labels>): Counter<Labels> {
    return new this.#client.Counter({ ...this.#configuration(spec) });
  }

  /** `collect` runs at every scrape and sets the value. */
  gauge<Labels extends string = never>(
    spec: MetricSpec<Labels> & { readonly collect?: (gauge: Gauge<Labels>) => void },
  ): Gauge<Labels> {
    const { collect } = spec;
    return new this.#client.Gauge({
      ...this.#configuration(spec),
      ...(collect === undefined
        ? {}
        : {
            collect(this: Gauge<Labels>) {
              collect(this);
            },
          }),
    });
  }

  /** `buckets`: upper bounds in the metric's unit; {@link LATENCY_BUCKETS_SECONDS} if left out. */
  histogram<Labels extends string = never>(
    spec: MetricSpec<Labels> & { readonly buckets?: readonly number[] },
  ): Histogram<Labels> {
    return new this.#client.Histogram({
      ...this.#configuration(spec),
      buckets: [...(spec.buckets ?? LATENCY_BUCKETS_SECONDS)],
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #configuration<Labels extends string>(spec: MetricSpec<Labels>) {
    return {
      name: `${this.#prefix}${spec.name}`,
      help: spec.help,
      labelNames: [...(spec.labelNames ?? [])],
      registers: [this.#registry],
    };
  }
}
