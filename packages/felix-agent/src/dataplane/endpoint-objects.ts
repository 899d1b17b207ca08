import type { InterfaceAddress, KernelRoute, PermanentNeighbour } from '@slash32/linux';
import { ROUTE_PROTOCOL } from '@slash32/shared';
import type { LocalEndpoint } from '../graph/local-endpoint.ts';

/** First hop of IPv6 instances whose pool names none; on every tap. */
export const IPV6_LINK_LOCAL_GATEWAY = 'fe80::1';

/** A sysctl key (slashes, without /proc/sys) and the value it must have. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  /** True if the endpoint works without it where the kernel has no such key (a kernel without IPv6). */
  readonly optional: boolean;
}

/** One `scope link` route per address to the endpoint's tap: what the FIB routes by and the speaker announces. */
export function endpointRoutes(endpoint: LocalEndpoint): KernelRoute[] {
  return endpoint.addresses.map((address) =>
    isIpv6(address)
      ? {
          family: 6,
          prefix: `${address}/128`,
          type: 'unicast',
          protocol: ROUTE_PROTOCOL.endpoint,
          nextHops: [{ device: endpoint.interface }],
        }
      : {
          family: 4,
          prefix: `${address}/32`,
          type: 'unicast',
          protocol: ROUTE_PROTOCOL.endpoint,
          scope: 'link',
          nextHops: [{ device: endpoint.interface }],
        },
  );
}

/**
 * The IPv4 gateway as an address of the host that is on no interface: ARP answers for it on every tap, also on a host
 * without a default route, and nothing announces it.
 */
export function gatewayRoute(gateway: string): KernelRoute {
  return {
    family: 4,
    prefix: `${gateway}/32`,
    type: 'local',
    protocol: ROUTE_PROTOCOL.gateway,
    scope: 'host',
    nextHops: [{ device: 'lo' }],
  };
}

/** Permanent entries, so that the host never asks an instance who it is, and no instance can answer for another. */
export function endpointNeighbours(endpoint: LocalEndpoint): PermanentNeighbour[] {
  return endpoint.addresses.map((address) => ({ device: endpoint.interface, address, mac: endpoint.mac }));
}

/**
 * IPv6 gateways on the tap itself: neighbour discovery, unlike ARP, answers only for addresses of the interface that
 * the question came in on.
 */
export function endpointInterfaceAddresses(endpoint: LocalEndpoint): InterfaceAddress[] {
  if (!endpoint.addresses.some(isIpv6)) return [];
  const gateways = new Set([IPV6_LINK_LOCAL_GATEWAY, ...endpoint.gateways.filter(isIpv6)]);
  return [...gateways].map((gateway) => ({
    device: endpoint.interface,
    address: `${gateway}/${gateway.startsWith('fe80:') ? 64 : 128}`,
  }));
}

export function endpointSettings(endpoint: LocalEndpoint): Setting[] {
  const ipv4 = (name: string, value: string): Setting => ({
    key: `net/ipv4/conf/${endpoint.interface}/${name}`,
    value,
    optional: false,
  });
  const hasIpv6 = endpoint.addresses.some(isIpv6);
  const ipv6 = (name: string, value: string): Setting => ({
    key: `net/ipv6/conf/${endpoint.interface}/${name}`,
    value,
    optional: !hasIpv6,
  });
  return [
    ipv4('forwarding', '1'),
    ipv4('proxy_arp', '1'),
    { key: `net/ipv4/neigh/${endpoint.interface}/proxy_delay`, value: '0', optional: false },
    // The reverse path of an allowed address pair is not this tap; the anti-spoofing sets judge those endpoints alone.
    ipv4('rp_filter', endpoint.sendsFromElsewhere ? '0' : '1'),
    ipv4('send_redirects', '0'),
    ipv4('accept_redirects', '0'),
    ipv4('accept_source_route', '0'),
    ipv4('route_localnet', '0'),
    ...(hasIpv6 ? [ipv6('disable_ipv6', '0')] : []),
    ipv6('forwarding', '1'),
    ipv6('proxy_ndp', '1'),
    ipv6('accept_ra', '0'),
    ipv6('autoconf', '0'),
    ipv6('accept_redirects', '0'),
    ipv6('addr_gen_mode', '1'), // no address from the MAC: the tap has fe80::1 and nothing else
  ];
}

/** Settings of the host, without which no tap's matter. Written before any tap's, because they reset those. */
export const HOST_SETTINGS: readonly Setting[] = [
  { key: 'net/ipv4/ip_forward', value: '1', optional: false },
  { key: 'net/ipv6/conf/all/forwarding', value: '1', optional: true },
];

function isIpv6(address: string): boolean {
  return address.includes(':');
}
