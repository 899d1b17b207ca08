import { join } from 'node:path';
import { makeNamespace } from '../lab/namespace.ts';
import type { BenchmarkReport, Figure } from '../report/report.ts';
import type { ChurnResult, ChurnSettings } from './churn-run.ts';

/** The small one is for comparison; the large one is what has to keep up, for a minute. */
const RUNS = [
  { instances: 50_000, seconds: 20 },
  { instances: 250_000, seconds: 60 },
] as const;
const MAIN = join(import.meta.dirname, 'churn-main.ts');

/**
 * 200 local of 50,000, then of 250,000 instances in 10,000 groups: cold start, start with the kernel right, then 1,000
 * changes a second for 20 s and for a minute. Each size is a process in a network namespace of its own.
 */
export async function churnBenchmark(): Promise<BenchmarkReport> {
  const figures: Figure[] = [];
  const p99: number[] = [];
  for (const { instances, seconds } of RUNS) {
    const result = await run({
      instances,
      groups: 10_000,
      local: 200,
      changesPerSecond: 1_000,
      seconds,
      seed: 32,
      rules: 0.01,
      localInstances: 0.01,
      nearby: 0.2,
    });
    figures.push(...figuresOf(instances, seconds, result));
    p99.push(result.churn.p99Ms);
  }
  const [small, large] = p99;
  if (small !== undefined && large !== undefined) {
    figures.push({
      what: `p99 with ${RUNS[1].instances} / with ${RUNS[0].instances}`,
      value: large / small,
      unit: '×',
    });
  }
  return { benchmark: 'churn', figures };
}

async function run(settings: ChurnSettings): Promise<ChurnResult> {
  const namespace = await makeNamespace(`churn-${settings.instances}`);
  return JSON.parse(await namespace.run(process.execPath, MAIN, JSON.stringify(settings))) as ChurnResult;
}

function figuresOf(instances: number, seconds: number, result: ChurnResult): Figure[] {
  const { loadMs, cold, restart, churn, afterwards, loadedBytes, churnedBytes, peakBytes } = result;
  const of = `${instances}: `;
  const startMs = (loadMs + cold.compileMs + cold.applyMs) / 1_000;
  const mebibytes = (bytes: number): number => bytes / 2 ** 20;
  return [
    {
      what: `${of}cold start`,
      value: startMs,
      unit: 's',
      target: { atMost: 15 },
      note: `model ${loadMs.toFixed(0)} ms, list and compile ${cold.compileMs.toFixed(0)} ms, nft ${cold.applyMs.toFixed(0)} ms for ${cold.bytes} octets`,
    },
    { what: `${of}restart: changes sent`, value: restart.changes, unit: '', target: { atMost: 0 } },
    {
      what: `${of}churn: took of ${seconds} s`,
      value: churn.tookSeconds,
      unit: 's',
      target: { atMost: seconds * 1.01 },
      note: `${churn.changes} changes, ${churn.transactions} transactions, ${churn.bytes} octets`,
    },
    { what: `${of}churn: change due → in the kernel, p50`, value: churn.p50Ms, unit: 'ms' },
    {
      what: `${of}churn: change due → in the kernel, p99`,
      value: churn.p99Ms,
      unit: 'ms',
      target: { atMost: 100 },
      note: `slowest ${churn.maxMs.toFixed(0)} ms`,
    },
    {
      what: `${of}start after the churn: changes sent`,
      value: afterwards.changes,
      unit: '',
      target: { atMost: 0 },
    },
    {
      what: `${of}resident memory after the churn`,
      value: mebibytes(churnedBytes),
      unit: 'MiB',
      target: { atMost: 1_024 },
      note: `after the cold start ${mebibytes(loadedBytes).toFixed(0)}, peak ${mebibytes(peakBytes).toFixed(0)}`,
    },
  ];
}
