import { type Clock, type Logger, silentLogger } from '@slash32/shared';
import { KernelAddressTable } from './address/kernel-address-table.ts';
import { KernelConntrackTable } from './conntrack/kernel-conntrack-table.ts';
import type { Kernel } from './kernel.ts';
import { KernelInterfaceControl } from './link/kernel-interface-control.ts';
import { KernelInterfaceMonitor } from './link/kernel-interface-monitor.ts';
import { KernelNeighbourTable } from './neighbour/kernel-neighbour-table.ts';
import { KernelRouterDiscovery } from './neighbour/kernel-router-discovery.ts';
import { loadLibc } from './netlink/libc.ts';
import { NetlinkMonitor } from './netlink/netlink-monitor.ts';
import { Rtnetlink } from './netlink/rtnetlink.ts';
import { KernelNftTraceMonitor } from './nft/kernel-nft-trace-monitor.ts';
import { KernelNftTransactor } from './nft/kernel-nft-transactor.ts';
import { KernelRouteTable } from './route/kernel-route-table.ts';
import { KernelSysctls } from './sysctl/kernel-sysctls.ts';

export interface OpenKernelOptions {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** How long one call of a tool may take; 30 s if left out. */
  readonly timeoutMs?: number;
}

/**
 * The kernel of the network namespace that we run in. Needs CAP_NET_ADMIN. Children and the socket for notifications are
 * started by the first use that needs them, so who uses no nft needs none on the machine. The caller disposes it. Throws
 * `FabricError` `netlink.unavailable` on a platform that there is no netlink for.
 */
export async function openKernel({ clock, logger = silentLogger, timeoutMs }: OpenKernelOptions): Promise<Kernel> {
  await using stack = new AsyncDisposableStack();
  const limits = { clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const nft = stack.use(new KernelNftTransactor({ ...limits, logger }));
  const libc = await loadLibc();
  const rtnetlink = stack.use(new Rtnetlink(libc));
  const monitor = stack.use(new NetlinkMonitor({ libc, rtnetlink, clock, logger }));
  const context = { rtnetlink, monitor, clock, logger };
  const kernel = {
    nft,
    packetTraces: stack.use(new KernelNftTraceMonitor(clock)),
    routes: stack.use(new KernelRouteTable(context)),
    neighbours: stack.use(new KernelNeighbourTable(context)),
    routers: new KernelRouterDiscovery(context),
    addresses: stack.use(new KernelAddressTable(context)),
    sysctls: new KernelSysctls(context),
    interfaces: stack.use(new KernelInterfaceMonitor(context)),
    links: new KernelInterfaceControl(context),
    conntrack: new KernelConntrackTable(limits),
  };
  const owned = stack.move();
  return { ...kernel, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
