import { z } from 'zod';
import { apiVersionField, groupReferenceField, namespacedMetadata, prefixField, statusField } from './field-types.ts';
import { logDropsField } from './log-drops.ts';

/** IP protocol numbers by the names that rules may use (Neutron's list, IANA's numbers). */
export const PROTOCOL_NUMBERS = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  dccp: 33,
  'ipv6-encap': 41,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  ospf: 89,
  pgm: 113,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
} as const satisfies Record<string, number>;

export type ProtocolName = keyof typeof PROTOCOL_NUMBERS;

/** Protocols whose first four octets are source and destination port. */
const PROTOCOLS_WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

/** A protocol number 0–255; names are turned into numbers. Left out: any protocol. */
const protocolField = z.union([z.string(), z.int()]).transform((value, context) => {
  const text = String(value).toLowerCase();
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  if (Object.hasOwn(PROTOCOL_NUMBERS, text)) return PROTOCOL_NUMBERS[text as ProtocolName];
  context.addIssue(
    `"${value}" is not a protocol; use a number 0–255 or one of ${Object.keys(PROTOCOL_NUMBERS).join(', ')}; leave it out for any`,
  );
  return z.NEVER;
});

/** An inclusive range of ports. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `443`, `"443"` or `"8000-8080"` → range. */
const portsField = z.union([z.int(), z.string()]).transform((value, context): PortRange => {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value).replaceAll(' ', ''));
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > 65_535 || last > 65_535) {
    context.addIssue(`"${value}" is not a port or range; write 443 or "8000-8080", within 0–65535`);
    return z.NEVER;
  }
  if (first > last) {
    context.addIssue(`"${value}" is upside down; write "${last}-${first}"`);
    return z.NEVER;
  }
  return { first, last };
});

const icmpField = z.strictObject({
  type: z.int().min(0).max(255).optional(),
  code: z.int().min(0).max(255).optional(),
});

const remoteField = z
  .strictObject({
    cidr: prefixField.optional().describe('a prefix; must be of the ethertype'),
    group: groupReferenceField.optional().describe('a SecurityGroup: the addresses of its members'),
    addressGroup: groupReferenceField.optional().describe('an AddressGroup'),
  })
  .refine(
    (remote) => Object.values(remote).filter((value) => value !== undefined).length === 1,
    'needs exactly one of cidr, group, addressGroup; leave remote out for anybody',
  );

export const securityGroupRuleSchema = z
  .strictObject({
    direction: z.enum(['ingress', 'egress'], 'must be ingress or egress'),
    ethertype: z.enum(['IPv4', 'IPv6'], 'must be IPv4 or IPv6').describe('a rule is for one family'),
    protocol: protocolField.optional().describe('name or number 0–255; left out: any'),
    ports: portsField.optional().describe('destination ports; needs tcp, udp, sctp, dccp or udplite'),
    icmp: icmpField.optional().describe('ICMP type and code; needs icmp or icmpv6'),
    remote: remoteField.optional().describe('the far end; left out: anybody'),
    description: z.string().max(255).optional().describe('for people'),
  })
  .check((context) => {
    const rule = context.value;
    const issue = (path: string[], message: string): void => {
      context.issues.push({ code: 'custom', input: rule, path, message });
    };
    const isIcmp = rule.protocol === 1 || rule.protocol === 58;
    if (rule.ports !== undefined && (rule.protocol === undefined || !PROTOCOLS_WITH_PORTS.has(rule.protocol))) {
      issue(['ports'], 'needs a protocol that has ports: tcp, udp, sctp, dccp or udplite');
    }
    if (rule.icmp !== undefined && !isIcmp) issue(['icmp'], 'needs protocol icmp (IPv4) or icmpv6 (IPv6)');
    if (rule.icmp?.code !== undefined && rule.icmp.type === undefined)
      issue(['icmp', 'code'], 'needs icmp.type as well');
    if (rule.protocol === 1 && rule.ethertype === 'IPv6')
      issue(['protocol'], 'is IPv4’s icmp; use icmpv6 with ethertype IPv6');
    if (rule.protocol === 58 && rule.ethertype === 'IPv4')
      issue(['protocol'], 'is IPv6’s icmpv6; use icmp with ethertype IPv4');
    const cidr = rule.remote?.cidr;
    if (cidr !== undefined && cidr.includes(':') !== (rule.ethertype === 'IPv6')) {
      issue(['remote', 'cidr'], `${cidr} is not ${rule.ethertype}; change the cidr or the ethertype`);
    }
  });

/** The protocol's name where rules may use it, else its number. */
export function formatProtocol(protocol: number): ProtocolName | number {
  const entry = Object.entries(PROTOCOL_NUMBERS).find(([, number]) => number === protocol);
  return entry === undefined ? protocol : (entry[0] as ProtocolName);
}

/** `443` or `"8000-8080"`, as rules write it. */
export function formatPorts(ports: PortRange): number | string {
  return ports.first === ports.last ? ports.first : `${ports.first}-${ports.last}`;
}

export type SecurityGroupRule = z.output<typeof securityGroupRuleSchema>;

/** What may pass: rules only allow, replies of a stateful group pass, everything else is dropped. */
export const securityGroupSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('SecurityGroup'),
    metadata: namespacedMetadata,
    spec: z.strictObject({
      stateful: z.boolean().default(true).describe('false: replies need rules of their own'),
      counters: z
        .boolean()
        .optional()
        .describe('each rule counts the packets that it let pass; left out: as policyCounters of FabricConfiguration'),
      logDrops: logDropsField
        .optional()
        .describe('logs what instances of this group drop; an Instance’s own comes first'),
      rules: z.array(securityGroupRuleSchema).default([]).describe('each allows something; none: nothing passes'),
    }),
    status: statusField,
  })
  .describe('what may pass; rules only allow, everything else is dropped');

export type SecurityGroup = z.output<typeof securityGroupSchema>;
