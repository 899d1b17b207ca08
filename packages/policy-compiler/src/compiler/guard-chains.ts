import { type HostService, type NftChain, PROTOCOL_NUMBERS } from '@slash32/shared';
import { NAMES } from '../ir/names.ts';
import {
  ACCEPT,
  DROP,
  goto,
  inSet,
  is,
  isNot,
  jump,
  type Match,
  notInSet,
  RETURN,
  rule,
  type Statement,
} from '../ir/rule.ts';
import type { TapMatch } from './tap-match.ts';

/**
 * What guards the fabric from an instance, whatever its groups say: sources that are not its own, DHCP and router
 * messages that only a server or router may send, and its own host.
 */

const KNOWN_MAC: Match = inSet(['iifname', 'ether saddr'], NAMES.macs);
/** fe80::1, the first hop of IPv6 pools without a gateway. */
const HOSTS_LINK_LOCAL = '0xfe800000000000000000000000000001';
/** MLD queries stay with routers; reports, done messages and MLDv2 reports are an instance's to send. */
const MULTICAST_LISTENER = ['131', '132', '143'];

/**
 * The common case first: a source of one's own costs one lookup, and then what nobody may send with it. `drop`: how they
 * do that, as {@link guardDrop}.
 */
export function preroutingChains(taps: TapMatch, drop: Statement): NftChain[] {
  const source4 = ['iifname', 'ether saddr', 'ip saddr'] as const;
  const source6 = ['iifname', 'ether saddr', 'ip6 saddr'] as const;
  const { knownSource, unknownSource } = NAMES;
  return [
    {
      name: 'prerouting',
      hook: { type: 'filter', hook: 'prerouting', priority: -300, policy: 'accept' },
      rules: [rule('from an instance', [taps.is('iifname')], jump(NAMES.fromInstance))],
    },
    {
      name: NAMES.fromInstance,
      rules: [
        rule('own address', [inSet(source4, NAMES.sources[4])], goto(knownSource[4])),
        rule('own address', [inSet(source6, NAMES.sources[6])], goto(knownSource[6])),
        rule('allowed address pair', [inSet(source4, NAMES.pairs[4])], goto(knownSource[4])),
        rule('allowed address pair', [inSet(source6, NAMES.pairs[6])], goto(knownSource[6])),
        rule('no port security', [inSet(['iifname'], NAMES.unfiltered)], RETURN),
        rule('IPv4', [is('meta nfproto', 'ipv4')], goto(unknownSource[4])),
        rule('IPv6', [is('meta nfproto', 'ipv6')], goto(unknownSource[6])),
        rule('neither IPv4 nor IPv6', [], drop),
      ],
    },
    { name: knownSource[4], rules: knownSource4(drop) },
    { name: knownSource[6], rules: knownSource6(drop) },
    { name: unknownSource[4], rules: unknownSource4(drop) },
    { name: unknownSource[6], rules: unknownSource6(drop) },
  ];
}

/** What is not dropped here passes. To look for options and extension headers is dear, so most packets end before that. */
function knownSource4(drop: Statement): NftChain['rules'] {
  return [
    rule('DHCP server', [is('udp sport', '67')], drop),
    rule('no IPv4 options', [is('ip hdrlength', '5')], RETURN),
    rule('loose source route', [{ kind: 'source-routed', header: 'ip option lsrr exists' }], drop),
    rule('strict source route', [{ kind: 'source-routed', header: 'ip option ssrr exists' }], drop),
  ];
}

function knownSource6(drop: Statement): NftChain['rules'] {
  return [
    rule('TCP, no extension header', [is('ip6 nexthdr', '6')], RETURN),
    rule('DHCPv6 server', [is('udp sport', '547')], drop),
    rule('UDP, no extension header', [is('ip6 nexthdr', '17')], RETURN),
    rule('router advertisement, redirect', [is('icmpv6 type', '134', '137')], drop),
    rule('routing header', [{ kind: 'source-routed', header: 'exthdr rt exists' }], drop),
    rule('advertises the gateway', [is('icmpv6 type', '136'), is('@th,64,128', HOSTS_LINK_LOCAL)], drop),
  ];
}

function unknownSource4(drop: Statement): NftChain['rules'] {
  return [
    rule(
      'DHCP client without an address',
      [
        KNOWN_MAC,
        is('ip saddr', '0.0.0.0'),
        is('ip daddr', '255.255.255.255'),
        is('udp sport', '68'),
        is('udp dport', '67'),
      ],
      goto(NAMES.knownSource[4]),
    ),
    rule('source is not its own, or no endpoint', [], drop),
  ];
}

