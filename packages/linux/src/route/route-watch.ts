import type { IpRecord, IpRecordKind } from '../ip/ip-monitor.ts';
import type { View } from '../ip/view-synchronizer.ts';
import { readLinkRecord } from '../link/parse-link.ts';
import { parseRouteRecord, recordPrefix } from './parse-route.ts';
import { routeFingerprint } from './route-equality.ts';
import { routeMatches } from './route-filter.ts';
import { routeKey } from './route-key.ts';
import type { KernelRoute, RouteEvent, RouteFilter } from './route-table.ts';

export interface RouteListener {
  onEvents(events: readonly RouteEvent[]): void;
  onOverrun(): void;
}

/**
 * The view of one subscription to routes. Linux does not tell of every change: IPv4 routes go silently when their
 * interface goes down or loses its last IPv4 address, or when their source address is removed; and of an IPv6 multipath
 * route that loses a next hop only that next hop is reported. The view is listed again after what may have had such an
 * effect on it.
 */
export class RouteWatch implements View<KernelRoute> {
  readonly kinds: ReadonlySet<IpRecordKind> = new Set<IpRecordKind>(['route', 'link', 'address']);
  readonly list: () => Promise<readonly KernelRoute[]>;
  readonly #filter: RouteFilter;
  readonly #listener: RouteListener;
  readonly #signal: AbortSignal;
  readonly #routes = new Map<string, KernelRoute>();
  /** Prefixes that are or were in the view; grows with it and is made anew by a listing. */
  readonly #prefixes = new Set<string>();

  constructor(
    filter: RouteFilter,
    listener: RouteListener,
    signal: AbortSignal,
    list: () => Promise<readonly KernelRoute[]>,
  ) {
    this.#filter = filter;
    this.#listener = listener;
    this.#signal = signal;
    this.list = list;
  }

  adopt(routes: readonly KernelRoute[], first: boolean): void {
    const events: RouteEvent[] = [];
    const listed = new Map(routes.map((route) => [routeKey(route), route]));
    this.#prefixes.clear();
    for (const { prefix } of routes) this.#prefixes.add(prefix);
    for (const [key, route] of this.#routes) {
      if (listed.has(key)) continue;
      this.#routes.delete(key);
      events.push({ type: 'removed', route });
    }
    for (const [key, route] of listed) {
      const present = this.#routes.get(key);
      if (present !== undefined && routeFingerprint(present) === routeFingerprint(route)) continue;
      this.#routes.set(key, route);
      events.push({ type: 'added', route });
    }
    if (!first) this.#emit(events);
  }

  apply(records: readonly IpRecord[]): boolean {
    const events: RouteEvent[] = [];
    let uncertain = false;
    for (const record of records) {
      if (record.kind === 'route') uncertain = this.#applyRoute(record, events) || uncertain;
      else if (record.kind === 'link') uncertain ||= this.#mayTakeRoutes(record);
      else if (record.kind === 'address') uncertain ||= this.#mayBeNeeded(record);
    }
    this.#emit(events);
    return uncertain;
  }

  onGap(): void {
    if (!this.#signal.aborted) this.#listener.onOverrun();
  }

  /** Returns true if the view may be wrong now. */
  #applyRoute(record: IpRecord, events: RouteEvent[]): boolean {
    if (!this.#concerns(record.text)) return false;
    const route = parseRouteRecord(record.text);
    if (route === undefined) return false;
    const key = routeKey(route);
    const present = this.#routes.get(key);
    const matches = routeMatches(route, this.#filter);
    if (!record.deleted && matches) {
      this.#routes.set(key, route);
      this.#prefixes.add(route.prefix);
      events.push({ type: 'added', route });
      return false;
    }
    if (present === undefined) return false;
    // A route of another protocol with our key replaced ours, unless it was appended.
    if (!record.deleted || (matches && route.nextHops.length < present.nextHops.length)) return true;
    if (!matches) return false;
    this.#routes.delete(key);
    events.push({ type: 'removed', route });
    return false;
  }

  /** Turns down cheaply what can be of no interest: a BGP table may fill beside a few routes that are watched. */
  #concerns(text: string): boolean {
    const { protocol } = this.#filter;
    if (protocol === undefined || text.includes(` proto ${protocol} `)) return true;
    const prefix = recordPrefix(text);
    return prefix === undefined || this.#prefixes.has(prefix);
  }

  #mayTakeRoutes(record: IpRecord): boolean {
    const link = readLinkRecord(record.text);
    if (link === undefined || (link.up && !record.deleted)) return false;
    return this.#some((route) => isIpv4Through(route, link.name));
  }

  #mayBeNeeded(record: IpRecord): boolean {
    const match = record.deleted ? /^\d+: (\S+) +inet6? ([^/ ]+)/.exec(record.text) : null;
    if (match === null) return false;
    const [, device = '', address = ''] = match;
    return this.#some((route) => route.source === address || isIpv4Through(route, device));
  }

  #some(test: (route: KernelRoute) => boolean): boolean {
    for (const route of this.#routes.values()) {
      if (test(route)) return true;
    }
    return false;
  }

  #emit(events: readonly RouteEvent[]): void {
    if (events.length > 0 && !this.#signal.aborted) this.#listener.onEvents(events);
  }
}

function isIpv4Through(route: KernelRoute, device: string): boolean {
  return route.family === 4 && route.nextHops.some((hop) => hop.device === device);
}
