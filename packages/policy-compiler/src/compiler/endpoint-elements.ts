import { type AddressFamily, type IpPrefix, type NftSet, type NftTableId, parseIpPrefix } from '@slash32/shared';
import { concatenation, interfaceElement, prefixElement } from '../ir/element-text.ts';
import { maximalPrefixes } from '../ir/maximal-prefixes.ts';
import { NAMES } from '../ir/names.ts';
import { addressOfHostPrefix } from '../model/membership-index.ts';
import type { OpenInstance } from '../model/resolved-instance.ts';
import { ARP_TABLE, INET_TABLE } from './tables.ts';

/** An element of a static set or map. */
export interface EndpointElement {
  readonly table: NftTableId;
  readonly set: string;
  readonly key: string;
  /** '' in a set. */
  readonly data: string;
}

/** Verdicts of the endpoint's ends, as map data: `jump CHAIN`. */
export interface EndpointVerdicts {
  readonly egress: string;
  readonly ingress: string;
  /** Of an endpoint that is judged by packet. */
  readonly packet?: { readonly egress: string; readonly ingress: string };
}

type SetDefinition = Omit<NftSet, 'elements'>;

function plain(name: string, type: string): SetDefinition {
  return { name, type, interval: false };
}

function interval(name: string, type: string): SetDefinition {
  return { name, type, interval: true };
}

function verdicts(name: string): SetDefinition {
  return { name, type: 'ifname', dataType: 'verdict', interval: false };
}

/** The sets that hold endpoints and the site: always there, so that an endpoint is nothing but elements. */
export const STATIC_SETS: Readonly<Record<NftTableId, readonly SetDefinition[]>> = {
  [INET_TABLE]: [
    plain(NAMES.taps, 'ifname'),
    plain(NAMES.unfiltered, 'ifname'),
    plain(NAMES.masqueraded, 'ifname'),
    plain(NAMES.macs, 'ifname . ether_addr'),
    plain(NAMES.sources[4], 'ifname . ether_addr . ipv4_addr'),
    plain(NAMES.sources[6], 'ifname . ether_addr . ipv6_addr'),
    interval(NAMES.pairs[4], 'ifname . ether_addr . ipv4_addr'),
    interval(NAMES.pairs[6], 'ifname . ether_addr . ipv6_addr'),
    plain(NAMES.gateways[4], 'ifname . ipv4_addr'),
    plain(NAMES.gateways[6], 'ifname . ipv6_addr'),
    interval(NAMES.site[4], 'ipv4_addr'),
    interval(NAMES.site[6], 'ipv6_addr'),
    plain(NAMES.hosts[4], 'ipv4_addr'),
    plain(NAMES.hosts[6], 'ipv6_addr'),
    verdicts(NAMES.endpoints.flow.egress),
    verdicts(NAMES.endpoints.flow.ingress),
  ],
  [ARP_TABLE]: [
    plain(NAMES.unfiltered, 'ifname'),
    plain(NAMES.macs, 'ifname . ether_addr'),
    plain(NAMES.own, 'ifname . ipv4_addr'),
    plain(NAMES.sources[4], 'ifname . ether_addr . ipv4_addr'),
    interval(NAMES.pairs[4], 'ifname . ether_addr . ipv4_addr'),
  ],
};

/** Present only while an endpoint is judged by packet. */
export const STATELESS_SETS: readonly SetDefinition[] = [
  plain(NAMES.stateless, 'ifname'),
  verdicts(NAMES.endpoints.packet.egress),
  verdicts(NAMES.endpoints.packet.ingress),
];

/** All that the kernel is to know about one endpoint. */
export function endpointElements(instance: OpenInstance, verdict: EndpointVerdicts): EndpointElement[] {
  const elements: EndpointElement[] = [];
  const tap = interfaceElement(instance.interface);
  const inet = (set: string, key: string, data = ''): void => {
    elements.push({ table: INET_TABLE, set, key, data });
  };
  const arp = (set: string, key: string): void => {
    elements.push({ table: ARP_TABLE, set, key, data: '' });
  };

  inet(NAMES.taps, tap);
  inet(NAMES.endpoints.flow.egress, tap, verdict.egress);
  inet(NAMES.endpoints.flow.ingress, tap, verdict.ingress);
  if (verdict.packet !== undefined) {
    inet(NAMES.stateless, tap);
    inet(NAMES.endpoints.packet.egress, tap, verdict.packet.egress);
    inet(NAMES.endpoints.packet.ingress, tap, verdict.packet.ingress);
  }
  if (instance.egressNat === 'masquerade') inet(NAMES.masqueraded, tap);
  for (const gateway of instance.gateways) inet(NAMES.gateways[familyOf(gateway)], concatenation(tap, gateway));

  for (const address of instance.addresses) {
    if (familyOf(address) === 4) arp(NAMES.own, concatenation(tap, address));
  }

  const addresses = new Map(
    instance.addresses.map((address) => [`${instance.mac} ${address}`, { mac: instance.mac, address }]),
  );
  for (const { prefix, mac } of instance.pairs) {
    const address = addressOfHostPrefix(prefix);
    if (address !== undefined) addresses.set(`${mac} ${address}`, { mac, address });
  }
  if (!instance.portSecurity) {
    inet(NAMES.unfiltered, tap);
    arp(NAMES.unfiltered, tap);
    return elements;
  }

  for (const mac of new Set([instance.mac, ...instance.pairs.map((pair) => pair.mac)])) {
    inet(NAMES.macs, concatenation(tap, mac));
    arp(NAMES.macs, concatenation(tap, mac));
  }
  for (const { mac, address } of addresses.values()) {
    const key = concatenation(tap, mac, address);
    inet(NAMES.sources[familyOf(address)], key);
    if (familyOf(address) === 4) arp(NAMES.sources[4], key);
  }
  for (const [mac, prefixes] of widePairs(instance)) {
    for (const prefix of maximalPrefixes(prefixes)) {
      const key = concatenation(tap, mac, prefixElement(prefix));
      inet(NAMES.pairs[prefix.family], key);
      if (prefix.family === 4) arp(NAMES.pairs[4], key);
    }
  }
  return elements;
}

/** Pairs of more than one address, by MAC. */
function widePairs(instance: OpenInstance): Map<string, IpPrefix[]> {
  const byMac = new Map<string, IpPrefix[]>();
  for (const { prefix, mac } of instance.pairs) {
    if (addressOfHostPrefix(prefix) !== undefined) continue;
    const list = byMac.get(mac) ?? [];
    list.push(parseIpPrefix(prefix));
    byMac.set(mac, list);
  }
  return byMac;
}

function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 6 : 4;
}
