import type { KernelNextHop, KernelRoute, RouteChange } from './route-table.ts';

/** Writes a change as a line of `ip -batch`. */
export function renderRouteChange(change: RouteChange): string {
  const { route } = change;
  const words = ['route', change.op === 'replace' ? 'replace' : 'del', route.type, route.prefix];
  words.push('table', route.type === 'local' ? 'local' : 'main', 'proto', String(route.protocol));
  if (route.metric !== undefined) words.push('metric', String(route.metric));
  // A route is deleted by what identifies it, whatever its next hops have become.
  if (change.op === 'delete') return words.join(' ');
  if (route.scope !== undefined && route.family === 4) words.push('scope', route.scope);
  if (route.source !== undefined) words.push('src', route.source);
  words.push(...renderNextHops(route));
  return words.join(' ');
}

function renderNextHops(route: KernelRoute): readonly string[] {
  const [first, ...others] = route.nextHops;
  if (first === undefined) return [];
  // Linux has no multipath IPv6 route of one next hop without gateway.
  if (others.length === 0) return renderNextHop(first);
  return route.nextHops.flatMap((hop) => ['nexthop', ...renderNextHop(hop), 'weight', String(hop.weight ?? 1)]);
}

function renderNextHop(hop: KernelNextHop): readonly string[] {
  const words: string[] = [];
  if (hop.gateway !== undefined) words.push('via', hop.gateway.includes(':') ? 'inet6' : 'inet', hop.gateway);
  if (hop.device !== undefined) words.push('dev', hop.device);
  return words;
}
