import { Backoff, type Clock, type Logger, type NftTableId, sleep } from '@slash32/shared';
import { LineSplitter } from '../process/line-splitter.ts';
import { NETLINK_NETFILTER, netlinkSubscribed } from '../process/netlink-subscription.ts';
import { toolUnavailable } from '../process/tool.ts';
import { ToolProcess } from '../process/tool-process.ts';
import { NftChangeReader } from './nft-change-reader.ts';
import { NFT } from './nft-tool.ts';

export interface NftWatcher {
  readonly tables: ReadonlySet<NftTableId>;
  onForeignChange(): void;
}

export interface NftMonitorOptions {
  /** What the kernel calls the process whose changes are not foreign. */
  readonly ownProcessName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
}

/** `nft monitor`: one child for all watchers, started with the first, replaced when it ends. */
export class NftMonitor implements AsyncDisposable {
  readonly #options: NftMonitorOptions;
  readonly #watchers = new Set<NftWatcher>();
  readonly #backoff: Backoff;
  readonly #ended = new AbortController();
  #child: ToolProcess | undefined;
  #started: Promise<void> | undefined;

  constructor(options: NftMonitorOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ initialMs: 10, maxMs: 5_000, random: options.random ?? Math.random });
  }

  /** Resolves when no later change will be missed. Throws `nft.unavailable`. */
  async subscribe(watcher: NftWatcher, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
    this.#started ??= this.#start();
    try {
      await this.#started;
    } catch (error) {
      this.#started = undefined;
      this.#watchers.delete(watcher);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.#watchers.clear();
    await this.#child?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    this.#ended.signal.throwIfAborted();
    const child = ToolProcess.start(NFT, ['monitor']);
    this.#child = child;
    const reader = new NftChangeReader(this.#options.ownProcessName);
    const lines = new LineSplitter();
    child.onOutput('stdout', (text) => {
      for (const line of lines.push(text)) {
        const change = reader.read(line);
        if (change?.type === 'changed') this.#announce(change.tables);
        else if (change?.type === 'lost') this.#announceLoss(line);
      }
    });
    child.onOutput('stderr', (text) => {
      this.#announceLoss(text.trim());
    });
    const subscribed =
      child.pid !== undefined && (await netlinkSubscribed(child.pid, NETLINK_NETFILTER, this.#options.clock));
    if (!subscribed) {
      child.kill();
      const exit = await child.exited;
      throw exit.startError === undefined ? toolUnavailable(NFT, 'it does not subscribe') : child.unavailable(exit);
    }
    this.#backoff.reset();
    void child.exited.then(() => this.#restart());
  }

  async #restart(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#options.logger.warn({}, 'the nft monitor ended; starting another');
      try {
        await sleep(this.#options.clock, this.#backoff.nextDelayMs(), this.#ended.signal);
        await this.#start();
        this.#announceAll();
        return;
      } catch (error) {
        if (!this.#ended.signal.aborted)
          this.#options.logger.warn({ error: String(error) }, 'nft monitor did not start');
      }
    }
  }

  #announce(tables: ReadonlySet<string>): void {
    for (const watcher of [...this.#watchers]) {
      if (!tables.isDisjointFrom(watcher.tables)) watcher.onForeignChange();
    }
  }

  #announceLoss(reason: string): void {
    this.#options.logger.warn({ reason }, 'nft notifications may have been lost; listing again');
    this.#announceAll();
  }

  #announceAll(): void {
    for (const watcher of [...this.#watchers]) watcher.onForeignChange();
  }
}
