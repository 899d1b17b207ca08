import type { Clock } from '@slash32/shared';
import { LineSplitter } from '../process/line-splitter.ts';
import { NETLINK_NETFILTER, netlinkSubscribed } from '../process/netlink-subscription.ts';
import { toolUnavailable } from '../process/tool.ts';
import { ToolProcess } from '../process/tool-process.ts';
import { NFT } from './nft-tool.ts';
import type { NftTraceMonitor } from './nft-trace-monitor.ts';
import { type NftTraceLine, parseTraceLine } from './trace-line.ts';

/** The {@link NftTraceMonitor} of the network namespace that we run in: one `nft monitor trace` per watch. */
export class KernelNftTraceMonitor implements NftTraceMonitor, AsyncDisposable {
  readonly #clock: Clock;
  readonly #children = new Set<ToolProcess>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async watch(listener: Parameters<NftTraceMonitor['watch']>[0], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const child = ToolProcess.start(NFT, ['-nn', 'monitor', 'trace']);
    this.#children.add(child);
    const splitter = new LineSplitter();
    child.onOutput('stdout', (text) => {
      const lines = splitter.push(text).map(parseTraceLine);
      const known = lines.filter((line): line is NftTraceLine => line !== undefined);
      if (known.length > 0 && !signal.aborted) listener.onLines(known);
    });
    const ended = child.exited.then((exit) => {
      this.#children.delete(child);
      return exit;
    });
    signal.addEventListener('abort', () => child.kill(), { once: true });
    const subscribed = child.pid !== undefined && (await netlinkSubscribed(child.pid, NETLINK_NETFILTER, this.#clock));
    signal.throwIfAborted();
    if (!subscribed) {
      child.kill();
      const exit = await ended;
      throw exit.startError === undefined ? toolUnavailable(NFT, 'it does not trace') : child.unavailable(exit);
    }
    void ended.then((exit) => {
      if (!signal.aborted) listener.onEnd(child.unavailable(exit));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children].map((child) => child[Symbol.asyncDispose]()));
  }
}
