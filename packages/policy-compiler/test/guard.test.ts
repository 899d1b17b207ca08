import type { NftRuleset, Resource } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import {
  bootRuleset,
  evaluateHook,
  FabricModel,
  HostPolicyCompiler,
  type ProgramArp,
  type ProgramPacket,
} from '../src/index.ts';
import { fabric, host, instance, network, securityGroup } from './manifests.ts';

const MAC = '52:54:00:00:00:01';

function resources(): Resource[] {
  return [
    host('h1', { address: '192.0.2.1' }),
    network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }, { cidr: '2001:db8:1::/64' }] }),
    securityGroup('t/open', [
      { direction: 'egress', ethertype: 'IPv4' },
      { direction: 'ingress', ethertype: 'IPv4' },
    ]),
    instance('t/a', {
      host: 'h1',
      interface: 'tap1',
      mac: MAC,
      network: 'net',
      addresses: ['10.0.0.10', '2001:db8:1::a'],
      securityGroups: ['open'],
      allowedAddressPairs: [{ cidr: '10.9.0.0/24' }, { cidr: '10.0.0.99/32', mac: '52:54:00:00:00:99' }],
    }),
    instance('t/free', {
      host: 'h1',
      interface: 'tap2',
      mac: '52:54:00:00:00:02',
      network: 'net',
      addresses: ['10.0.0.11'],
      portSecurity: false,
    }),
  ];
}

function program(): NftRuleset {
  const model = new FabricModel();
  for (const some of resources()) model.put(some);
  const compiler = new HostPolicyCompiler(model, 'h1');
  compiler.reconcile(new Map());
  return compiler.ruleset();
}

const ruleset = program();

const TCP4: ProgramPacket = {
  family: 4,
  iifname: 'tap1',
  etherSource: MAC,
  source: '10.0.0.10',
  destination: '198.51.100.1',
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 80,
};
const UDP4: ProgramPacket = { ...TCP4, protocol: 17 };
const ND: ProgramPacket = {
  family: 6,
  iifname: 'tap1',
  etherSource: MAC,
  source: 'fe80::5054:ff:fe00:1',
  destination: 'ff02::1',
  protocol: 58,
  icmp: { type: 135, code: 0 },
  ndTarget: 'fe80::1',
};

describe('prerouting', () => {
  test.each<[string, Partial<ProgramPacket>, 'accept' | 'drop']>([
    ['own address and MAC', {}, 'accept'],
    ['an address of somebody else', { source: '10.0.0.11' }, 'drop'],
    ['own address with another MAC', { etherSource: '52:54:00:00:00:02' }, 'drop'],
    ['an interface that no endpoint has', { iifname: 'tap9' }, 'drop'],
    ['an interface that is not ours', { iifname: 'uplink', source: '198.51.100.9' }, 'accept'],
    ['an allowed address pair', { source: '10.9.0.7' }, 'accept'],
    ['an allowed address pair with its own MAC', { source: '10.0.0.99', etherSource: '52:54:00:00:00:99' }, 'accept'],
    ['an allowed address pair with the wrong MAC', { source: '10.0.0.99' }, 'drop'],
    ['a source route', { sourceRouted: true }, 'drop'],
    ['anything without port security', { iifname: 'tap2', source: '1.2.3.4', sourceRouted: true }, 'accept'],
  ])('%s: %s', (_, change, verdict) => {
    expect(evaluateHook(ruleset, 'inet slash32', 'prerouting', { ...TCP4, ...change }).verdict).toBe(verdict);
  });

  test.each<[string, Partial<ProgramPacket>, 'accept' | 'drop']>([
    [
      'DHCP discover',
      { source: '0.0.0.0', destination: '255.255.255.255', sourcePort: 68, destinationPort: 67 },
      'accept',
    ],
    [
      'DHCP discover from a foreign MAC',
      {
        source: '0.0.0.0',
        destination: '255.255.255.255',
        sourcePort: 68,
        destinationPort: 67,
        etherSource: '52:54:00:00:00:07',
      },
      'drop',
    ],
    ['other traffic without an address', { source: '0.0.0.0', destination: '255.255.255.255' }, 'drop'],
    ['DHCP server’s answer', { sourcePort: 67, destinationPort: 68 }, 'drop'],
  ])('%s', (_, change, verdict) => {
    expect(evaluateHook(ruleset, 'inet slash32', 'prerouting', { ...UDP4, ...change }).verdict).toBe(verdict);
  });

  test.each<[string, Partial<ProgramPacket>, 'accept' | 'drop']>([
    ['neighbour solicitation from link-local', {}, 'accept'],
    ['router solicitation', { icmp: { type: 133, code: 0 } }, 'accept'],
    ['router advertisement', { icmp: { type: 134, code: 0 } }, 'drop'],
    ['redirect', { icmp: { type: 137, code: 0 } }, 'drop'],
    ['router advertisement from its own address', { source: '2001:db8:1::a', icmp: { type: 134, code: 0 } }, 'drop'],
    [
      'advertisement of its own link-local address',
      { icmp: { type: 136, code: 0 }, ndTarget: 'fe80::5054:ff:fe00:1' },
      'accept',
    ],
    ['advertisement of the gateway', { icmp: { type: 136, code: 0 } }, 'drop'],
    ['duplicate address detection', { source: '::', ndTarget: '2001:db8:1::a' }, 'accept'],
    ['duplicate address detection of the gateway', { source: '::' }, 'drop'],
    ['multicast listener report', { source: '::', icmp: { type: 143, code: 0 } }, 'accept'],
    ['multicast listener query', { icmp: { type: 130, code: 0 } }, 'drop'],
    ['echo request from link-local', { icmp: { type: 128, code: 0 } }, 'drop'],
    ['DHCPv6 client', { protocol: 17, sourcePort: 546, destinationPort: 547 }, 'accept'],
    ['DHCPv6 server', { protocol: 17, sourcePort: 547, destinationPort: 546 }, 'drop'],
    ['neighbour solicitation with a foreign MAC', { etherSource: '52:54:00:00:00:07' }, 'drop'],
  ])('IPv6: %s', (_, change, verdict) => {
    const { icmp, ...rest } = { ...ND, ...change };
    const packet = rest.protocol === 58 && icmp !== undefined ? { ...rest, icmp } : rest;
    expect(evaluateHook(ruleset, 'inet slash32', 'prerouting', packet).verdict).toBe(verdict);
  });
});

