import type { Resource } from '@slash32/shared';
import { addressGroup, type RuleInput, securityGroup } from './manifests.ts';

const CIDRS = ['198.51.100.0/24', '10.3.0.3/32', '10.1.0.4/30', '2001:db8:3::/64', '2600::/12'];

function rules(
  direction: 'ingress' | 'egress',
  ethertype: 'IPv4' | 'IPv6',
  ...some: readonly Omit<RuleInput, 'direction' | 'ethertype'>[]
): RuleInput[] {
  return some.map((rule) => ({ direction, ethertype, ...rule }));
}

/**
 * The groups of `foundation` with rules that compile to each kind of set, and to each kind of rule without one, of
 * both families, judged by flow and by packet; counted or not.
 */
export function everyKindOfRule(counters = false): Resource[] {
  const udp = 'udp';
  const group = (name: string, its: RuleInput[], stateful = true): Resource =>
    securityGroup(name, its, stateful, { counters });
  return [
    addressGroup('t/a1', CIDRS),
    group('t/g1', [
      ...rules(
        'ingress',
        'IPv4',
        { protocol: udp, ports: 22, remote: { cidr: '198.51.100.0/24' } },
        { protocol: udp, ports: 80, remote: { cidr: '10.3.0.0/16' } },
        { remote: { cidr: '10.1.0.4/30' } },
        { remote: { cidr: '1.1.1.1/32' } },
        { protocol: udp, ports: 443, remote: { addressGroup: 'a1' } },
        { protocol: udp, ports: '8000-8080', remote: { addressGroup: 'a1' } },
      ),
      ...rules('ingress', 'IPv6', { protocol: udp, ports: 443, remote: { addressGroup: 'a1' } }),
      ...rules('egress', 'IPv4', { remote: { group: 'u/g1' } }, { remote: { addressGroup: 'a1' } }),
      ...rules('egress', 'IPv6', {}),
    ]),
    group('t/g2', [
      ...rules('ingress', 'IPv4', { protocol: udp, ports: 8000, remote: { group: 'g1' } }),
      ...rules('ingress', 'IPv6', { protocol: udp, ports: '8000-8080', remote: { group: 'g1' } }),
      ...rules('egress', 'IPv4', { protocol: udp, ports: 443, remote: { cidr: '1.1.1.1/32' } }),
    ]),
    group('u/g1', [
      ...rules(
        'ingress',
        'IPv4',
        { protocol: udp, ports: 80, remote: { group: 't/g1' } },
        { protocol: udp, ports: 8000, remote: { group: 't/g1' } },
      ),
      ...rules('ingress', 'IPv6', { remote: { group: 't/s1' } }, { remote: { cidr: '2001:db8:1::/64' } }),
      ...rules('egress', 'IPv4', {}),
      ...rules('egress', 'IPv6', { protocol: udp, ports: '1-1024' }),
    ]),
    group(
      't/s1',
      [
        ...rules('ingress', 'IPv4', { protocol: udp, ports: 80 }, { protocol: udp, ports: 443 }),
        ...rules(
          'ingress',
          'IPv6',
          { remote: { cidr: '2001:db8:1::/64' } },
          { remote: { cidr: '2600::/12' } },
          { protocol: udp, ports: 80 },
        ),
        ...rules('egress', 'IPv4', {}),
        ...rules('egress', 'IPv6', { remote: { addressGroup: 'a1' } }),
      ],
      false,
    ),
  ];
}
