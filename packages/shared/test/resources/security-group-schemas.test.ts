import { describe, expect, test } from 'vitest';
import { messagesOf, type RefusedFields, rule } from '../support/schema-check.ts';

describe('what is refused of groups', () => {
  test.each<RefusedFields>([
    ['SecurityGroup', rule({ direction: 'in' }), ['`spec.rules[0].direction` must be ingress or egress']],
    ['SecurityGroup', rule({ ethertype: 'ipv4' }), ['`spec.rules[0].ethertype` must be IPv4 or IPv6']],
    [
      'SecurityGroup',
      rule({ protocol: 'tpc' }),
      [
        expect.stringMatching(
          /^`spec\.rules\[0\]\.protocol`: "tpc" is not a protocol; use a number 0–255 or one of icmp, /,
        ),
      ],
    ],
    ['SecurityGroup', rule({ protocol: 256 }), [expect.stringContaining('"256" is not a protocol')]],
    [
      'SecurityGroup',
      rule({ ports: 443 }),
      ['`spec.rules[0].ports` needs a protocol that has ports: tcp, udp, sctp, dccp or udplite'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'gre', ports: 443 }),
      ['`spec.rules[0].ports` needs a protocol that has ports: tcp, udp, sctp, dccp or udplite'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'tcp', ports: '90-80' }),
      ['`spec.rules[0].ports`: "90-80" is upside down; write "80-90"'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'tcp', ports: 65_536 }),
      ['`spec.rules[0].ports`: "65536" is not a port or range; write 443 or "8000-8080", within 0–65535'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'tcp', ports: 'http' }),
      ['`spec.rules[0].ports`: "http" is not a port or range; write 443 or "8000-8080", within 0–65535'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'tcp', icmp: { type: 8 } }),
      ['`spec.rules[0].icmp` needs protocol icmp (IPv4) or icmpv6 (IPv6)'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'icmp', icmp: { code: 0 } }),
      ['`spec.rules[0].icmp.code` needs icmp.type as well'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'icmp', icmp: { type: 256 } }),
      ['`spec.rules[0].icmp.type` must be at most 255'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'icmpv6' }),
      ['`spec.rules[0].protocol` is IPv6’s icmpv6; use icmp with ethertype IPv4'],
    ],
    [
      'SecurityGroup',
      rule({ protocol: 'icmp', ethertype: 'IPv6' }),
      ['`spec.rules[0].protocol` is IPv4’s icmp; use icmpv6 with ethertype IPv6'],
    ],
    [
      'SecurityGroup',
      rule({ remote: {} }),
      ['`spec.rules[0].remote` needs exactly one of cidr, group, addressGroup; leave remote out for anybody'],
    ],
    [
      'SecurityGroup',
      rule({ remote: { group: 'a', cidr: '10.0.0.0/8' } }),
      ['`spec.rules[0].remote` needs exactly one of cidr, group, addressGroup; leave remote out for anybody'],
    ],
    [
      'SecurityGroup',
      rule({ remote: { cidr: '::/0' } }),
      ['`spec.rules[0].remote.cidr`: ::/0 is not IPv4; change the cidr or the ethertype'],
    ],
    [
      'SecurityGroup',
      rule({ description: 'x'.repeat(256) }),
      ['`spec.rules[0].description` must have at most 255 characters'],
    ],
    ['AddressGroup', { cidrs: '10.0.0.0/8' }, ['`spec.cidrs` must be a list, not the text "10.0.0.0/8"']],
  ])('%s %j', (kind, spec, messages) => {
    expect(messagesOf(kind, spec)).toEqual(messages);
  });
});
