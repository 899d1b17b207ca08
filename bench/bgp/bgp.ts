import type { BenchmarkReport, Figure } from '../report/report.ts';
import { measureAnnounce, TABLE_SIZE } from './announce.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';
import { bird } from './daemons/bird.ts';
import { frr } from './daemons/frr.ts';
import { gobgp } from './daemons/gobgp.ts';
import { openbgpd } from './daemons/openbgpd.ts';
import { slash32 } from './daemons/slash32.ts';
import { measureReceive } from './receive.ts';
import { measureWireLatency } from './wire-latency.ts';

const DAEMONS: readonly BgpDaemon[] = [slash32, bird, openbgpd, gobgp, frr];

/** bgp-speaker beside other BGP daemons; see README.md. */
export async function bgpBenchmark(): Promise<BenchmarkReport> {
  const figures: Figure[] = [];
  for (const measure of [measureAnnounce, measureReceive]) {
    for (const daemon of DAEMONS) figures.push(...(await measure(daemon)));
  }
  for (const others of [0, TABLE_SIZE]) {
    figures.push(...(await measureWireLatency(slash32, others)));
  }
  return { benchmark: 'bgp', figures };
}
