import type { BenchmarkReport, Figure } from '../report/report.ts';
import { measureAnnounce } from './announce.ts';
import type { BgpDaemon } from './daemons/bgp-daemon.ts';
import { bird } from './daemons/bird.ts';
import { slash32 } from './daemons/slash32.ts';
import { measureReceive } from './receive.ts';

const DAEMONS: readonly BgpDaemon[] = [slash32, bird];

/** bgp-speaker beside other BGP daemons; see README.md. */
export async function bgpBenchmark(): Promise<BenchmarkReport> {
  const figures: Figure[] = [];
  for (const measure of [measureAnnounce, measureReceive]) {
    for (const daemon of DAEMONS) figures.push(...(await measure(daemon)));
  }
  return { benchmark: 'bgp', figures };
}
