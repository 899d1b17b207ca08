/**
 * Runs the benchmarks named on the command line, or all; see README.md for what each measures and how. `bgp:relay` and
 * `bgp:relay:BIRD` run a part of one, print it, and leave its file alone.
 * Runs inside `scripts/sandbox` (`make bench`). Exit code 1 if a benchmark could not be run; a missed target is printed.
 */

import { bgpBenchmark } from './bgp/bgp.ts';
import { programmingLatencyBenchmark } from './latency/programming-latency.ts';
import { churnBenchmark } from './policy/churn.ts';
import { compileBenchmark } from './policy/compile.ts';
import { membershipBenchmark } from './policy/membership.ts';
import { type BenchmarkReport, formatReport, writeReport } from './report/report.ts';
import { agentStartBenchmark } from './start/agent-start.ts';
import { trafficBenchmark } from './traffic/traffic.ts';

/** `parts`: words behind a colon, `bgp:relay:BIRD`. */
const BENCHMARKS: Readonly<Record<string, (...parts: string[]) => Promise<BenchmarkReport>>> = {
  bgp: bgpBenchmark,
  churn: churnBenchmark,
  compile: compileBenchmark,
  latency: programmingLatencyBenchmark,
  membership: membershipBenchmark,
  start: agentStartBenchmark,
  traffic: trafficBenchmark,
};

if (process.env.SLASH32_SANDBOX !== '1') {
  process.stderr.write('bench: makes network namespaces and interfaces; run it as `make bench` (scripts/sandbox)\n');
  process.exit(2);
}
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHMARKS);
for (const word of wanted) {
  const [name = '', ...parts] = word.split(':');
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) {
    process.stderr.write(`bench: no benchmark "${name}"; there are ${Object.keys(BENCHMARKS).join(', ')}\n`);
    process.exit(2);
  }
  process.stderr.write(`bench: ${word} …\n`);
  try {
    const report = await benchmark(...parts);
    process.stdout.write(`${formatReport(report)}\n`);
    if (parts.length === 0) process.stderr.write(`bench: written to ${writeReport(report)}\n`);
  } catch (error) {
    process.stderr.write(`bench: ${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    process.exitCode = 1;
  }
}
