import { ipv4HostNumber, ipv4HostText, PrefixMap } from '@slash32/shared';
import { routeFingerprint } from './route-equality.ts';
import { DEFAULT_METRIC } from './route-key.ts';
import type { KernelRoute } from './route-table.ts';

/** All of a route but its prefix. */
export type RouteShape = Omit<KernelRoute, 'prefix'>;

/** Routes that differ in nothing but the prefix share one. */
interface SharedShape {
  readonly shape: RouteShape;
  readonly key: string;
  references: number;
}

/** A prefix, packed if it is an IPv4 host; its text otherwise. */
type Key = number | string;

/**
 * Routes by what makes two of them the same one to the kernel (table, prefix, metric). A table of 100,000 has few
 * different next hops, so a route costs its prefix and an entry of the map, not objects of its own.
 */
export class RouteCollection {
  /** Most prefixes have one route; an array is for those with several. */
  #byPrefix = new PrefixMap<Key, SharedShape | readonly SharedShape[]>();
  #shapes = new Map<string, SharedShape>();
  /** The next route is probably like it; to see that is cheaper than to make the key. */
  #latest: SharedShape | undefined;

  hasPrefix(prefix: string): boolean {
    return this.#byPrefix.has(keyOf(prefix));
  }

  /** The route in the place of this one. */
  get(route: KernelRoute): KernelRoute | undefined {
    const shared = this.#find(keyOf(route.prefix), route);
    return shared === undefined ? undefined : withPrefix(route.prefix, shared);
  }

  /** Puts the route into its place; false if an equal one was there. */
  set(route: KernelRoute): boolean {
    const key = keyOf(route.prefix);
    const present = this.#find(key, route);
    const shared = this.#shapeOf(route);
    if (present === shared) return false;
    shared.references += 1;
    const found = this.#at(key);
    if (found.length === 0) this.#byPrefix.set(key, shared);
    else this.#put(key, [...found.filter((other) => other !== present), shared]);
    if (present !== undefined) this.#release(present);
    return true;
  }

  delete(route: KernelRoute): void {
    const key = keyOf(route.prefix);
    const present = this.#find(key, route);
    if (present === undefined) return;
    this.#put(
      key,
      this.#at(key).filter((other) => other !== present),
    );
    this.#release(present);
  }

  /** Takes the routes of another one over, which must not be used any more. */
  adopt(other: RouteCollection): void {
    if (this.#byPrefix.size === 0) {
      this.#byPrefix = other.#byPrefix;
      this.#shapes = other.#shapes;
      this.#latest = undefined;
      return;
    }
    for (const route of other.routes()) this.set(route);
  }

  *routes(): Generator<KernelRoute> {
    for (const [key, found] of this.#byPrefix) {
      const prefix = typeof key === 'number' ? ipv4HostText(key) : key;
      if (isList(found)) for (const shared of found) yield withPrefix(prefix, shared);
      else yield withPrefix(prefix, found);
    }
  }

  /** The different shapes that there are. */
  *shapes(): Generator<RouteShape> {
    for (const { shape } of this.#shapes.values()) yield shape;
  }

  #find(key: Key, route: KernelRoute): SharedShape | undefined {
    const found = this.#byPrefix.get(key);
    if (found === undefined) return undefined;
    const table = isLocal(route);
    const metric = metricOf(route);
    const inPlace = ({ shape }: SharedShape) => isLocal(shape) === table && metricOf(shape) === metric;
    return isList(found) ? found.find(inPlace) : inPlace(found) ? found : undefined;
  }

  #at(key: Key): readonly SharedShape[] {
    const found = this.#byPrefix.get(key);
    return found === undefined ? [] : isList(found) ? found : [found];
  }

  #put(key: Key, shapes: readonly SharedShape[]): void {
    const [first, ...others] = shapes;
    if (first === undefined) this.#byPrefix.delete(key);
    else this.#byPrefix.set(key, others.length === 0 ? first : shapes);
  }

  #shapeOf(route: KernelRoute): SharedShape {
    if (this.#latest !== undefined && hasSimpleShape(route, this.#latest.shape)) return this.#latest;
    const key = shapeKey(route);
    let shared = this.#shapes.get(key);
    if (shared === undefined) {
      const { prefix: _prefix, ...shape } = route;
      shared = { shape, key, references: 0 };
      this.#shapes.set(key, shared);
    }
    this.#latest = shared;
    return shared;
  }

  #release(shared: SharedShape): void {
    shared.references -= 1;
    if (shared.references > 0) return;
    this.#shapes.delete(shared.key);
    if (this.#latest === shared) this.#latest = undefined;
  }
}

function keyOf(prefix: string): Key {
  return ipv4HostNumber(prefix) ?? prefix;
}

function withPrefix(prefix: string, { shape }: SharedShape): KernelRoute {
  return { ...shape, prefix };
}

/** Equal for routes of different prefixes that {@link routeFingerprint} finds equal otherwise. */
function shapeKey(route: KernelRoute): string {
  return `${route.family} ${routeFingerprint({ ...route, prefix: '' })}`;
}

/** True if route and shape have the same fields and one equal next hop; false says nothing. */
function hasSimpleShape(route: KernelRoute, shape: RouteShape): boolean {
  const [left] = route.nextHops;
  const [right] = shape.nextHops;
  return (
    route.nextHops.length === 1 &&
    shape.nextHops.length === 1 &&
    left?.device === right?.device &&
    left?.gateway === right?.gateway &&
    left?.weight === right?.weight &&
    route.family === shape.family &&
    route.type === shape.type &&
    route.protocol === shape.protocol &&
    route.metric === shape.metric &&
    route.scope === shape.scope &&
    route.source === shape.source
  );
}

function isLocal({ type }: RouteShape): boolean {
  return type === 'local';
}

function metricOf({ metric, family }: RouteShape): number {
  return metric ?? DEFAULT_METRIC[family];
}

function isList(found: SharedShape | readonly SharedShape[]): found is readonly SharedShape[] {
  return Array.isArray(found);
}
