import {
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  resolveReference,
  type SecurityGroupRule,
} from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';

/** The first packet of a flow, as the rules of one end see it. */
export interface JudgedPacket {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** The far end's address. */
  readonly farAddress: string;
}

/** Whether a rule of a group in `namespace` allows the packet. Neutron: a field that is left out matches anything. */
export function ruleAllows(
  model: FabricModel,
  namespace: string,
  rule: SecurityGroupRule,
  direction: 'ingress' | 'egress',
  packet: JudgedPacket,
): boolean {
  if (rule.direction !== direction) return false;
  if (rule.ethertype !== (packet.family === 4 ? 'IPv4' : 'IPv6')) return false;
  if (rule.protocol !== undefined && rule.protocol !== packet.protocol) return false;
  if (rule.ports !== undefined) {
    if (packet.port === undefined || packet.port < rule.ports.first || packet.port > rule.ports.last) return false;
  }
  if (rule.icmp?.type !== undefined && rule.icmp.type !== packet.icmp?.type) return false;
  if (rule.icmp?.code !== undefined && rule.icmp.code !== packet.icmp?.code) return false;
  return isRemote(model, namespace, rule.remote, packet.farAddress);
}

function isRemote(
  model: FabricModel,
  namespace: string,
  remote: SecurityGroupRule['remote'],
  address: string,
): boolean {
  if (remote?.cidr !== undefined) return isIn(remote.cidr, address);
  if (remote?.addressGroup !== undefined) {
    const group = model.addressGroup(resolveReference(remote.addressGroup, namespace));
    return group?.spec.cidrs.some((cidr) => isIn(cidr, address)) ?? false;
  }
  if (remote?.group === undefined) return true;
  const group = resolveReference(remote.group, namespace);
  for (const member of model.instances()) {
    if (member.state !== 'open' || !member.groups.includes(group)) continue;
    if (member.addresses.includes(address)) return true;
    if (member.pairs.some((pair) => isIn(pair.prefix, address))) return true;
  }
  return false;
}

export function isIn(prefix: string, address: string): boolean {
  return prefixContains(parseIpPrefix(prefix), parseIpAddress(address));
}
