import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import type { BenchmarkReport, Figure } from '../report/report.ts';
import { measureAnnounce, TABLE_SIZE } from './announce.ts';
import { measureBfdDetection } from './bfd/bfd-detection.ts';
import { measureBurst } from './burst.ts';
import { comparisonTable, writeComparison } from './comparison.ts';
import { measureConvergence } from './convergence/convergence.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';
import { bird } from './daemons/bird.ts';
import { frr } from './daemons/frr.ts';
import { gobgp } from './daemons/gobgp.ts';
import { openbgpd } from './daemons/openbgpd.ts';
import { slash32 } from './daemons/slash32.ts';
import { measureInstall } from './install.ts';
import { measureMemory } from './memory.ts';
import { measureReceive } from './receive.ts';
import { measureRelay } from './relay.ts';
import { measureWireLatency } from './wire-latency.ts';

const DAEMONS: readonly BgpDaemon[] = [slash32, bird, openbgpd, gobgp, frr];

interface Part {
  readonly daemons: readonly BgpDaemon[];
  readonly measure: (daemon: BgpDaemon) => Promise<readonly Figure[]>;
}

const PARTS: Readonly<Record<string, Part>> = {
  announce: { daemons: DAEMONS, measure: measureAnnounce },
  receive: { daemons: DAEMONS, measure: measureReceive },
  install: { daemons: [slash32, bird, frr], measure: measureInstall },
  latency: { daemons: DAEMONS, measure: (daemon) => measureWireLatency(daemon, 0) },
  'latency-full': { daemons: DAEMONS, measure: (daemon) => measureWireLatency(daemon, TABLE_SIZE) },
  burst: { daemons: DAEMONS, measure: measureBurst },
  bfd: { daemons: [slash32, bird, frr], measure: measureBfdDetection },
  convergence: { daemons: [slash32, bird, frr], measure: measureConvergence },
  memory: { daemons: DAEMONS, measure: measureMemory },
  relay: { daemons: DAEMONS, measure: measureRelay },
};

/**
 * bgp-speaker beside other BGP daemons; see README.md. `part` and `daemon` pick from it: `relay`, `BIRD`.
 *
 * @throws RangeError if there is no such part.
 */
export async function bgpBenchmark(part?: string, daemon?: string): Promise<BenchmarkReport> {
  const figures: Figure[] = [];
  const [loadBefore] = loadavg();
  if (part !== undefined && !Object.hasOwn(PARTS, part)) {
    throw new RangeError(`bgp has no part "${part}"; there are ${Object.keys(PARTS).join(', ')}`);
  }
  for (const [name, { daemons, measure }] of Object.entries(PARTS)) {
    if (part !== undefined && part !== name) continue;
    for (const each of daemons) {
      if (daemon !== undefined && daemon !== each.name) continue;
      const startMs = performance.now();
      try {
        figures.push(...(await measure(each)));
      } catch (error) {
        // The other figures of a run of many minutes are not lost for one.
        process.stderr.write(
          `bench: bgp ${name} ${each.name} failed: ${error instanceof Error ? error.stack : error}\n`,
        );
        process.exitCode = 1;
      }
      process.stderr.write(`bench: bgp ${name} ${each.name}: ${Math.round((performance.now() - startMs) / 1000)} s\n`);
    }
  }
  const table = comparisonTable(
    figures,
    DAEMONS.map(({ name }) => name),
  );
  if (part === undefined) {
    const load = `load averages before and after: ${loadBefore?.toFixed(1)}, ${loadavg()[0]?.toFixed(1)}`;
    const caption = `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} processors; ${load}.`;
    writeComparison(join(import.meta.dirname, '..', 'README.md'), `${caption}\n\n${table}`);
  }
  return { benchmark: 'bgp', figures };
}
