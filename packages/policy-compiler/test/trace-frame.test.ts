import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeFrame,
  evaluateHook,
  FabricModel,
  HostPolicyCompiler,
  type ProgramPacket,
  traceFrame,
} from '../src/index.ts';
import {
  addressOctets,
  arp,
  ethernet,
  fragmentHeader,
  icmp,
  ip,
  ipv4,
  ipv6,
  paddingHeader,
  routingHeader,
  sourceRouteOption,
  udp,
} from './frames.ts';
import { host, instance, network, securityGroup } from './manifests.ts';

const MAC = '52:54:00:00:00:01';
const OTHER_MAC = '52:54:00:00:00:02';
const HOST_MAC = 'fe:54:00:00:00:01';
const OWN = { 4: '10.0.0.10', 6: '2001:db8:1::a' } as const;
const FAR = { 4: '198.51.100.1', 6: '2600::1' } as const;

const model = new FabricModel();
model.put(host('h1', { address: '192.0.2.1' }));
model.put(network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }, { cidr: '2001:db8:1::/64' }] }));
model.put(
  securityGroup('t/dns', [
    { direction: 'egress', ethertype: 'IPv4', protocol: 'udp', ports: 53 },
    { direction: 'egress', ethertype: 'IPv6', protocol: 'udp', ports: 53 },
    { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp', icmp: { type: 8 } },
  ]),
);
model.put(
  instance('t/a', {
    host: 'h1',
    interface: 'tap1',
    mac: MAC,
    network: 'net',
    addresses: Object.values(OWN),
    securityGroups: ['dns'],
    allowedAddressPairs: [{ cidr: '10.9.0.0/24' }, { cidr: '10.0.0.99/32', mac: '52:54:00:00:00:99' }],
  }),
);
const compiler = new HostPolicyCompiler(model, 'h1');
compiler.reconcile(new Map());
const ruleset = compiler.ruleset();

/** What the frame comes to: its verdict, what decided, and why. */
function judge(frame: Buffer, direction: 'from' | 'to' = 'from'): string {
  const { verdict, steps } = traceFrame(model, { instance: 't/a', direction, frame: decodeFrame(frame) });
  const decided =
    steps.findLast((step) => step.verdict === 'drop') ?? steps.findLast((step) => step.verdict === 'pass');
  return `${verdict} ${decided?.what ?? steps.at(-1)?.what}: ${decided?.explanation ?? steps.at(-1)?.explanation}`;
}

function datagram(ends: { source: string; destination: string }, source: number, destination: number): Buffer {
  return udp(ends, { source, destination }, Buffer.from('payload'));
}

function framed(packet: Buffer, source = MAC): Buffer {
  return ethernet({ source, destination: HOST_MAC }, (packet[0] ?? 0) >> 4 === 4 ? 'ipv4' : 'ipv6', packet);
}

function fromOwn(family: 4 | 6, source: number, destination: number, to: string = FAR[family]): Buffer {
  const ends = { source: OWN[family], destination: to };
  return framed(ip(ends, 17, datagram(ends, source, destination)));
}

describe('a frame', () => {
  const ends4 = { source: OWN[4], destination: FAR[4] };
  const ends6 = { source: OWN[6], destination: FAR[6] };
  const dns4 = datagram(ends4, 1_000, 53);
  const dns6 = datagram(ends6, 1_000, 53);
  const linkLocal = { source: 'fe80::5054:ff:fe00:1', destination: 'ff02::1' };
  const advertise = (target: string): Buffer =>
    ip(linkLocal, 58, icmp(linkLocal, { type: 136, rest: 0x60000000 }, addressOctets(target)));

  test.each<[string, Buffer, RegExp]>([
    ['that a rule allows', fromOwn(4, 1_000, 53), /^pass flow: .* nothing is asked at this end$/],
    ['that no rule allows', fromOwn(4, 1_000, 54), /^drop flow: no egress rule of t\/dns/],
    ['of IPv6', fromOwn(6, 1_000, 53), /^pass flow/],
    ['from a DHCP server', fromOwn(4, 67, 53), /^drop source: only a DHCP server/],
    ['from a DHCPv6 server', fromOwn(6, 547, 53), /^drop source: only a DHCP server/],
    ['with a foreign source', framed(ip({ ...ends4, source: '10.0.0.11' }, 17, dns4)), /^drop source: 10\.0\.0\.11/],
    ['with a foreign MAC', framed(ip(ends4, 17, dns4), OTHER_MAC), /^drop source: 10\.0\.0\.10 with MAC address .*02/],
    ['from an allowed pair', framed(ip({ ...ends4, source: '10.9.0.7' }, 17, dns4)), /^pass flow/],
    [
      'from an allowed pair with its own MAC',
      framed(ip({ ...ends4, source: '10.0.0.99' }, 17, dns4), '52:54:00:00:00:99'),
      /^pass flow/,
    ],
    [
      'with a loose source route',
      framed(ipv4({ ...ends4, protocol: 17, options: sourceRouteOption(131, '10.0.0.7') }, dns4)),
      /^drop source: it is source-routed: loose/,
    ],
    [
      'with a strict source route',
      framed(ipv4({ ...ends4, protocol: 17, options: sourceRouteOption(137, '10.0.0.7') }, dns4)),
      /^drop source: it is source-routed: strict/,
    ],
    [
      'with a harmless option',
      framed(ipv4({ ...ends4, protocol: 17, options: Buffer.from([1, 1, 1, 0]) }, dns4)),
      /^pass flow/,
    ],
    ...[0, 2, 3, 4].map((type): [string, Buffer, RegExp] => [
      `with a routing header of type ${type}`,
      framed(ipv6({ ...ends6, nextHeader: 43 }, Buffer.concat([routingHeader(17, type, '2600::2'), dns6]))),
      /^drop source: it is source-routed: routing header/,
    ]),
    [
      'with destination options',
      framed(ipv6({ ...ends6, nextHeader: 60 }, Buffer.concat([paddingHeader(17), dns6]))),
      /^pass flow/,
    ],
    [
      'that is a first fragment',
      framed(ipv4({ ...ends4, protocol: 17, fragment: { id: 1, offset: 0, more: true } }, dns4)),
      /^pass flow/,
    ],
    [
      'that is a later fragment',
      framed(ipv4({ ...ends4, protocol: 17, fragment: { id: 1, offset: 8, more: false } }, dns4)),
      /^depends source/,
    ],
    [
      'that is a later fragment of IPv6',
      framed(
        ipv6(
          { ...ends6, nextHeader: 44 },
          Buffer.concat([fragmentHeader(17, { id: 1, offset: 8, more: false }), dns6]),
        ),
      ),
      /^depends source/,
    ],
    ['with its last hop', framed(ipv6({ ...ends6, nextHeader: 17, hopLimit: 1 }, dns6)), /^drop hop limit/],
    [
      'that asks for an address',
      framed(ip({ source: '0.0.0.0', destination: '255.255.255.255' }, 17, datagram(ends4, 68, 67))),
      /^pass host: the host’s DHCP/,
    ],
    ['that advertises itself', framed(advertise('fe80::5054:ff:fe00:1')), /^pass host/],
    ['that advertises the gateway', framed(advertise('fe80::1')), /^drop source: fe80::1 is the gateway’s/],
    [
      'that advertises a router',
      framed(ip(linkLocal, 58, icmp(linkLocal, { type: 134 }, Buffer.alloc(8)))),
      /^drop source/,
    ],
    ['to a multicast group', fromOwn(4, 1_000, 5_353, '224.0.0.251'), /^drop host: multicast/],
    ['to the gateway', fromOwn(4, 1_000, 22, '10.0.0.1'), /^drop flow: .*closed to instances/],
    [
      'that is no IP',
      ethernet({ source: MAC, destination: HOST_MAC }, 'ipv4', Buffer.alloc(0)).fill(0x88, 12, 13),
      /^drop packet: neither/,
    ],
  ])('%s', (_, frame, expected) => {
    expect(judge(frame)).toMatch(expected);
  });

  test('that is a reply, or an error, is part of the flow that it answers or is about', () => {
    const asked = { source: FAR[4], destination: OWN[4] };
    const reply = { source: OWN[4], destination: FAR[4] };
    expect(judge(framed(ip(reply, 1, icmp(reply, { type: 0 }, Buffer.alloc(8)))))).toMatch(/^depends source/);
    const about = (port: number): Buffer => ip(ends4, 17, datagram(ends4, 1_000, port)).subarray(0, 28);
    const error = (port: number): Buffer => framed(ip(asked, 1, icmp(asked, { type: 3, code: 4 }, about(port))));
    expect(judge(error(53), 'to')).toMatch(/^pass flow: an ICMP error .* 10\.0\.0\.10 → 198\.51\.100\.1 udp 53$/);
    expect(judge(error(54), 'to')).toMatch(/^drop flow: an ICMP error/);
  });

  test('sent to the instance meets its ingress rules only', () => {
    const echo = { source: FAR[4], destination: OWN[4] };
    expect(judge(framed(ip(echo, 1, icmp(echo, { type: 8 }, Buffer.alloc(8))), HOST_MAC), 'to')).toMatch(/^pass flow/);
    expect(judge(framed(ip(echo, 17, datagram(echo, 1, 2)), HOST_MAC), 'to')).toMatch(/^drop flow: no ingress rule/);
  });

  test('that ends too early says where', () => {
    const whole = fromOwn(4, 1_000, 53);
    expect(() => decodeFrame(whole.subarray(0, 30))).toThrow(
      expect.objectContaining({ code: 'packet.truncated', message: expect.stringContaining('16 octets') }),
    );
    expect(() => decodeFrame(Buffer.alloc(10))).toThrow(expect.objectContaining({ code: 'packet.truncated' }));
  });
});

describe('ARP', () => {
  const ask = (change: object, source = MAC): string =>
    judge(
      ethernet(
        { source, destination: 'ff:ff:ff:ff:ff:ff' },
        'arp',
        arp({ operation: 1, senderMac: MAC, senderAddress: OWN[4], targetAddress: '10.0.0.1', ...change }),
      ),
    );

  test.each<[string, object, RegExp]>([
    ['for the gateway', {}, /^pass host/],
    ['for another instance', { targetAddress: '10.0.0.11' }, /^pass host/],
    ['for itself', { senderAddress: '0.0.0.0', targetAddress: OWN[4] }, /^drop source: .* keeps silent/],
    ['in the name of another', { operation: 2, senderAddress: '10.0.0.11' }, /^drop source: 10\.0\.0\.11/],
    ['with the MAC of another', { operation: 2, senderMac: OTHER_MAC }, /^drop source/],
    ['as a probe', { senderAddress: '0.0.0.0', targetAddress: '10.0.0.50' }, /^pass host/],
  ])('%s', (_, change, expected) => {
    expect(ask(change)).toMatch(expected);
  });

  test('in a frame with the MAC of another', () => {
    expect(ask({}, OTHER_MAC)).toMatch(/^drop source: the frame/);
  });
});

test('the guard that is told agrees with the compiled one on random packets', () => {
  const addresses = fc.constantFrom(
    '10.0.0.10',
    '10.0.0.11',
    '10.9.0.3',
    '10.0.0.99',
    '0.0.0.0',
    '2001:db8:1::a',
    '2001:db8:1::b',
    'fe80::5',
    'fe80::1',
    '::',
  );
  const packets = fc.record({
    source: addresses,
    destination: fc.constantFrom('255.255.255.255', '198.51.100.1', '2600::1', 'ff02::2'),
    mac: fc.constantFrom(MAC, OTHER_MAC, '52:54:00:00:00:99'),
    protocol: fc.constantFrom('udp', 'icmp'),
    ports: fc.tuple(fc.constantFrom(67, 68, 546, 547, 1_000), fc.constantFrom(67, 53, 547)),
    type: fc.constantFrom(8, 128, 130, 131, 133, 134, 135, 136, 137, 143),
    target: fc.constantFrom('fe80::1', 'fe80::5', '2001:db8:1::b'),
    routed: fc.boolean(),
  });
  fc.assert(
    fc.property(packets, ({ source, destination, mac, protocol, ports, type, target, routed }) => {
      const family = source.includes(':') ? 6 : 4;
      if (destination.includes(':') !== source.includes(':')) return;
      const ends = { source, destination };
      const isUdp = protocol === 'udp';
      const number = isUdp ? 17 : family === 4 ? 1 : 58;
      const payload = isUdp ? datagram(ends, ...ports) : icmp(ends, { type }, addressOctets(target));
      const packet =
        family === 4
          ? ipv4(
              { ...ends, protocol: number, ...(routed ? { options: sourceRouteOption(131, '10.0.0.7') } : {}) },
              payload,
            )
          : routed
            ? ipv6({ ...ends, nextHeader: 43 }, Buffer.concat([routingHeader(number, 4, '2600::2'), payload]))
            : ipv6({ ...ends, nextHeader: number }, payload);
      const { steps } = traceFrame(model, {
        instance: 't/a',
        direction: 'from',
        frame: decodeFrame(framed(packet, mac)),
      });
      const inProgram: ProgramPacket = {
        family,
        iifname: 'tap1',
        etherSource: mac,
        ...ends,
        protocol: number,
        ...(isUdp ? { sourcePort: ports[0], destinationPort: ports[1] } : { icmp: { type, code: 0 } }),
        ...(!isUdp && (type === 135 || type === 136) && family === 6 ? { ndTarget: target } : {}),
        sourceRouted: routed,
      };
      expect(steps.find(({ what }) => what === 'source')?.verdict).toBe(
        evaluateHook(ruleset, 'inet slash32', 'prerouting', inProgram).verdict === 'accept' ? 'pass' : 'drop',
      );
    }),
    { numRuns: 3_000 },
  );
});

test('no octets whatever are more than an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(0x0800, 0x0806, 0x86dd), (octets, type) => {
      const frame = Buffer.concat([Buffer.alloc(12), Buffer.from([type >> 8, type & 0xff]), octets]);
      try {
        traceFrame(model, { instance: 't/a', direction: 'from', frame: decodeFrame(frame) });
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^packet\./) });
      }
    }),
    { numRuns: 3_000 },
  );
});
