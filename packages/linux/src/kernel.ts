import type { AddressTable } from './address/address-table.ts';
import type { ConntrackTable } from './conntrack/conntrack-table.ts';
import type { InterfaceControl } from './link/interface-control.ts';
import type { InterfaceMonitor } from './link/interface-monitor.ts';
import type { NeighbourTable } from './neighbour/neighbour-table.ts';
import type { RouterDiscovery } from './neighbour/router-discovery.ts';
import type { NftTraceMonitor } from './nft/nft-trace-monitor.ts';
import type { NftTransactor } from './nft/nft-transactor.ts';
import type { RouteTable } from './route/route-table.ts';
import type { Sysctls } from './sysctl/sysctls.ts';

/**
 * Everything a daemon may touch of one network namespace's kernel: the namespace that the process was started in.
 * `openKernel` gives the real one, `new FakeKernel()` one in memory. Disposing it ends all its children and watches;
 * what was programmed stays in the kernel.
 */
export interface Kernel extends AsyncDisposable {
  readonly nft: NftTransactor;
  readonly packetTraces: NftTraceMonitor;
  readonly routes: RouteTable;
  readonly neighbours: NeighbourTable;
  readonly routers: RouterDiscovery;
  readonly addresses: AddressTable;
  readonly sysctls: Sysctls;
  readonly interfaces: InterfaceMonitor;
  readonly links: InterfaceControl;
  readonly conntrack: ConntrackTable;
}
