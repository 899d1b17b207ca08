import { addressOctets, addressText, prefixOctets } from './address-octets.ts';
import type { MessageWriter } from './message-writer.ts';
import { ATTRIBUTE_HEADER_OCTETS, AttributeCursor, aligned, LITTLE_ENDIAN, type Octets } from './netlink-message.ts';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

/** rtm_type; unspecified, in a deletion or a filter, means any. */
export const RTN_UNSPEC = 0;
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;

/** rtm_scope; IPv6 has none but global (RT_SCOPE_UNIVERSE). Nowhere, in a deletion, means any. */
export const RT_SCOPE_GLOBAL = 0;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_HOST = 254;
export const RT_SCOPE_NOWHERE = 255;

export const AF_INET = 2;
export const AF_INET6 = 10;

/** rtm_flags: a route that the kernel made for one flow out of another. */
const RTM_F_CLONED = 0x200;

export const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;

export const RTMSG_OCTETS = 12;
/** Where {@link writeRoute} has the address of a host route, from the start of the structure. */
export const HOST_ADDRESS_AT = RTMSG_OCTETS + ATTRIBUTE_HEADER_OCTETS;
const RTNEXTHOP_OCTETS = 8;

export interface MessageNextHop {
  /** Canonical text; of the other family, it goes as RTA_VIA. */
  readonly gateway?: string;
  /** 0: none. */
  readonly interfaceIndex: number;
  /** 1–256. */
  readonly weight: number;
}

/**
 * A route as rtnetlink has it (RFC 3549 section 3.1.1, linux/rtnetlink.h):
 *
 * ```
 * +-------------------------------+-------------------------------+
 * |    family     |  prefix len   | source prefix |      TOS      |
 * +-------------------------------+-------------------------------+
 * | table (≤ 255) |   protocol    |     scope     |     type      |
 * +-------------------------------+-------------------------------+
 * |                             flags                             |
 * +---------------------------------------------------------------+
 * | RTA_DST address · RTA_TABLE u32 · RTA_PRIORITY u32 (metric) · |
 * | RTA_PREFSRC address, and of one next hop                      |
 * | RTA_OIF u32 · RTA_GATEWAY address (same family) or            |
 * | RTA_VIA (family u16, address), or of several RTA_MULTIPATH,   |
 * | a sequence of:                                                |
 * +-------------------------------+-------------------------------+
 * | length of this next hop       |     flags     |  weight - 1   |
 * +-------------------------------+-------------------------------+
 * |                        interface index                        |
 * +---------------------------------------------------------------+
 * | RTA_GATEWAY or RTA_VIA                                        |
 * +---------------------------------------------------------------+
 * ```
 */
export interface RouteMessage {
  readonly family: number;
  /** `ADDRESS/LENGTH`. */
  readonly prefix: string;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  /** Absent: RTA_PRIORITY is left out, which Linux takes for 0 (IPv4) or 1024 (IPv6). */
  readonly metric?: number;
  readonly source?: string;
  readonly nextHops: readonly MessageNextHop[];
}

/** Writes structure and attributes behind a header. What goes in must have been read by `addressOctets` before. */
export function writeRoute(writer: MessageWriter, route: RouteMessage): void {
  const prefix = prefixOctets(route.prefix);
  if (prefix === undefined) throw new RangeError(`"${route.prefix}" is not a prefix`);
  writeRouteStructure(writer, { ...route, prefixLength: prefix.length });
  if (prefix.length > 0) writer.attributeBytes(RTA_DST, prefix.octets);
  if (route.table > 255) writer.attributeUint32(RTA_TABLE, route.table);
  if (route.metric !== undefined) writer.attributeUint32(RTA_PRIORITY, route.metric);
  if (route.source !== undefined) writer.attributeBytes(RTA_PREFSRC, requiredOctets(route.source));
  const [first, ...others] = route.nextHops;
  if (first === undefined) return;
  // Linux has no multipath IPv6 route of one next hop without gateway.
  if (others.length > 0) {
    writeMultipath(writer, route);
    return;
  }
  if (first.interfaceIndex !== 0) writer.attributeUint32(RTA_OIF, first.interfaceIndex);
  writeGateway(writer, route.family, first);
}

export interface RouteDumpFilter {
  readonly family: number;
  readonly table: number;
  /** 0: any. */
  readonly protocol: number;
  /** 0: any. */
  readonly type: number;
}

/** The request for a dump that the kernel filters (NETLINK_GET_STRICT_CHK). */
export function writeRouteDump(writer: MessageWriter, filter: RouteDumpFilter): void {
  writeRouteStructure(writer, { ...filter, prefixLength: 0, scope: 0 });
}

