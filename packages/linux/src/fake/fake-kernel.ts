import type { NftChange } from '@slash32/shared';
import type { AddressChange } from '../address/address-table.ts';
import { FakeAddressTable } from '../address/fake-address-table.ts';
import { FakeConntrackTable } from '../conntrack/fake-conntrack-table.ts';
import type { Kernel } from '../kernel.ts';
import { FakeInterfaceControl } from '../link/fake-interface-control.ts';
import { FakeInterfaceMonitor } from '../link/fake-interface-monitor.ts';
import { FakeNeighbourTable } from '../neighbour/fake-neighbour-table.ts';
import { FakeRouterDiscovery } from '../neighbour/fake-router-discovery.ts';
import type { NeighbourChange } from '../neighbour/neighbour-table.ts';
import { FakeNftTraceMonitor } from '../nft/fake-nft-trace-monitor.ts';
import { FakeNftTransactor } from '../nft/fake-nft-transactor.ts';
import { FakeRouteTable } from '../route/fake-route-table.ts';
import type { RouteChange } from '../route/route-table.ts';
import { FakeSysctls } from '../sysctl/fake-sysctls.ts';
import { FakeNetwork } from './fake-network.ts';

/** One thing that was sent to a {@link FakeKernel}. Requests that had nothing to do leave no operation. */
export type FakeKernelOperation =
  | { readonly kind: 'nft'; readonly changes: readonly NftChange[] }
  | { readonly kind: 'routes'; readonly changes: readonly RouteChange[] }
  | { readonly kind: 'neighbours'; readonly changes: readonly NeighbourChange[] }
  | { readonly kind: 'addresses'; readonly changes: readonly AddressChange[] }
  | { readonly kind: 'sysctl'; readonly key: string; readonly value: string }
  | { readonly kind: 'link-up'; readonly name: string }
  | { readonly kind: 'conntrack'; readonly addresses: readonly string[] };

/**
 * A kernel in memory for tests of daemons. `network` is the world outside: interfaces come and go there, and another
 * program's routes and neighbours. `journal` has all operations in the order in which they were applied.
 */
export class FakeKernel implements Kernel {
  readonly network: FakeNetwork;
  readonly journal: FakeKernelOperation[] = [];
  readonly nft: FakeNftTransactor;
  readonly packetTraces = new FakeNftTraceMonitor();
  readonly routes: FakeRouteTable;
  readonly neighbours: FakeNeighbourTable;
  readonly routers = new FakeRouterDiscovery();
  readonly addresses: FakeAddressTable;
  readonly sysctls: FakeSysctls;
  readonly interfaces: FakeInterfaceMonitor;
  readonly links: FakeInterfaceControl;
  readonly conntrack: FakeConntrackTable;

  constructor() {
    const record = (operation: FakeKernelOperation) => {
      this.journal.push(operation);
    };
    const network = new FakeNetwork();
    this.network = network;
    this.nft = new FakeNftTransactor((changes) => record({ kind: 'nft', changes }));
    this.routes = new FakeRouteTable(network, (changes) => record({ kind: 'routes', changes }));
    this.neighbours = new FakeNeighbourTable(network, (changes) => record({ kind: 'neighbours', changes }));
    this.addresses = new FakeAddressTable(network, (changes) => record({ kind: 'addresses', changes }));
    this.sysctls = new FakeSysctls(network, (key, value) => record({ kind: 'sysctl', key, value }));
    this.interfaces = new FakeInterfaceMonitor(network);
    this.links = new FakeInterfaceControl(network, (name) => record({ kind: 'link-up', name }));
    this.conntrack = new FakeConntrackTable((addresses) => record({ kind: 'conntrack', addresses }));
  }

  /** A restarted daemon disposes its kernel and goes on with the same state: disposing only ends watches. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.nft[Symbol.asyncDispose]();
    await this.routes[Symbol.asyncDispose]();
  }
}
