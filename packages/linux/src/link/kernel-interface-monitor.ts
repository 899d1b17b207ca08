import { RTM_GETLINK, readLink, writeLinkDump } from '../netlink/link-message.ts';
import type { NetlinkContext } from '../netlink/netlink-context.ts';
import { ViewSynchronizer } from '../netlink/view-synchronizer.ts';
import type { InterfaceEvent, InterfaceMonitor, NetworkInterface } from './interface-monitor.ts';
import { InterfaceWatch } from './interface-watch.ts';

/** The {@link InterfaceMonitor} of the network namespace that we run in. */
export class KernelInterfaceMonitor implements InterfaceMonitor {
  readonly #context: NetlinkContext;

  constructor(context: NetlinkContext) {
    this.#context = context;
  }

  list(): Promise<readonly NetworkInterface[]> {
    return this.#context.rtnetlink.dump({ type: RTM_GETLINK, write: writeLinkDump, read: readLink });
  }

  async watch(listener: (events: readonly InterfaceEvent[]) => void, signal: AbortSignal): Promise<void> {
    const { monitor, clock, logger } = this.#context;
    const view = new InterfaceWatch(listener, signal, () => this.list());
    const synchronizer = new ViewSynchronizer(view, { clock, logger, signal });
    await monitor.subscribe(synchronizer, signal);
    await synchronizer.begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
