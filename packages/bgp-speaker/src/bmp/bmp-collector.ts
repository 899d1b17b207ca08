import { Backoff, type Clock, type Logger, type Timer } from '@slash32/shared';
import type { BgpConnection, Transport } from '../session/transport.ts';
import type { BmpFeed } from './bmp-feed.ts';
import { BMP_TERMINATION } from './bmp-message.ts';

export interface CollectorOptions {
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly transport: Transport;
  /** What a collector that knows nothing is to be told. */
  readonly newFeed: () => BmpFeed;
}

/** Changes of routes collect for so long: most come in bursts. */
const FLUSH_DELAY_MS = 20;
/** Above this, the collector does not keep up, and changes of routes wait as marks. */
const HIGH_WATER_OCTETS = 262_144;
/** Above this, ups and downs of sessions have piled up while it took nothing. */
const MAX_QUEUED_OCTETS = 4 * 1024 * 1024;
/** A collector that takes nothing for so long is gone. */
const STALL_MS = 60_000;
const STATISTICS_INTERVAL_MS = 60_000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 120_000;
/** A connection that lived this long was good: the next one is tried soon. */
const STABLE_MS = 30_000;

/** One collector: connects to it, tells it everything, and starts over when the connection ends (RFC 7854 3.2). */
export class BmpCollector {
  readonly #options: CollectorOptions;
  readonly #backoff: Backoff;
  #connection: BgpConnection | undefined;
  /** Set while the connection is open. */
  #feed: BmpFeed | undefined;
  #connectedAtMs = 0;
  #retry: Timer | undefined;
  #flush: Timer | undefined;
  #statistics: Timer | undefined;
  #stall: Timer | undefined;
  #closed = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ initialMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: options.random });
  }

  /** `ADDR:PORT`. */
  get name(): string {
    const { address, port } = this.#options;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** What the collector is still to be told; `undefined` while there is no connection. */
  get feed(): BmpFeed | undefined {
    return this.#feed;
  }

  start(): void {
    const { address, port, transport } = this.#options;
    let connection: BgpConnection | undefined;
    const current = () => connection !== undefined && this.#connection === connection;
    connection = transport.connect(
      { address, port },
      {
        onConnected: () => {
          if (current()) this.#onConnected();
        },
        // A collector has nothing to say (RFC 7854 3.2).
        onData: () => undefined,
        onWritten: () => {
          if (current()) this.#onWritten();
        },
        onClosed: (reason) => {
          if (current()) this.#onClosed(reason);
        },
      },
    );
    this.#connection = connection;
  }

  /** Has the feed's news sent soon. */
  wake(): void {
    if (this.#feed === undefined) return;
    if (this.#feed.queuedOctets > MAX_QUEUED_OCTETS) {
      this.#drop('it does not take what it is sent');
      return;
    }
    this.#flush ??= this.#options.clock.schedule(FLUSH_DELAY_MS, () => {
      this.#flush = undefined;
      this.#send();
    });
  }

  /** Says goodbye and closes; there is no other connection afterwards. */
  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    if (this.#feed !== undefined) {
      this.#feed.terminate(BMP_TERMINATION.administrativelyClosed, 'bgp-speaker stops');
      for (const message of this.#feed.take(this.#options.clock.wallMs())) this.#connection?.write(message);
    }
    this.#connection?.close();
    this.#forgetConnection();
  }

  #onConnected(): void {
    const { clock, logger } = this.#options;
    logger.info({ collector: this.name }, 'BMP collector is connected');
    this.#connectedAtMs = clock.monotonicMs();
    this.#feed = this.#options.newFeed();
    this.#scheduleStatistics();
    this.#send();
  }

  #onWritten(): void {
    this.#stall?.cancel();
    this.#stall = undefined;
    this.#send();
  }

  #onClosed(reason: string): void {
    const { clock, logger } = this.#options;
    const wasConnected = this.#feed !== undefined;
    if (wasConnected && clock.monotonicMs() - this.#connectedAtMs >= STABLE_MS) this.#backoff.reset();
    this.#forgetConnection();
    if (this.#closed) return;
    const delayMs = this.#backoff.nextDelayMs();
    // Once per outage; that it is still not there is for those who look closely.
    const level = wasConnected || this.#backoff.attempts === 1 ? 'warn' : 'debug';
    logger[level]({ collector: this.name, reason, retryMs: Math.round(delayMs) }, 'BMP collector is not connected');
    this.#retry = clock.schedule(delayMs, () => this.start());
  }

  #drop(reason: string): void {
    this.#connection?.abort();
    this.#onClosed(reason);
  }

  #send(): void {
    const connection = this.#connection;
    const feed = this.#feed;
    if (connection === undefined || feed === undefined) return;
    while (connection.bufferedOctets < HIGH_WATER_OCTETS) {
      const messages = feed.take(this.#options.clock.wallMs());
      if (messages.length === 0) break;
      for (const message of messages) connection.write(message);
    }
    if (connection.bufferedOctets === 0) return;
    this.#stall ??= this.#options.clock.schedule(STALL_MS, () =>
      this.#drop(`it took nothing for ${STALL_MS / 1000} s`),
    );
  }

  #scheduleStatistics(): void {
    this.#statistics = this.#options.clock.schedule(STATISTICS_INTERVAL_MS, () => {
      this.#feed?.reportStatistics(this.#options.clock.wallMs());
      this.#scheduleStatistics();
      this.wake();
    });
  }

  #forgetConnection(): void {
    for (const timer of [this.#flush, this.#statistics, this.#stall]) timer?.cancel();
    this.#flush = undefined;
    this.#statistics = undefined;
    this.#stall = undefined;
    this.#connection = undefined;
    this.#feed = undefined;
  }
}
