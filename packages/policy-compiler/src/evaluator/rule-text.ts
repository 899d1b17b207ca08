import { PROTOCOL_NUMBERS, type SecurityGroupRule } from '@slash32/shared';

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROTOCOL_NUMBERS).map(([name, number]) => [number, name]),
);

export function protocolText(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? `protocol ${protocol}`;
}

/** One line: `ingress IPv4 tcp 443 from 0.0.0.0/0`. */
export function ruleText(rule: SecurityGroupRule): string {
  const words: string[] = [rule.direction, rule.ethertype];
  words.push(rule.protocol === undefined ? 'any protocol' : protocolText(rule.protocol));
  if (rule.ports !== undefined) {
    words.push(rule.ports.first === rule.ports.last ? `${rule.ports.first}` : `${rule.ports.first}-${rule.ports.last}`);
  }
  if (rule.icmp?.type !== undefined) words.push(`type ${rule.icmp.type}`);
  if (rule.icmp?.code !== undefined) words.push(`code ${rule.icmp.code}`);
  words.push(rule.direction === 'ingress' ? 'from' : 'to');
  const { cidr, group, addressGroup } = rule.remote ?? {};
  if (group !== undefined) words.push(`members of ${group}`);
  else if (addressGroup !== undefined) words.push(`address group ${addressGroup}`);
  else words.push(cidr ?? 'anybody');
  return words.join(' ');
}
