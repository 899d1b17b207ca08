import { type Clock, type Logger, silentLogger } from '@slash32/shared';
import { KernelAddressTable } from './address/kernel-address-table.ts';
import { KernelConntrackTable } from './conntrack/kernel-conntrack-table.ts';
import { IpMonitor } from './ip/ip-monitor.ts';
import type { Kernel } from './kernel.ts';
import { KernelInterfaceControl } from './link/kernel-interface-control.ts';
import { KernelInterfaceMonitor } from './link/kernel-interface-monitor.ts';
import { KernelNeighbourTable } from './neighbour/kernel-neighbour-table.ts';
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
 * The kernel of the network namespace that we run in. Needs CAP_NET_ADMIN. Children are started by the first use that
 * needs them, so who uses no nft needs none on the machine. The caller disposes it.
 */
export async function openKernel({ clock, logger = silentLogger, timeoutMs }: OpenKernelOptions): Promise<Kernel> {
  await using stack = new AsyncDisposableStack();
  const limits = { clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const nft = stack.use(new KernelNftTransactor({ ...limits, logger }));
  const monitor = stack.use(new IpMonitor({ clock, logger }));
  const watched = { ...limits, logger, monitor };
  const kernel = {
    nft,
    routes: stack.use(new KernelRouteTable(watched)),
    neighbours: stack.use(new KernelNeighbourTable(watched)),
    addresses: stack.use(new KernelAddressTable(watched)),
    sysctls: new KernelSysctls(),
    interfaces: stack.use(new KernelInterfaceMonitor(watched)),
    links: stack.use(new KernelInterfaceControl(limits)),
    conntrack: new KernelConntrackTable(limits),
  };
  const owned = stack.move();
  return { ...kernel, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
