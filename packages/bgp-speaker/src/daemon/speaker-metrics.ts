import { type Counter, type Histogram, MetricsRegistry } from '@slash32/shared';
import type { MessageCounts } from '../session/message-counters.ts';
import type { Neighbor } from '../session/neighbor.ts';
import { registerPeeringMetrics } from './peering-metrics.ts';
import type { Speaker } from './speaker.ts';

/** Buckets for what happens inside one turn of the event loop: 20 µs to 100 ms. */
const TURN_BUCKETS_SECONDS = [0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.1];

/** All metrics of bgp-speaker, names without the prefix `slash32_bgp_`. Values are read at every scrape. */
export class SpeakerMetrics {
  readonly registry = new MetricsRegistry({ prefix: 'slash32_bgp_', processMetrics: true });

  readonly announceDuration: Histogram = this.registry.histogram({
    name: 'kernel_to_wire_duration_seconds',
    help: 'Time from a notification of the kernel about local routes until the UPDATEs were written to idle peers.',
    buckets: TURN_BUCKETS_SECONDS,
  });
  readonly #messages: Counter<'peer' | 'direction' | 'type'>;
  readonly #bfdPackets: Counter<'peer' | 'kind'>;
  /** Totals at the last scrape. */
  readonly #totals = new Map<string, number>();

  constructor(speaker: () => Speaker, isDatastoreInSync: () => boolean) {
    const neighbors = (): ReadonlyMap<string, Neighbor> => speaker().neighbors;
    this.registry.gauge({
      name: 'session_established',
      help: '1 if the session with the peer is Established.',
      labelNames: ['peer'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, neighbor] of neighbors()) {
          gauge.set({ peer }, neighbor.state === 'Established' ? 1 : 0);
          this.#countMessages(peer, neighbor);
        }
        for (const { peer } of speaker().waitingPeers()) gauge.set({ peer }, 0);
      },
    });
    this.registry.gauge({
      name: 'session_held',
      help: '1 if the session is kept down: by an operator, or because the peer announced too many prefixes.',
      labelNames: ['peer'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, { hold }] of neighbors()) gauge.set({ peer }, hold === undefined ? 0 : 1);
      },
    });
    // Behind the gauge that brings it up to date: values are read in the order of registration.
    this.#messages = this.registry.counter({
      name: 'messages_total',
      help: 'BGP messages by peer, direction and type.',
      labelNames: ['peer', 'direction', 'type'],
    });
    this.registry.gauge({
      name: 'received_prefixes',
      help: 'Prefixes in Adj-RIB-In.',
      labelNames: ['peer', 'family'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, { adjRibIn, settings }] of neighbors()) {
          for (const family of settings.families) gauge.set({ peer, family }, adjRibIn.received(family));
        }
      },
    });
    this.registry.gauge({
      name: 'stale_prefixes',
      help: 'Prefixes of a peer that restarts, kept until it is back.',
      labelNames: ['peer'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, { adjRibIn }] of neighbors()) gauge.set({ peer }, adjRibIn.staleRoutes());
      },
    });
    this.registry.gauge({
      name: 'advertised_prefixes',
      help: 'Prefixes that the peer has been told.',
      labelNames: ['peer', 'family'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, neighbor] of neighbors()) {
          for (const family of neighbor.settings.families) gauge.set({ peer, family }, neighbor.advertised(family));
        }
      },
    });
    this.registry.gauge({
      name: 'send_backlog_prefixes',
      help: 'Changes that wait because the peer does not read fast enough.',
      labelNames: ['peer'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, neighbor] of neighbors()) gauge.set({ peer }, neighbor.backlog.changes);
      },
    });
    this.registry.gauge({
      name: 'bfd_session_up',
      help: '1 if the BFD session with the peer is Up; absent for peers without BFD.',
      labelNames: ['peer'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, { bfd }] of neighbors()) {
          if (bfd === undefined) continue;
          gauge.set({ peer }, bfd.state === 'Up' ? 1 : 0);
          for (const [kind, total] of Object.entries(bfd.packets)) {
            this.#bfdPackets.inc({ peer, kind }, this.#grownBy(`bfd ${peer} ${kind}`, total));
          }
        }
      },
    });
    this.registry.gauge({
      name: 'bfd_detection_seconds',
      help: 'Negotiated silence after which the peer counts as gone.',
      labelNames: ['peer'],
      collect: (gauge) => {
        gauge.reset();
        for (const [peer, { bfd }] of neighbors()) {
          if (bfd?.detectionMs !== undefined) gauge.set({ peer }, bfd.detectionMs / 1000);
        }
      },
    });
    // As for messages: behind the gauge that brings it up to date.
    this.#bfdPackets = this.registry.counter({
      name: 'bfd_packets_total',
      help: 'BFD packets by peer and kind; hopLimitDiscarded came from more than one hop away.',
      labelNames: ['peer', 'kind'],
    });
    registerPeeringMetrics(this.registry, speaker);
    this.#single('local_routes', 'Instance routes found in the kernel.', () => speaker().localRoutes);
    this.#single('learned_routes', 'Prefixes whose best route was learned.', () => speaker().locRib.learned);
    this.#single('installed_routes', 'Learned routes in the kernel.', () => speaker().installer.installedRoutes);
    this.#single('failed_routes', 'Learned routes that the kernel refuses.', () => speaker().installer.failures.size);
    this.#single('datastore_in_sync', '1 if the datastore is being followed and everything in it is known.', () =>
      isDatastoreInSync() ? 1 : 0,
    );
  }

  #single(name: string, help: string, read: () => number): void {
    this.registry.gauge({ name, help, collect: (gauge) => gauge.set(read()) });
  }

  #countMessages(peer: string, neighbor: Neighbor): void {
    for (const [direction, counts] of Object.entries<MessageCounts>({ ...neighbor.counters })) {
      for (const [type, total] of Object.entries<number>(counts)) {
        this.#messages.inc({ peer, direction, type }, this.#grownBy(`${peer} ${direction} ${type}`, total));
      }
    }
  }

  /** Since the last scrape. A peer that was configured anew counts from zero. */
  #grownBy(name: string, total: number): number {
    const before = this.#totals.get(name) ?? 0;
    this.#totals.set(name, total);
    return total >= before ? total - before : total;
  }
}
