import type { LocalEndpoint } from '../graph/local-endpoint.ts';
import { GatewayCount } from './gateway-count.ts';

/** Who has what of this host: interfaces, addresses and gateways by endpoint. */
export class EndpointClaims {
  readonly gateways = new GatewayCount();
  readonly #byInterface = new Map<string, Set<string>>();
  /** Open endpoints by address. */
  readonly #ownerOfAddress = new Map<string, string>();
  /** Addresses that an endpoint ceased to have → that endpoint. */
  readonly #lostAddresses = new Map<string, string>();

  /** Instances that name this interface; at most one of them is open. */
  claimantsOf(interfaceName: string): ReadonlySet<string> | undefined {
    return this.#byInterface.get(interfaceName);
  }

  add(endpoint: LocalEndpoint): void {
    const claimants = this.#byInterface.get(endpoint.interface);
    if (claimants === undefined) this.#byInterface.set(endpoint.interface, new Set([endpoint.instance]));
    else claimants.add(endpoint.instance);
    if (endpoint.closedReason !== undefined) return;
    this.gateways.add(endpoint.gateways);
    for (const address of endpoint.addresses) this.#ownerOfAddress.set(address, endpoint.instance);
  }

  /** The reverse of {@link add}, with an endpoint as it was added. */
  remove(endpoint: LocalEndpoint): void {
    const claimants = this.#byInterface.get(endpoint.interface);
    claimants?.delete(endpoint.instance);
    if (claimants?.size === 0) this.#byInterface.delete(endpoint.interface);
    if (endpoint.closedReason !== undefined) return;
    this.gateways.remove(endpoint.gateways);
    for (const address of endpoint.addresses) {
      this.#lostAddresses.set(address, endpoint.instance);
      // In one batch, another endpoint may have taken the address over already.
      if (this.#ownerOfAddress.get(address) === endpoint.instance) this.#ownerOfAddress.delete(address);
    }
  }

  /** A route to this address was removed. Unless an endpoint has it, it was one of an earlier life of the agent. */
  noteWithdrawn(address: string): void {
    if (!this.#ownerOfAddress.has(address)) this.#lostAddresses.set(address, '');
  }

  /** Addresses that are nobody's now, or another's than before: their connections are to be forgotten. */
  takeLostAddresses(): readonly string[] {
    const lost: string[] = [];
    for (const [address, instance] of this.#lostAddresses) {
      if (this.#ownerOfAddress.get(address) !== instance) lost.push(address);
    }
    this.#lostAddresses.clear();
    return lost;
  }
}
