import type { Notification, NotificationKind } from '../netlink/notification.ts';
import type { View } from '../netlink/view-synchronizer.ts';
import { RouteCollection, type RouteShape } from './route-collection.ts';
import { routesEqual } from './route-equality.ts';
import { routeMatches } from './route-filter.ts';
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
export class RouteWatch implements View<RouteCollection> {
  readonly kinds: ReadonlySet<NotificationKind> = new Set<NotificationKind>(['route', 'link', 'address']);
  readonly list: () => Promise<RouteCollection>;
  readonly #filter: RouteFilter;
  readonly #listener: RouteListener;
  readonly #signal: AbortSignal;
  #routes = new RouteCollection();

  constructor(filter: RouteFilter, listener: RouteListener, signal: AbortSignal, list: () => Promise<RouteCollection>) {
    this.#filter = filter;
    this.#listener = listener;
    this.#signal = signal;
    this.list = list;
  }

  /** As they are when they are looked at. */
  routes(): Iterable<KernelRoute> {
    return this.#routes.routes();
  }

  adopt(listed: RouteCollection, first: boolean): void {
    const before = this.#routes;
    this.#routes = listed;
    if (first) return;
    const events: RouteEvent[] = [];
    for (const route of before.routes()) {
      if (listed.get(route) === undefined) events.push({ type: 'removed', route });
    }
    for (const route of listed.routes()) {
      const present = before.get(route);
      if (present === undefined || !routesEqual(present, route)) events.push({ type: 'added', route });
    }
    this.#emit(events);
  }

  apply(notifications: readonly Notification[]): boolean {
    const events: RouteEvent[] = [];
    let uncertain = false;
    for (const notification of notifications) {
      const { kind } = notification;
      if (kind === 'setting' || kind === 'neighbour') continue;
      const { deleted } = notification;
      if (kind === 'route') uncertain = this.#applyRoute(notification.route, deleted, events) || uncertain;
      else if (kind === 'link')
        uncertain ||= this.#mayChangeRoutes(notification.link, deleted, notification.formerName);
      else uncertain ||= deleted && this.#mayBeNeeded(notification);
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
    if (!matches && !this.#routes.hasPrefix(route.prefix)) return false;
    if (!deleted && matches) {
      this.#routes.set(route);
      events.push({ type: 'added', route });
      return false;
    }
    const present = this.#routes.get(route);
    if (present === undefined) return false;
    // A route of another protocol with our key replaced ours, unless it was appended.
    if (!deleted || (matches && route.nextHops.length < present.nextHops.length)) return true;
    if (!matches) return false;
    this.#routes.delete(route);
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

  #some(test: (shape: RouteShape) => boolean): boolean {
    return this.#routes.shapes().some(test);
  }

  #emit(events: readonly RouteEvent[]): void {
    if (events.length > 0 && !this.#signal.aborted) this.#listener.onEvents(events);
  }
}

function isIpv4Through(route: RouteShape, device: string): boolean {
  return route.family === 4 && isThrough(route, device);
}

function isThrough(route: RouteShape, device: string): boolean {
  return route.nextHops.some((hop) => hop.device === device);
}
