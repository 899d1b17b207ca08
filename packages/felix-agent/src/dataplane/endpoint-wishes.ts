import type { LocalEndpoint } from '../graph/local-endpoint.ts';
import type { AddressManager } from './address-manager.ts';
import { endpointInterfaceAddresses, endpointNeighbours, endpointRoutes, gatewayRoute } from './endpoint-objects.ts';
import type { NeighbourManager } from './neighbour-manager.ts';
import type { RouteManager } from './route-manager.ts';

/** Owner of the gateway routes; an instance's name always has a slash. */
export const GATEWAYS = 'gateways';

export interface EndpointTables {
  readonly routes: RouteManager;
  readonly neighbours: NeighbourManager;
  readonly addresses: AddressManager;
}

/** What endpoints want to be in the kernel, told to the managers that keep it there. */
export class EndpointWishes {
  readonly #tables: EndpointTables;

  constructor(tables: EndpointTables) {
    this.#tables = tables;
  }

  /** Returns true if its routes are in the kernel already. */
  want(endpoint: LocalEndpoint): boolean {
    const { routes, neighbours, addresses } = this.#tables;
    routes.want(endpoint.instance, endpointRoutes(endpoint));
    neighbours.want(endpoint.instance, endpointNeighbours(endpoint));
    addresses.want(endpoint.instance, endpointInterfaceAddresses(endpoint));
    return routes.settled(endpoint.instance);
  }

  wantNothing(instance: string): void {
    const { routes, neighbours, addresses } = this.#tables;
    for (const manager of [routes, neighbours, addresses]) manager.want(instance, []);
  }

  /** IPv4 gateways are addresses of the host; those of IPv6 are addresses of the taps, and wanted by each endpoint. */
  wantGateways(gateways: readonly string[]): void {
    this.#tables.routes.want(GATEWAYS, gateways.filter((gateway) => !gateway.includes(':')).map(gatewayRoute));
  }

  /** True if what must be there before the endpoint's routes is there. */
  isReadyForRoutes(instance: string): boolean {
    return this.#tables.neighbours.settled(instance) && this.#tables.addresses.settled(instance);
  }

  /** The kernel dropped everything on this interface. */
  interfaceLost(name: string): void {
    const { routes, neighbours, addresses } = this.#tables;
    for (const manager of [routes, neighbours, addresses]) manager.forgetInterface(name);
  }
}
