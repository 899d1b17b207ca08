import { parseIpAddress, parseIpPrefix, prefixContains } from '@slash32/shared';
import { FakeEventBatch } from '../fake/fake-event-batch.ts';
import type { FakeNetwork } from '../fake/fake-network.ts';
import { absentDevice } from '../netlink/interface-names.ts';
import { routeMatches } from './route-filter.ts';
import { routeKey } from './route-key.ts';
import type { KernelRoute, RouteChange, RouteEvent, RouteFailure, RouteFilter, RouteTable } from './route-table.ts';

/** A {@link RouteTable} in memory, with the kernel's refusals: unknown or down device, unreachable gateway. */
export class FakeRouteTable implements RouteTable {
  /** Set by tests: lets the kernel refuse changes that it would otherwise take; returns its words. */
  refuse: ((change: RouteChange) => string | undefined) | undefined;
  readonly #network: FakeNetwork;
  readonly #onApplied: (changes: readonly RouteChange[]) => void;
  readonly #overruns = new Set<() => void>();

  constructor(network: FakeNetwork, onApplied: (changes: readonly RouteChange[]) => void = () => {}) {
    this.#network = network;
    this.#onApplied = onApplied;
  }

  async apply(changes: readonly RouteChange[]): Promise<readonly RouteFailure[]> {
    const failures: RouteFailure[] = [];
    if (changes.length > 0) this.#onApplied(changes);
    for (const change of changes) {
      const reason = this.refuse?.(change) ?? (change.op === 'replace' ? this.#refusal(change.route) : undefined);
      if (reason !== undefined) {
        failures.push({ change, reason });
      } else if (change.op === 'replace') {
        this.#network.putRoute(change.route);
      } else {
        const key = routeKey(change.route);
        if (this.#network.routes.get(key)?.protocol === change.route.protocol) this.#network.deleteRoute(key);
      }
    }
    return failures;
  }

  async list(filter: RouteFilter = {}): Promise<readonly KernelRoute[]> {
    return [...this.#network.routes.values()].filter((route) => routeMatches(route, filter));
  }

  snapshot(filter: RouteFilter = {}): Promise<Iterable<KernelRoute>> {
    return this.list(filter);
  }

  async watch(
    filter: RouteFilter,
    listener: { onEvents(events: readonly RouteEvent[]): void; onOverrun(): void },
    signal: AbortSignal,
  ): Promise<Iterable<KernelRoute>> {
    const batch = new FakeEventBatch<RouteEvent>((events) => listener.onEvents(events), signal);
    this.#network.listen({ onRoute: (event) => routeMatches(event.route, filter) && batch.add(event) }, signal);
    const onOverrun = () => listener.onOverrun();
    this.#overruns.add(onOverrun);
    signal.addEventListener('abort', () => this.#overruns.delete(onOverrun), { once: true });
    return await this.list(filter);
  }

  /** Tells every watch that notifications may have been lost. */
  overrun(): void {
    for (const onOverrun of [...this.#overruns]) onOverrun();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#overruns.clear();
  }

  #refusal(route: KernelRoute): string | undefined {
    if (route.type === 'unicast' && route.nextHops.length === 0) return 'No such device';
    for (const { device, gateway } of route.nextHops) {
      if (device !== undefined) {
        const link = this.#network.interfaces.get(device);
        if (link === undefined) return absentDevice(device);
        if (!link.up && route.type === 'unicast') return 'Network is down';
      }
      if (gateway !== undefined && !this.#onLink(gateway, device)) return 'Nexthop has invalid gateway';
    }
    return undefined;
  }

  /** True if a connected prefix or a route without gateway leads to the gateway. */
  #onLink(gateway: string, device: string | undefined): boolean {
    const address = parseIpAddress(gateway);
    if (device !== undefined && gateway.startsWith('fe80:')) return true;
    for (const own of this.#network.addresses.values()) {
      const prefix = parseIpPrefix(own.address);
      const linkUp = this.#network.interfaces.get(own.device)?.up === true;
      const throughDevice = device === undefined || own.device === device;
      if (linkUp && throughDevice && prefixContains(prefix, address)) return true;
    }
    for (const route of this.#network.routes.values()) {
      if (route.type !== 'unicast' || !prefixContains(parseIpPrefix(route.prefix), address)) continue;
      const direct = route.nextHops.some((hop) => hop.gateway === undefined && (device ?? hop.device) === hop.device);
      if (direct) return true;
    }
    return false;
  }
}