describe('input', () => {
  const begins = {
    state: 'new',
    direction: 'original',
    original: { source: '', destination: '', protocol: 0, protocolDestination: 0 },
    mark: 0,
  } as const;
  test.each<[string, ProgramPacket, 'accept' | 'drop']>([
    ['DHCP', { ...UDP4, sourcePort: 68, destinationPort: 67, flow: { ...begins } }, 'accept'],
    ['neighbour discovery', { ...ND, flow: 'untracked' }, 'accept'],
    [
      'echo request to the gateway',
      { ...TCP4, protocol: 1, icmp: { type: 8, code: 0 }, destination: '10.0.0.1', flow: { ...begins } },
      'accept',
    ],
    [
      'echo request to the host',
      { ...TCP4, protocol: 1, icmp: { type: 8, code: 0 }, destination: '192.0.2.1', flow: { ...begins } },
      'drop',
    ],
    [
      'echo request to the IPv6 gateway',
      { ...ND, source: '2001:db8:1::a', destination: 'fe80::1', icmp: { type: 128, code: 0 }, flow: { ...begins } },
      'accept',
    ],
    ['BGP', { ...TCP4, destinationPort: 179, flow: { ...begins } }, 'drop'],
    ['BGP without port security', { ...TCP4, iifname: 'tap2', destinationPort: 179, flow: { ...begins } }, 'drop'],
    ['BGP from elsewhere', { ...TCP4, iifname: 'uplink', destinationPort: 179, flow: { ...begins } }, 'accept'],
    ['a reply to the host', { ...TCP4, flow: { ...begins, state: 'established', direction: 'reply' } }, 'accept'],
  ])('%s', (_, packet, verdict) => {
    expect(evaluateHook(ruleset, 'inet slash32', 'input', packet).verdict).toBe(verdict);
  });
});

