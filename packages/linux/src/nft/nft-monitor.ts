import { Backoff, type Clock, type Logger, type NftTableId, sleep } from '@slash32/shared';
import { LineSplitter } from '../process/line-splitter.ts';
import { NETLINK_NETFILTER, netlinkSubscribed } from '../process/netlink-subscription.ts';
import { toolUnavailable } from '../process/tool.ts';
import { ToolProcess } from '../process/tool-process.ts';
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

/**
 * `nft monitor`: one child for all watchers, started with the first. It prints the objects that a transaction changed,
 * one or more lines each, and behind them `# new generation 7 by process 42 (nft)`.
 */
export class NftMonitor implements AsyncDisposable {
  readonly #options: NftMonitorOptions;
  readonly #watchers = new Set<NftWatcher>();
  readonly #backoff: Backoff;
  readonly #ended = new AbortController();
  #child: ToolProcess | undefined;
  #started: Promise<void> | undefined;
  /** Tables that the transaction being printed has changed. */
  #touched = new Set<string>();

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
    this.#touched = new Set();
    const lines = new LineSplitter();
    child.onOutput('stdout', (text) => {
      for (const line of lines.push(text)) this.#read(line);
    });
    child.onOutput('stderr', (text) => {
      this.#options.logger.warn({ reason: text.trim() }, 'nft notifications were lost; listing again');
      this.#announceAll();
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

  #read(line: string): void {
    const generation = /^# new generation \d+ by process \d+ \((.*)\)$/.exec(line);
    if (generation === null) {
      const table = /^(?:add|delete|insert|replace|reset|destroy) \w+ (\w+ \S+)/.exec(line)?.[1];
      if (table !== undefined) this.#touched.add(table);
      return;
    }
    const touched = this.#touched;
    this.#touched = new Set();
    if (generation[1] === this.#options.ownProcessName) return;
    for (const watcher of [...this.#watchers]) {
      if (!touched.isDisjointFrom(watcher.tables)) watcher.onForeignChange();
    }
  }

  #announceAll(): void {
    for (const watcher of [...this.#watchers]) watcher.onForeignChange();
  }
}