function unknownSource6(drop: Statement): NftChain['rules'] {
  const linkLocal = is('ip6 saddr', 'fe80::/10');
  const unspecified = is('ip6 saddr', '::');
  const allowed = goto(NAMES.knownSource[6]);
  const listener = is('icmpv6 type', ...MULTICAST_LISTENER);
  return [
    rule('neighbour discovery', [KNOWN_MAC, linkLocal, is('icmpv6 type', '133', '135', '136')], allowed),
    rule(
      'duplicate address detection, not of the gateway',
      [KNOWN_MAC, unspecified, is('icmpv6 type', '135'), isNot('@th,64,128', HOSTS_LINK_LOCAL)],
      allowed,
    ),
    rule('router solicitation without an address', [KNOWN_MAC, unspecified, is('icmpv6 type', '133')], allowed),
    rule('multicast listener', [KNOWN_MAC, linkLocal, listener], allowed),
    rule('multicast listener without an address', [KNOWN_MAC, unspecified, listener], allowed),
    rule('DHCPv6 client', [KNOWN_MAC, linkLocal, is('udp sport', '546'), is('udp dport', '547')], allowed),
    rule('source is not its own, or no endpoint', [], drop),
  ];
}

/** `services`: what the host answers beyond what every instance needs. */
export function hostChains(taps: TapMatch, drop: Statement, services: readonly HostService[]): NftChain[] {
  return [
    {
      name: 'input',
      hook: { type: 'filter', hook: 'input', priority: 0, policy: 'accept' },
      rules: [rule('from an instance to its host', [taps.is('iifname')], goto(NAMES.toHost))],
    },
    {
      name: NAMES.toHost,
      rules: [
        rule('reply to the host', [is('ct direction', 'reply')], ACCEPT),
        rule('DHCP', [is('meta nfproto', 'ipv4'), is('udp sport', '68'), is('udp dport', '67')], ACCEPT),
        rule('DHCPv6', [is('meta nfproto', 'ipv6'), is('udp sport', '546'), is('udp dport', '547')], ACCEPT),
        rule('IPv6 neighbour discovery', [is('icmpv6 type', '133', '135', '136', ...MULTICAST_LISTENER)], ACCEPT),
        rule(
          'echo request to its gateway',
          [inSet(['iifname', 'ip daddr'], NAMES.gateways[4]), is('icmp type', '8')],
          ACCEPT,
        ),
        rule(
          'echo request to its gateway',
          [inSet(['iifname', 'ip6 daddr'], NAMES.gateways[6]), is('icmpv6 type', '128')],
          ACCEPT,
        ),
        ...services.flatMap(serviceRules),
        rule('the host is closed to instances', [], drop),
      ],
    },
    {
      name: 'output',
      hook: { type: 'filter', hook: 'output', priority: 0, policy: 'accept' },
      rules: [
        rule('host to an endpoint', [inSet(['oifname'], NAMES.taps)], ACCEPT),
        rule('no endpoint has this interface', [taps.is('oifname')], DROP),
      ],
    },
  ];
}

function serviceRules({ protocol, port, address }: HostService): NftChain['rules'] {
  const service = [is('meta l4proto', String(PROTOCOL_NUMBERS[protocol])), is('th dport', String(port))];
  const note = `service of the host: ${protocol} ${port}`;
  if (address !== undefined) {
    return [rule(note, [is(address.includes(':') ? 'ip6 daddr' : 'ip daddr', address), ...service], ACCEPT)];
  }
  return [
    rule(note, [inSet(['iifname', 'ip daddr'], NAMES.gateways[4]), ...service], ACCEPT),
    rule(note, [inSet(['iifname', 'ip6 daddr'], NAMES.gateways[6]), ...service], ACCEPT),
  ];
}

/**
 * Translation of what leaves the site, to `address` of this host. A chain of this type costs every flow of the host its
 * bookkeeping, whether a rule matches or not; so it is there only while an endpoint is translated.
 */
export function natChain(address: string): NftChain {
  return {
    name: NAMES.postrouting,
    hook: { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' },
    rules: [
      rule(
        'masquerade what leaves the site',
        [is('meta nfproto', 'ipv4'), inSet(['iifname'], NAMES.masqueraded), notInSet(['ip daddr'], NAMES.site[4])],
        { kind: 'snat', address },
      ),
    ],
  };
}

export function arpChains(taps: TapMatch, drop: Statement): NftChain[] {
  const sender = ['iifname', 'arp saddr ether', 'arp saddr ip'] as const;
  return [
    {
      name: 'input',
      hook: { type: 'filter', hook: 'input', priority: 0, policy: 'accept' },
      rules: [
        rule('nobody answers for an instance to itself', [inSet(['iifname', 'arp daddr ip'], NAMES.own)], DROP),
        rule('no port security', [inSet(['iifname'], NAMES.unfiltered)], ACCEPT),
        rule(
          'MAC address of the frame is not its own',
          [taps.is('iifname'), notInSet(['iifname', 'ether saddr'], NAMES.macs)],
          drop,
        ),
        rule('own address', [inSet(sender, NAMES.sources[4])], ACCEPT),
        rule('allowed address pair', [inSet(sender, NAMES.pairs[4])], ACCEPT),
        rule('probe', [inSet(['iifname', 'arp saddr ether'], NAMES.macs), is('arp saddr ip', '0.0.0.0')], ACCEPT),
        rule('sender is not its own, or no endpoint', [taps.is('iifname')], drop),
      ],
    },
  ];
}