test('input: a service of the host, at its gateways or at an address', () => {
  const model = new FabricModel();
  for (const some of resources()) model.put(some);
  model.put(
    fabric({
      hostServices: [
        { protocol: 'udp', port: 53 },
        { protocol: 'tcp', port: 80, address: '169.254.169.254' },
      ],
    }),
  );
  const compiler = new HostPolicyCompiler(model, 'h1');
  compiler.reconcile(new Map());
  const original = { source: '', destination: '', protocol: 0, protocolDestination: 0 };
  const verdict = (packet: ProgramPacket): string =>
    evaluateHook(compiler.ruleset(), 'inet slash32', 'input', {
      ...packet,
      flow: { state: 'new', direction: 'original', original, mark: 0 },
    }).verdict;
  expect(verdict({ ...UDP4, destination: '10.0.0.1', sourcePort: 999, destinationPort: 53 })).toBe('accept');
  expect(verdict({ ...UDP4, destination: '192.0.2.1', sourcePort: 999, destinationPort: 53 })).toBe('drop');
  expect(verdict({ ...UDP4, destination: '10.0.0.1', sourcePort: 999, destinationPort: 54 })).toBe('drop');
  expect(verdict({ ...TCP4, destination: '169.254.169.254', destinationPort: 80 })).toBe('accept');
  expect(verdict({ ...TCP4, destination: '10.0.0.1', destinationPort: 80 })).toBe('drop');
  expect(verdict({ ...TCP4, destination: '10.0.0.1', destinationPort: 53 })).toBe('drop');
});

test('output: the host reaches endpoints, and no other tap', () => {
  const packet = { ...TCP4, iifname: '', oifname: 'tap1' };
  expect(evaluateHook(ruleset, 'inet slash32', 'output', packet).verdict).toBe('accept');
  expect(evaluateHook(ruleset, 'inet slash32', 'output', { ...packet, oifname: 'tap9' }).verdict).toBe('drop');
  expect(evaluateHook(ruleset, 'inet slash32', 'output', { ...packet, oifname: 'uplink' }).verdict).toBe('accept');
});

describe('ARP', () => {
  const request: ProgramArp = {
    iifname: 'tap1',
    etherSource: MAC,
    senderMac: MAC,
    senderAddress: '10.0.0.10',
    targetAddress: '10.0.0.1',
  };
  test.each<[string, Partial<ProgramArp>, 'accept' | 'drop']>([
    ['for the gateway', {}, 'accept'],
    ['from an allowed address pair', { senderAddress: '10.9.0.1' }, 'accept'],
    ['probe for another address', { senderAddress: '0.0.0.0', targetAddress: '10.0.0.77' }, 'accept'],
    ['for its own address: the host keeps silent', { senderAddress: '0.0.0.0', targetAddress: '10.0.0.10' }, 'drop'],
    ['with the sender of somebody else', { senderAddress: '10.0.0.11' }, 'drop'],
    ['with another MAC', { senderMac: '52:54:00:00:00:02' }, 'drop'],
    ['in a frame with another MAC', { etherSource: '52:54:00:00:00:02' }, 'drop'],
    ['from an interface that no endpoint has', { iifname: 'tap9' }, 'drop'],
    ['from an interface that is not ours', { iifname: 'uplink' }, 'accept'],
    ['any sender without port security', { iifname: 'tap2', senderAddress: '10.0.0.99' }, 'accept'],
    ['without port security, for its own address', { iifname: 'tap2', targetAddress: '10.0.0.11' }, 'drop'],
  ])('%s', (_, change, verdict) => {
    expect(evaluateHook(ruleset, 'arp slash32', 'input', { ...request, ...change }).verdict).toBe(verdict);
  });
});

test('until the agent is up, the boot ruleset lets nothing pass from or to a tap, and touches nothing else', () => {
  const boot = bootRuleset(['tap', 'vm']);
  const verdict = (hook: 'prerouting' | 'forward' | 'output', iifname: string, oifname: string): string =>
    evaluateHook(boot, 'inet slash32-boot', hook, { ...TCP4, iifname, oifname }).verdict;
  expect(verdict('prerouting', 'tap1', '')).toBe('drop');
  expect(verdict('prerouting', 'vm7', '')).toBe('drop');
  expect(verdict('prerouting', 'uplink', '')).toBe('accept');
  expect(verdict('forward', 'uplink', 'tap1')).toBe('drop');
  expect(verdict('forward', 'uplink', 'uplink2')).toBe('accept');
  expect(verdict('output', '', 'tap1')).toBe('drop');
  expect(
    evaluateHook(boot, 'arp slash32-boot', 'input', {
      iifname: 'tap1',
      etherSource: MAC,
      senderMac: MAC,
      senderAddress: '10.0.0.10',
      targetAddress: '10.0.0.1',
    }).verdict,
  ).toBe('drop');
});
