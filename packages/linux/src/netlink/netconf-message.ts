import { AttributeCursor, LITTLE_ENDIAN, type Octets } from './netlink-message.ts';
import { AF_INET, AF_INET6 } from './route-message.ts';

export const RTM_NEWNETCONF = 80;

const NETCONFA_IFINDEX = 1;
const NETCONFA_FORWARDING = 2;
const NETCONFA_RP_FILTER = 3;
const NETCONFA_PROXY_NEIGH = 5;
const NETCONFA_IFINDEX_ALL = -1;

/** One octet, filled up. */
const NETCONFMSG_OCTETS = 4;

/**
 * Settings of an interface, as rtnetlink tells of them when they change (linux/netconf.h): those that changed, or on a
 * new interface all that it tells of.
 *
 * ```
 * +-------------------------------+-------------------------------+
 * |    family     |                  filling                      |
 * +---------------------------------------------------------------+
 * | NETCONFA_IFINDEX · _FORWARDING · _RP_FILTER · _PROXY_NEIGH:   |
 * | signed, 32 bits each; an index of -1 means all interfaces, -2 |
 * | those that are yet to come                                    |
 * +---------------------------------------------------------------+
 * ```
 */
export interface NetconfMessage {
  readonly family: 4 | 6;
  readonly interfaceIndex: number | 'all';
  /** Names as under /proc/sys/net/ipv4/conf or ipv6/conf. */
  readonly values: readonly (readonly [name: string, value: number])[];
}

/** Reads structure and attributes; `undefined` if they are cut off, of another family, or about future interfaces. */
export function readNetconf(octets: Octets, start: number, end: number): NetconfMessage | undefined {
  if (start + NETCONFMSG_OCTETS > end) return undefined;
  const { view } = octets;
  const addressFamily = view.getUint8(start);
  if (addressFamily !== AF_INET && addressFamily !== AF_INET6) return undefined;
  const family = addressFamily === AF_INET ? 4 : 6;
  const values: [string, number][] = [];
  let index: number | undefined;
  const attributes = new AttributeCursor(octets, start + NETCONFMSG_OCTETS, end);
  while (attributes.next()) {
    if (attributes.end - attributes.start < 4) return undefined;
    const value = view.getInt32(attributes.start, LITTLE_ENDIAN);
    if (attributes.type === NETCONFA_IFINDEX) index = value;
    const name = nameOf(attributes.type, family);
    if (name !== undefined) values.push([name, value]);
  }
  if (index === undefined || (index < 0 && index !== NETCONFA_IFINDEX_ALL)) return undefined;
  return { family, interfaceIndex: index === NETCONFA_IFINDEX_ALL ? 'all' : index, values };
}

function nameOf(type: number, family: 4 | 6): string | undefined {
  switch (type) {
    case NETCONFA_FORWARDING:
      return 'forwarding';
    case NETCONFA_RP_FILTER:
      return family === 4 ? 'rp_filter' : undefined;
    case NETCONFA_PROXY_NEIGH:
      return family === 4 ? 'proxy_arp' : 'proxy_ndp';
    default:
      return undefined;
  }
}
