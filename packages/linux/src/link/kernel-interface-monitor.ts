import type { Clock, Logger } from '@slash32/shared';
import type { IpMonitor } from '../ip/ip-monitor.ts';
import { DEFAULT_TIMEOUT_MS, type IpOptions } from '../ip/ip-options.ts';
import { ViewSynchronizer } from '../ip/view-synchronizer.ts';
import { runTool } from '../process/run-tool.ts';
import { ipTool, toolUnavailable } from '../process/tool.ts';
import type { InterfaceEvent, InterfaceMonitor, NetworkInterface } from './interface-monitor.ts';
import { InterfaceWatch } from './interface-watch.ts';
import { parseLinkListing } from './parse-link.ts';

const TOOL = ipTool('link');

/** The {@link InterfaceMonitor} of the network namespace that we run in, through `ip`. Errors: `link.*`. */
export class KernelInterfaceMonitor implements InterfaceMonitor {
  readonly #monitor: IpMonitor;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  /** The monitor stays the caller's, who disposes it. */
  constructor(options: IpOptions & { readonly monitor: IpMonitor; readonly logger: Logger }) {
    this.#monitor = options.monitor;
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  async list(): Promise<readonly NetworkInterface[]> {
    const options = { clock: this.#clock, timeoutMs: this.#timeoutMs };
    const result = await runTool(TOOL, ['-j', 'link', 'show'], options);
    if (result.exitCode !== 0) throw toolUnavailable(TOOL, result.stderr.trim());
    return parseLinkListing(result.stdout);
  }

  async watch(listener: (events: readonly InterfaceEvent[]) => void, signal: AbortSignal): Promise<void> {
    const view = new InterfaceWatch(listener, signal, () => this.list());
    const synchronizer = new ViewSynchronizer(view, { clock: this.#clock, logger: this.#logger, signal });
    await this.#monitor.subscribe(synchronizer, signal, TOOL);
    await synchronizer.begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
