import { isDeepStrictEqual } from 'node:util';
import type { Kernel } from '@slash32/linux';
import { BatchQueue, type Clock, type Logger, type PacketTraceEvent, type TracedPacket } from '@slash32/shared';
import { PacketAssembler } from './packet-assembler.ts';
import { passesFilter } from './packet-filter.ts';
import { noTraceTable, TRACE_TABLE, TRACED_PER_SECOND, type TraceTarget, traceTableChanges } from './trace-table.ts';

/** A watcher that does not take its packets is told how many it missed, instead. */
const MAX_WAITING = 1_000;

/** What is to be traced now; throws if there is no such instance. */
export type FindTarget = () => TraceTarget;

interface Watcher {
  target: TraceTarget;
  readonly find: FindTarget;
  readonly queue: BatchQueue<PacketTraceEvent>;
  skipped: number;
}

export interface PacketTracesOptions {
  readonly kernel: Pick<Kernel, 'nft' | 'packetTraces'>;
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Shows packets of instances to those who watch. The trace table and nft's monitor are there only as long as somebody
 * does. Policy is in other tables, which this neither reads nor writes.
 */
export class PacketTraces {
  readonly #options: PacketTracesOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #assembler: PacketAssembler;
  #monitor: AbortController | undefined;
  #hasTable = false;
  #isStopped = false;
  /** One change at a time: each makes the kernel what the watchers of that moment need. */
  #changes: Promise<void> = Promise.resolve();

  constructor(options: PacketTracesOptions) {
    this.#options = options;
    this.#assembler = new PacketAssembler(options.clock, (packet) => this.#deliver(packet));
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Removes what an agent that was killed left behind. */
  async removeLeftover(): Promise<void> {
    const { nft } = this.#options.kernel;
    if ((await nft.list([TRACE_TABLE])).size > 0) await nft.apply(noTraceTable());
  }

  /** Ends when `signal` aborts. Throws what `find` throws, `nft.unavailable`, `nft.rejected`. */
  watch(find: FindTarget, signal: AbortSignal): AsyncGenerator<PacketTraceEvent, void, undefined> {
    return this.#events(find(), find, signal);
  }

  /** Endpoints may have other interfaces or addresses than before, or be gone: that ends the watches of theirs. */
  refresh(): void {
    let differs = false;
    for (const watcher of this.#watchers) {
      try {
        const target = watcher.find();
        differs ||= !isDeepStrictEqual(target, watcher.target);
        watcher.target = target;
      } catch (error) {
        watcher.queue.fail(error);
      }
    }
    if (differs) this.#makeAnew();
  }

  /** Ends all watches and removes the table. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { queue } of this.#watchers) queue.end();
    this.#watchers.clear();
    await this.#change().catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the trace table could not be removed');
    });
  }

  async *#events(
    target: TraceTarget,
    find: FindTarget,
    signal: AbortSignal,
  ): AsyncGenerator<PacketTraceEvent, void, undefined> {
    const watcher: Watcher = { target, find, queue: new BatchQueue<PacketTraceEvent>().endOn(signal), skipped: 0 };
    this.#watchers.add(watcher);
    try {
      await this.#change();
      watcher.queue.push({ type: 'started', host: this.#options.host, perSecond: TRACED_PER_SECOND });
      for await (const events of watcher.queue) yield* events;
    } finally {
      this.#watchers.delete(watcher);
      await this.#change();
    }
  }

  #change(): Promise<void> {
    const change = this.#changes.then(() => this.#bringAbout());
    this.#changes = change.catch(() => undefined);
    return change;
  }

  async #bringAbout(): Promise<void> {
    const { nft } = this.#options.kernel;
    if (this.#watchers.size === 0 || this.#isStopped) {
      this.#monitor?.abort();
      this.#monitor = undefined;
      this.#assembler.clear();
      if (this.#hasTable) await nft.apply(noTraceTable());
      this.#hasTable = false;
      return;
    }
    await this.#startMonitor();
    this.#hasTable = true;
    await nft.apply(traceTableChanges([...this.#watchers].map(({ target }) => target)));
  }

  async #startMonitor(): Promise<void> {
    if (this.#monitor !== undefined) return;
    const monitor = new AbortController();
    const { nft, packetTraces } = this.#options.kernel;
    try {
      // Somebody flushed the ruleset, most likely.
      await nft.watch([TRACE_TABLE], () => this.#makeAnew(), monitor.signal);
      await packetTraces.watch(
        { onLines: (lines) => this.#assembler.add(lines), onEnd: (error) => this.#monitorEnded(monitor, error) },
        monitor.signal,
      );
      this.#monitor = monitor;
    } catch (error) {
      monitor.abort();
      throw error;
    }
  }

  #makeAnew(): void {
    this.#change().catch((error: unknown) => this.#failAll(error));
  }

  #monitorEnded(monitor: AbortController, error: unknown): void {
    if (this.#monitor !== monitor) return;
    monitor.abort();
    this.#monitor = undefined;
    this.#options.logger.warn({ err: error }, 'nft stopped telling about packets');
    this.#failAll(error);
  }

  #failAll(error: unknown): void {
    for (const { queue } of this.#watchers) queue.fail(error);
  }

  #deliver(packet: TracedPacket): void {
    for (const watcher of this.#watchers) {
      if (!concerns(packet, watcher.target)) continue;
      if (watcher.queue.size >= MAX_WAITING) {
        watcher.skipped += 1;
        continue;
      }
      if (watcher.skipped > 0) watcher.queue.push({ type: 'skipped', packets: watcher.skipped });
      watcher.skipped = 0;
      watcher.queue.push(packet);
    }
  }
}

function concerns(packet: TracedPacket, { interface: tap, addresses, filter }: TraceTarget): boolean {
  const isOfInstance = packet.in === tap || packet.out === tap || addresses.includes(packet.destination);
  return isOfInstance && passesFilter(packet, filter);
}
