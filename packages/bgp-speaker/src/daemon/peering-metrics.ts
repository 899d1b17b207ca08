import type { MetricsRegistry } from '@slash32/shared';
import type { Speaker } from './speaker.ts';

/** Metrics of ranges that routers may call from, and of address blocks. */
export function registerPeeringMetrics(registry: MetricsRegistry, speaker: () => Speaker): void {
  const ranges = () => {
    const { dynamicPeers } = speaker();
    return dynamicPeers.openRanges().map((settings) => dynamicPeers.statusOf(settings));
  };
  registry.gauge({
    name: 'range_neighbors',
    help: 'Routers that called from a range and have a neighbor.',
    labelNames: ['peer'],
    collect: (gauge) => {
      gauge.reset();
      for (const { peer, range } of ranges()) gauge.set({ peer }, range?.neighbors ?? 0);
    },
  });
  registry.gauge({
    name: 'range_refused',
    help: 'Connections from a range that were refused: it was full, or shut down.',
    labelNames: ['peer'],
    collect: (gauge) => {
      gauge.reset();
      for (const { peer, range } of ranges()) gauge.set({ peer }, range?.refused ?? 0);
    },
  });
  registry.gauge({
    name: 'announced_blocks',
    help: 'Address blocks that are announced as a whole.',
    collect: (gauge) => gauge.set(speaker().blocks.size),
  });
}
