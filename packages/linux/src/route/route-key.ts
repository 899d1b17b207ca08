import type { KernelRoute } from './route-table.ts';

/** The kernel's default metric: 0 for IPv4, 1024 for IPv6 (IP6_RT_PRIO_USER). */
export const DEFAULT_METRIC = { 4: 0, 6: 1024 } as const;

/** What makes two routes the same one to the kernel: table, prefix and metric. */
export function routeKey(route: KernelRoute): string {
  return `${route.type === 'local' ? 'local' : 'main'} ${route.prefix} ${route.metric ?? DEFAULT_METRIC[route.family]}`;
}
