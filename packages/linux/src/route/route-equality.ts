import { DEFAULT_METRIC } from './route-key.ts';
import type { KernelNextHop, KernelRoute } from './route-table.ts';

/**
 * True if the kernel would make the same route of both: defaults (metric, scope, weight) filled in, the order of next
 * hops set aside. This is how a wanted route is compared with a listed one.
 */
export function routesEqual(left: KernelRoute, right: KernelRoute): boolean {
  return routeFingerprint(left) === routeFingerprint(right);
}

/** Equal texts for {@link routesEqual} routes, for use as map values. */
export function routeFingerprint(route: KernelRoute): string {
  const metric = route.metric ?? DEFAULT_METRIC[route.family];
  const hops = route.nextHops.map((hop) => `${hop.gateway ?? ''}%${hop.device ?? ''}*${weightOf(route, hop)}`);
  // IPv6 has no scopes.
  const scope = route.family === 6 ? '' : scopeOf(route);
  const fields = [route.prefix, route.type, route.protocol, metric, scope, route.source ?? ''];
  return [...fields, ...hops.toSorted()].join(' ');
}

/** The weight of an only next hop means nothing. */
function weightOf(route: KernelRoute, hop: KernelNextHop): number {
  return route.nextHops.length === 1 ? 1 : (hop.weight ?? 1);
}

/** The scope of an IPv4 route; where none is given, it follows from type and gateway, as `ip` has it. */
export function scopeOf(route: KernelRoute): NonNullable<KernelRoute['scope']> {
  if (route.scope !== undefined) return route.scope;
  if (route.type === 'local') return 'host';
  if (route.type !== 'unicast' || route.nextHops.length !== 1) return 'global';
  return route.nextHops[0]?.gateway === undefined ? 'link' : 'global';
}
