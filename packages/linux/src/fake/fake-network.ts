import type { InterfaceAddress } from '../address/address-table.ts';
import type { InterfaceEvent, NetworkInterface } from '../link/interface-monitor.ts';
import type { PermanentNeighbour } from '../neighbour/neighbour-table.ts';
import { routeKey } from '../route/route-key.ts';
import type { KernelRoute, RouteEvent } from '../route/route-table.ts';

/** What happened in a {@link FakeNetwork}. Listeners hear it at once; the fakes pass it on in a microtask. */
export interface FakeNetworkListener {
  onInterface?(event: InterfaceEvent): void;
  onRoute?(event: RouteEvent): void;
  onNeighbour?(neighbour: PermanentNeighbour): void;
  onAddress?(address: InterfaceAddress): void;
}

/**
 * The state that the fakes share: interfaces and what hangs on them. As in the kernel, an interface that goes takes its
 * addresses, neighbours, settings and routes along (of IPv6 multipath routes only its next hop), and one that goes down
 * takes its neighbours, its IPv6 addresses, and the routes that have no other interface that is up.
 */
export class FakeNetwork {
  readonly interfaces = new Map<string, NetworkInterface>();
  /** By {@link routeKey}. */
  readonly routes = new Map<string, KernelRoute>();
  /** By device and address. */
  readonly neighbours = new Map<string, PermanentNeighbour>();
  readonly addresses = new Map<string, InterfaceAddress>();
  /** Values that were written; all others read as `0`. */
  readonly settings = new Map<string, string>();
  readonly #listeners = new Set<FakeNetworkListener>();
  #nextIndex = 2;

  constructor() {
    this.interfaces.set('lo', { name: 'lo', index: 1, up: true, carrier: true, mac: '00:00:00:00:00:00', mtu: 65_536 });
  }

  listen(listener: FakeNetworkListener, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** Adds an interface, or changes one; what is left out keeps its value (new: up, with carrier, MTU 1500). */
  putInterface(name: string, change: Partial<Omit<NetworkInterface, 'name' | 'index'>> = {}): NetworkInterface {
    const before = this.interfaces.get(name) ?? { index: this.#nextIndex++, up: true, carrier: true, mtu: 1500 };
    const link: NetworkInterface = { ...before, ...change, name };
    this.interfaces.set(name, link);
    this.#emit({ link: { type: 'present', link } });
    if (!link.up) this.#dropConfiguration(name);
    return link;
  }

  removeInterface(name: string): void {
    const link = this.interfaces.get(name);
    if (link === undefined) return;
    this.#dropConfiguration(name);
    for (const route of [...this.routes.values()]) this.#removeFromRoute(route, name);
    for (const [key, address] of this.addresses) if (address.device === name) this.deleteAddress(key);
    for (const key of this.settings.keys()) {
      if (key.split('/')[3] === name) this.settings.delete(key);
    }
    this.interfaces.delete(name);
    this.#emit({ link: { type: 'gone', name, index: link.index } });
  }

  /** Everything on the interface moves along; listeners hear `gone` of the old name and `present` of the new one. */
  renameInterface(from: string, to: string): void {
    const link = this.interfaces.get(from);
    if (link === undefined || this.interfaces.has(to)) return;
    this.interfaces.delete(from);
    this.interfaces.set(to, { ...link, name: to });
    for (const [key, route] of this.routes) {
      const nextHops = route.nextHops.map((hop) => (hop.device === from ? { ...hop, device: to } : hop));
      this.routes.set(key, { ...route, nextHops });
    }
    for (const [key, neighbour] of [...this.neighbours]) {
      if (neighbour.device !== from) continue;
      this.neighbours.delete(key);
      this.neighbours.set(`${to} ${neighbour.address}`, { ...neighbour, device: to });
    }
    for (const [key, address] of [...this.addresses]) {
      if (address.device !== from) continue;
      this.addresses.delete(key);
      this.addresses.set(`${to} ${address.address}`, { ...address, device: to });
    }
    for (const [key, value] of [...this.settings]) {
      const parts = key.split('/');
      if (parts[3] !== from) continue;
      this.settings.delete(key);
      this.settings.set(parts.with(3, to).join('/'), value);
    }
    this.#emit({ link: { type: 'gone', name: from, index: link.index } });
    this.#emit({ link: { type: 'present', link: { ...link, name: to } } });
  }

  putRoute(route: KernelRoute): void {
    this.routes.set(routeKey(route), route);
    this.#emit({ route: { type: 'added', route } });
  }

  deleteRoute(key: string): void {
    const route = this.routes.get(key);
    if (route === undefined) return;
    this.routes.delete(key);
    this.#emit({ route: { type: 'removed', route } });
  }

  putNeighbour(neighbour: PermanentNeighbour): void {
    this.neighbours.set(`${neighbour.device} ${neighbour.address}`, neighbour);
    this.#emit({ neighbour });
  }

  deleteNeighbour(key: string): void {
    const neighbour = this.neighbours.get(key);
    if (neighbour === undefined) return;
    this.neighbours.delete(key);
    this.#emit({ neighbour });
  }

  putAddress(address: InterfaceAddress): void {
    const key = `${address.device} ${address.address}`;
    if (this.addresses.has(key)) return;
    this.addresses.set(key, address);
    this.#emit({ address });
  }

  deleteAddress(key: string): void {
    const address = this.addresses.get(key);
    if (address === undefined) return;
    this.addresses.delete(key);
    this.#emit({ address });
  }

  /** What does not outlive an interface's going down: routes, neighbours, IPv6 addresses. */
  #dropConfiguration(device: string): void {
    this.#dropRoutes(device);
    for (const [key, neighbour] of this.neighbours) if (neighbour.device === device) this.deleteNeighbour(key);
    for (const [key, { device: on, address }] of this.addresses) {
      if (on === device && address.includes(':')) this.deleteAddress(key);
    }
  }

  #dropRoutes(device: string): void {
    for (const [key, route] of [...this.routes]) {
      const devices = route.type === 'unicast' ? route.nextHops.map((hop) => hop.device ?? '') : [];
      const alive = devices.some((name) => name !== device && this.interfaces.get(name)?.up === true);
      if (devices.includes(device) && !alive) this.deleteRoute(key);
    }
  }

  #removeFromRoute(route: KernelRoute, device: string): void {
    const left = route.nextHops.filter((hop) => hop.device !== device);
    if (left.length === route.nextHops.length) return;
    if (route.family === 6 && left.length > 0) this.putRoute({ ...route, nextHops: left });
    else this.deleteRoute(routeKey(route));
  }

  #emit(event: {
    link?: InterfaceEvent;
    route?: RouteEvent;
    neighbour?: PermanentNeighbour;
    address?: InterfaceAddress;
  }): void {
    for (const listener of [...this.#listeners]) {
      if (event.link !== undefined) listener.onInterface?.(event.link);
      if (event.route !== undefined) listener.onRoute?.(event.route);
      if (event.neighbour !== undefined) listener.onNeighbour?.(event.neighbour);
      if (event.address !== undefined) listener.onAddress?.(event.address);
    }
  }
}
