import { PROTOCOL_NUMBERS, type SecurityGroupRule } from '@slash32/shared';

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROTOCOL_NUMBERS).map(([name, number]) => [number, name]),
);

/** `tcp`, or `proto 200` for a protocol without a name here. */
export function protocolText(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? `proto ${protocol}`;
}

/** A rule as a sentence: `ingress IPv4 tcp 8000-8080 from group tenant-a/web`. */
export function ruleText(rule: SecurityGroupRule): string {
  const parts: string[] = [rule.direction, rule.ethertype, trafficText(rule)];
  parts.push(rule.direction === 'ingress' ? 'from' : 'to', remoteText(rule));
  return parts.join(' ');
}

function trafficText({ protocol, ports, icmp }: SecurityGroupRule): string {
  if (protocol === undefined) return 'any protocol';
  const name = protocolText(protocol);
  if (ports !== undefined)
    return `${name} ${ports.first === ports.last ? ports.first : `${ports.first}-${ports.last}`}`;
  if (icmp?.type !== undefined) {
    return `${name} type ${icmp.type}${icmp.code === undefined ? '' : ` code ${icmp.code}`}`;
  }
  return name;
}

function remoteText({ remote }: SecurityGroupRule): string {
  if (remote?.cidr !== undefined) return remote.cidr;
  if (remote?.group !== undefined) return `group ${remote.group}`;
  if (remote?.addressGroup !== undefined) return `address group ${remote.addressGroup}`;
  return 'anybody';
}