/** Reads structure and attributes; `undefined` if they are cut off, of another family, or of a clone. */
export function readRoute(octets: Octets, start: number, end: number): RouteMessage | undefined {
  if (start + RTMSG_OCTETS > end) return undefined;
  const { bytes, view } = octets;
  const family = view.getUint8(start);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  if ((view.getUint32(start + 8, LITTLE_ENDIAN) & RTM_F_CLONED) !== 0) return undefined;
  const prefixLength = view.getUint8(start + 1);
  let table = view.getUint8(start + 4);
  let destination = family === AF_INET ? '0.0.0.0' : '::';
  let metric: number | undefined;
  let source: string | undefined;
  let interfaceIndex = 0;
  let gateway: string | undefined;
  let multipath: readonly MessageNextHop[] | undefined;
  const attributes = new AttributeCursor(octets, start + RTMSG_OCTETS, end);
  while (attributes.next()) {
    switch (attributes.type) {
      case RTA_DST:
        destination = addressText(bytes, attributes.start, attributes.end) ?? destination;
        break;
      case RTA_TABLE:
        table = attributes.uint32;
        break;
      case RTA_PRIORITY:
        metric = attributes.uint32;
        break;
      case RTA_PREFSRC:
        source = addressText(bytes, attributes.start, attributes.end);
        break;
      case RTA_OIF:
        interfaceIndex = attributes.uint32;
        break;
      case RTA_GATEWAY:
        gateway = addressText(bytes, attributes.start, attributes.end);
        break;
      case RTA_VIA:
        gateway = addressText(bytes, attributes.start + 2, attributes.end);
        break;
      case RTA_MULTIPATH:
        multipath = readMultipath(octets, attributes.start, attributes.end);
        break;
    }
  }
  const single = interfaceIndex === 0 && gateway === undefined ? [] : [nextHop(interfaceIndex, gateway, 1)];
  return {
    family,
    prefix: `${destination}/${prefixLength}`,
    table,
    protocol: view.getUint8(start + 5),
    scope: view.getUint8(start + 6),
    type: view.getUint8(start + 7),
    ...(metric === undefined ? {} : { metric }),
    ...(source === undefined ? {} : { source }),
    nextHops: multipath ?? single,
  };
}

interface RouteStructure extends RouteDumpFilter {
  readonly prefixLength: number;
  readonly scope: number;
}

function writeRouteStructure(writer: MessageWriter, route: RouteStructure): void {
  writer.uint8(route.family);
  writer.uint8(route.prefixLength);
  writer.uint16(0);
  writer.uint8(route.table > 255 ? 0 : route.table);
  writer.uint8(route.protocol);
  writer.uint8(route.scope);
  writer.uint8(route.type);
  writer.uint32(0);
}

function writeMultipath(writer: MessageWriter, route: RouteMessage): void {
  const multipath = writer.openAttribute(RTA_MULTIPATH);
  for (const hop of route.nextHops) {
    const start = writer.position;
    writer.uint16(0);
    writer.uint8(0);
    writer.uint8(hop.weight - 1);
    writer.uint32(hop.interfaceIndex);
    writeGateway(writer, route.family, hop);
    writer.patchUint16(start, writer.position - start);
  }
  writer.closeAttribute(multipath);
}

function writeGateway(writer: MessageWriter, family: number, hop: MessageNextHop): void {
  if (hop.gateway === undefined) return;
  const octets = requiredOctets(hop.gateway);
  const gatewayFamily = octets.length === 4 ? AF_INET : AF_INET6;
  if (gatewayFamily === family) {
    writer.attributeBytes(RTA_GATEWAY, octets);
    return;
  }
  const via = writer.openAttribute(RTA_VIA);
  writer.uint16(gatewayFamily);
  writer.raw(octets);
  writer.closeAttribute(via);
}

function readMultipath(octets: Octets, start: number, end: number): readonly MessageNextHop[] {
  const { bytes, view } = octets;
  const nextHops: MessageNextHop[] = [];
  let at = start;
  while (at + RTNEXTHOP_OCTETS <= end) {
    const size = view.getUint16(at, LITTLE_ENDIAN);
    if (size < RTNEXTHOP_OCTETS || at + size > end) break;
    let gateway: string | undefined;
    const attributes = new AttributeCursor(octets, at + RTNEXTHOP_OCTETS, at + size);
    while (attributes.next()) {
      if (attributes.type === RTA_GATEWAY) gateway = addressText(bytes, attributes.start, attributes.end);
      else if (attributes.type === RTA_VIA) gateway = addressText(bytes, attributes.start + 2, attributes.end);
    }
    nextHops.push(nextHop(view.getUint32(at + 4, LITTLE_ENDIAN), gateway, view.getUint8(at + 3) + 1));
    at += aligned(size);
  }
  return nextHops;
}

function nextHop(interfaceIndex: number, gateway: string | undefined, weight: number): MessageNextHop {
  return gateway === undefined ? { interfaceIndex, weight } : { gateway, interfaceIndex, weight };
}

function requiredOctets(address: string): Uint8Array {
  const octets = addressOctets(address);
  if (octets === undefined) throw new RangeError(`"${address}" is not an address`);
  return octets;
}
