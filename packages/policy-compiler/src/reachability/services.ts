import type { AddressFamily, SecurityGroupRule } from '@slash32/shared';
import { IntervalSet } from './interval-set.ts';

/**
 * What a packet is for, apart from its addresses, as one number, so that sets of services are sets of intervals:
 *
 *     23          16 15                              0
 *    +--------------+---------------------------------+
 *    |   protocol   |  destination port, or           |
 *    |    number    |  ICMP type (15–8), code (7–0)   |
 *    +--------------+---------------------------------+
 *
 * Of a protocol that has neither, all 65,536 values mean the same, and sets have all of them or none.
 */
export type ServiceSet = IntervalSet;

const DETAIL_BITS = 16n;
const LAST_DETAIL = 0xffffn;

export const ANY_SERVICE: ServiceSet = IntervalSet.range(0n, (256n << DETAIL_BITS) - 1n);

export const ICMP: Readonly<Record<AddressFamily, number>> = { 4: 1, 6: 58 };

/** ICMP messages that conntrack begins a flow with: requests. */
const FLOW_BEGINNERS: Readonly<Record<AddressFamily, readonly number[]>> = { 4: [8, 13, 15, 17], 6: [128, 139] };

/** Router advertisement and redirect: an instance may send neither. */
export const ROUTER_MESSAGES: ServiceSet = IntervalSet.unionOf([icmpTypes(6, 134), icmpTypes(6, 137)]);

/** All services but ICMP messages that begin no flow: what a stateful end can judge as new. */
export const FLOW_BEGINNING: Readonly<Record<AddressFamily, ServiceSet>> = {
  4: flowBeginning(4),
  6: flowBeginning(6),
};

/** All services of a protocol. */
export function protocolServices(protocol: number, first = 0, last = Number(LAST_DETAIL)): ServiceSet {
  const base = BigInt(protocol) << DETAIL_BITS;
  return IntervalSet.range(base + BigInt(first), base + BigInt(last));
}

export function icmpTypes(family: AddressFamily, type: number): ServiceSet {
  return protocolServices(ICMP[family], type << 8, (type << 8) | 0xff);
}

/** What a rule allows, whoever the far end is. */
export function ruleServices({ ethertype, protocol, ports, icmp }: SecurityGroupRule): ServiceSet {
  if (protocol === undefined) return ANY_SERVICE;
  if (ports !== undefined) return protocolServices(protocol, ports.first, ports.last);
  if (icmp?.type === undefined) return protocolServices(protocol);
  if (icmp.code === undefined) return icmpTypes(ethertype === 'IPv4' ? 4 : 6, icmp.type);
  const detail = (icmp.type << 8) | icmp.code;
  return protocolServices(protocol, detail, detail);
}

/** The number of a packet. */
export function serviceOf(packet: {
  readonly protocol: number;
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
}): bigint {
  const detail = packet.icmp === undefined ? (packet.port ?? 0) : (packet.icmp.type << 8) | packet.icmp.code;
  return (BigInt(packet.protocol) << DETAIL_BITS) | BigInt(detail);
}

function flowBeginning(family: AddressFamily): ServiceSet {
  return ANY_SERVICE.subtract(protocolServices(ICMP[family])).union(
    IntervalSet.unionOf(FLOW_BEGINNERS[family].map((type) => icmpTypes(family, type))),
  );
}
