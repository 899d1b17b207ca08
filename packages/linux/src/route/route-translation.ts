import { addressOctets, prefixOctets } from '../netlink/address-octets.ts';
import { absentDevice } from '../netlink/interface-names.ts';
import {
  AF_INET,
  AF_INET6,
  type MessageNextHop,
  type RouteMessage,
  RT_SCOPE_GLOBAL,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTN_BLACKHOLE,
  RTN_LOCAL,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTN_UNSPEC,
} from '../netlink/route-message.ts';
import { scopeOf } from './route-equality.ts';
import { DEFAULT_METRIC } from './route-key.ts';
import type { KernelNextHop, KernelRoute } from './route-table.ts';

const TYPE_NUMBERS = { unicast: RTN_UNICAST, local: RTN_LOCAL, blackhole: RTN_BLACKHOLE, unreachable: RTN_UNREACHABLE };
const TYPES = new Map(Object.entries(TYPE_NUMBERS).map(([name, type]) => [type, name as KernelRoute['type']]));
const SCOPE_NUMBERS = { global: RT_SCOPE_GLOBAL, link: RT_SCOPE_LINK, host: RT_SCOPE_HOST };
const SCOPES = new Map(
  Object.entries(SCOPE_NUMBERS).map(([name, scope]) => [scope, name as NonNullable<KernelRoute['scope']>]),
);
/** A message's attribute has at most 64 KiB. */
const MAX_NEXT_HOPS = 1_000;

type NameOf = (index: number) => string | undefined;
type IndexOf = (name: string) => number | undefined;

/** `undefined`: a route of another table, or of a type that {@link KernelRoute} has no word for. */
export function toKernelRoute(message: RouteMessage, nameOf: NameOf): KernelRoute | undefined {
  const type = TYPES.get(message.type);
  if (type === undefined || message.table !== tableOf(type)) return undefined;
  const scope = message.family === AF_INET ? SCOPES.get(message.scope) : undefined;
  return {
    family: message.family === AF_INET ? 4 : 6,
    prefix: message.prefix,
    type,
    protocol: message.protocol,
    ...(message.metric === undefined ? {} : { metric: message.metric }),
    ...(scope === undefined ? {} : { scope }),
    ...(message.source === undefined ? {} : { source: message.source }),
    // IPv6 hangs routes that lead nowhere on lo.
    nextHops: leadsSomewhere(type) ? message.nextHops.map((hop) => toKernelNextHop(hop, nameOf)) : [],
  };
}

/** The message for adding the route, or the reason why there is none. */
export function toRouteMessage(route: KernelRoute, indexOf: IndexOf): RouteMessage | string {
  const refusal = identityRefusal(route);
  if (refusal !== undefined) return refusal;
  if (route.type === 'unicast' && route.nextHops.length === 0) return 'a unicast route needs a next hop';
  if (route.nextHops.length > MAX_NEXT_HOPS) return `${route.nextHops.length} next hops are more than ${MAX_NEXT_HOPS}`;
  if (route.source !== undefined && addressOctets(route.source) === undefined) {
    return `"${route.source}" is not an address`;
  }
  const nextHops: MessageNextHop[] = [];
  for (const hop of leadsSomewhere(route.type) ? route.nextHops : []) {
    const translated = toMessageNextHop(hop, indexOf);
    if (typeof translated === 'string') return translated;
    nextHops.push(translated);
  }
  return {
    ...identityOf(route),
    scope: route.family === 4 ? SCOPE_NUMBERS[scopeOf(route)] : RT_SCOPE_GLOBAL,
    ...(route.metric === undefined ? {} : { metric: route.metric }),
    ...(route.source === undefined ? {} : { source: route.source }),
    nextHops,
  };
}

/**
 * The message for deleting the route by what identifies it, whatever its type and next hops have become. IPv4 has no way
 * to say "metric 0": its 0 takes the route of the lowest metric.
 */
export function toRouteDeletion(route: KernelRoute): RouteMessage | string {
  const refusal = identityRefusal(route);
  if (refusal !== undefined) return refusal;
  const metric = route.metric ?? DEFAULT_METRIC[route.family];
  return { ...identityOf(route), type: RTN_UNSPEC, scope: RT_SCOPE_NOWHERE, metric, nextHops: [] };
}

export function tableOf(type: KernelRoute['type']): number {
  return type === 'local' ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
}

function identityOf(route: KernelRoute): Pick<RouteMessage, 'family' | 'prefix' | 'table' | 'protocol' | 'type'> {
  return {
    family: route.family === 4 ? AF_INET : AF_INET6,
    prefix: route.prefix,
    table: tableOf(route.type),
    protocol: route.protocol,
    type: TYPE_NUMBERS[route.type],
  };
}

function identityRefusal({ family, prefix, protocol, metric = 0 }: KernelRoute): string | undefined {
  if (prefixOctets(prefix)?.octets.length !== (family === 4 ? 4 : 16))
    return `"${prefix}" is not an IPv${family} prefix`;
  if (!isUnsigned(protocol, 0xff)) return `protocol ${protocol} is not from 0 to 255`;
  return isUnsigned(metric, 0xffff_ffff) ? undefined : `metric ${metric} is not an unsigned 32-bit number`;
}

function toMessageNextHop({ gateway, device, weight = 1 }: KernelNextHop, indexOf: IndexOf): MessageNextHop | string {
  if (gateway !== undefined && addressOctets(gateway) === undefined) return `"${gateway}" is not an address`;
  if (!isUnsigned(weight - 1, 0xff)) return `weight ${weight} is not from 1 to 256`;
  const interfaceIndex = device === undefined ? 0 : indexOf(device);
  if (device !== undefined && interfaceIndex === undefined) return absentDevice(device);
  return { ...(gateway === undefined ? {} : { gateway }), interfaceIndex: interfaceIndex ?? 0, weight };
}

function toKernelNextHop({ gateway, interfaceIndex, weight }: MessageNextHop, nameOf: NameOf): KernelNextHop {
  const device = interfaceIndex === 0 ? undefined : nameOf(interfaceIndex);
  return {
    ...(gateway === undefined ? {} : { gateway }),
    ...(device === undefined ? {} : { device }),
    ...(weight === 1 ? {} : { weight }),
  };
}

function leadsSomewhere(type: KernelRoute['type']): boolean {
  return type === 'unicast' || type === 'local';
}

function isUnsigned(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= limit;
}
