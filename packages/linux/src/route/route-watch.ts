import type { Notification, NotificationKind } from '../netlink/notification.ts';
import type { View } from '../netlink/view-synchronizer.ts';
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
 * route that loses a next hop only that next hop is reported. An interface that gets another name says nothing of its
 * routes. The view is listed again after what may have had such an
 * effect on it.
 */
export class RouteWatch implements View<KernelRoute> {
  readonly kinds: ReadonlySet<NotificationKind> = new Set<NotificationKind>(['route', 'link', 'address']);
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

  apply(notifications: readonly Notification[]): boolean {
    const events: RouteEvent[] = [];
    let uncertain = false;
    for (const notification of notifications) {
      const { kind, deleted } = notification;
      if (kind === 'route') uncertain = this.#applyRoute(notification.route, deleted, events) || uncertain;
      else if (kind === 'link')
        uncertain ||= this.#mayChangeRoutes(notification.link, deleted, notification.formerName);
      else if (kind === 'address') uncertain ||= deleted && this.#mayBeNeeded(notification);
    }
    this.#emit(events);
    return uncertain;
  }

  onGap(): void {
    if (!this.#signal.aborted) this.#listener.onOverrun();
  }

  /** Returns true if the view may be wrong now. */
  #applyRoute(route: KernelRoute, deleted: boolean, events: RouteEvent[]): boolean {
    const matches = routeMatches(route, this.#filter);
    // Cheap, since a BGP table may fill beside a few routes that are watched.
    if (!matches && !this.#prefixes.has(route.prefix)) return false;
    const key = routeKey(route);
    const present = this.#routes.get(key);
    if (!deleted && matches) {
      this.#routes.set(key, route);
      this.#prefixes.add(route.prefix);
      events.push({ type: 'added', route });
      return false;
    }
    if (present === undefined) return false;
    // A route of another protocol with our key replaced ours, unless it was appended.
    if (!deleted || (matches && route.nextHops.length < present.nextHops.length)) return true;
    if (!matches) return false;
    this.#routes.delete(key);
    events.push({ type: 'removed', route });
    return false;
  }

  #mayChangeRoutes(link: { readonly name: string; readonly up: boolean }, deleted: boolean, formerName = ''): boolean {
    if (formerName !== '' && this.#some((route) => isThrough(route, formerName))) return true;
    return (!link.up || deleted) && this.#some((route) => isIpv4Through(route, link.name));
  }

  #mayBeNeeded({ device, address }: { readonly device: string; readonly address: string }): boolean {
    const own = address.slice(0, address.indexOf('/'));
    return this.#some((route) => route.source === own || isIpv4Through(route, device));
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
  return route.family === 4 && isThrough(route, device);
}

function isThrough(route: KernelRoute, device: string): boolean {
  return route.nextHops.some((hop) => hop.device === device);
}
