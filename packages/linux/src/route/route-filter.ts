import type { KernelRoute, RouteFilter } from './route-table.ts';

/** True if the filter lets the route through; fields that it leaves out match all. */
export function routeMatches(route: KernelRoute, filter: RouteFilter): boolean {
  if (filter.protocol !== undefined && filter.protocol !== route.protocol) return false;
  return filter.family === undefined || filter.family === route.family;
}
