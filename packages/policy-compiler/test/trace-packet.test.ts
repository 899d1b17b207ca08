import { describe, expect, test } from 'vitest';
import { FabricModel, tracePacket } from '../src/index.ts';
import { addressGroup, fabric, host, instance, network, securityGroup } from './manifests.ts';

const TCP = 6;

function model(): FabricModel {
  const made = new FabricModel();
  made.put(fabric({ siteCidrs: ['10.0.0.0/8', '2001:db8::/32'] }));
  made.put(host('h1', { address: '192.0.2.1' }));
  made.put(network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }, { cidr: '2001:db8:1::/64' }] }));
  made.put(network('inside', { pools: [{ cidr: '10.1.0.0/16', gateway: '10.1.0.1' }], reach: 'site' }));
  made.put(addressGroup('t/office', ['198.51.100.0/24']));
  made.put(
    securityGroup('t/web', [
      { direction: 'egress', ethertype: 'IPv4' },
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: '8000-8080', remote: { group: 'web' } },
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 22, remote: { addressGroup: 'office' } },
      { direction: 'ingress', ethertype: 'IPv6', protocol: 'icmpv6', icmp: { type: 128 } },
    ]),
  );
  const base = { host: 'h1', network: 'net', securityGroups: ['web'] };
  made.put(
    instance('t/a', {
      ...base,
      interface: 'tap1',
      mac: '52:54:00:00:00:01',
      addresses: ['10.0.0.10', '2001:db8:1::a'],
    }),
  );
  made.put(instance('t/b', { ...base, interface: 'tap2', mac: '52:54:00:00:00:02', addresses: ['10.0.0.11'] }));
  made.put(
    instance('t/in', {
      ...base,
      network: 'inside',
      interface: 'tap3',
      mac: '52:54:00:00:00:03',
      addresses: ['10.1.0.10'],
    }),
  );
  made.put(
    instance('t/bare', {
      ...base,
      securityGroups: [],
      interface: 'tap4',
      mac: '52:54:00:00:00:04',
      addresses: ['10.0.0.12'],
    }),
  );
  made.put(
    instance('t/bad', {
      ...base,
      network: 'gone',
      interface: 'tap5',
      mac: '52:54:00:00:00:05',
      addresses: ['10.0.0.13'],
    }),
  );
  return made;
}

describe('tracePacket', () => {
  test('names the deciding rule at both ends', () => {
    const result = tracePacket(model(), {
      source: { instance: 't/a' },
      destination: { instance: 't/b' },
      protocol: TCP,
      port: 8001,
    });
    expect(result).toEqual({
      verdict: 'pass',
      sourceAddress: '10.0.0.10',
      destinationAddress: '10.0.0.11',
      seenSourceAddress: '10.0.0.10',
      source: {
        verdict: 'pass',
        reason: 'rule',
        instance: 't/a',
        host: 'h1',
        rule: { group: 't/web', index: 0, text: 'egress IPv4 any protocol to anybody' },
        explanation: 'rule 0 of t/web: egress IPv4 any protocol to anybody',
      },
      destination: {
        verdict: 'pass',
        reason: 'rule',
        instance: 't/b',
        host: 'h1',
        rule: { group: 't/web', index: 1, text: 'ingress IPv4 tcp 8000-8080 from members of web' },
        explanation: 'rule 1 of t/web: ingress IPv4 tcp 8000-8080 from members of web',
      },
    });
  });

  test('offers the narrowest rule that would lift a drop; with it, the packet passes', () => {
    const fabricModel = model();
    const request = { source: { address: '203.0.113.5' }, destination: { instance: 't/b' }, protocol: TCP, port: 443 };
    const { verdict, destination } = tracePacket(fabricModel, request);
    expect(verdict).toBe('drop');
    expect(destination).toMatchObject({
      reason: 'no-rule',
      remedy: { group: 't/web', text: 'ingress IPv4 tcp 443 from 203.0.113.5/32' },
    });
    const group = fabricModel.securityGroup('t/web');
    if (group === undefined || destination.remedy === undefined) throw new TypeError('no remedy');
    fabricModel.put({ ...group, spec: { ...group.spec, rules: [...group.spec.rules, destination.remedy.rule] } });
    expect(tracePacket(fabricModel, request).verdict).toBe('pass');
    expect(tracePacket(fabricModel, { ...request, source: { address: '203.0.113.6' } }).verdict).toBe('drop');
    expect(tracePacket(fabricModel, { ...request, port: 444 }).verdict).toBe('drop');
  });

  test.each([
    [
      'an address group',
      { source: { address: '198.51.100.9' }, destination: { instance: 't/a' }, protocol: TCP, port: 22 },
      'pass',
      'rule',
    ],
    [
      'the same address, named by its owner',
      { source: { instance: 't/a' }, destination: { address: '10.0.0.11' }, protocol: TCP, port: 8000 },
      'pass',
      'rule',
    ],
    [
      'no groups',
      { source: { instance: 't/a' }, destination: { instance: 't/bare' }, protocol: TCP, port: 80 },
      'drop',
      'no-groups',
    ],
    [
      'a closed endpoint',
      { source: { instance: 't/a' }, destination: { instance: 't/bad' }, protocol: TCP, port: 80 },
      'drop',
      'endpoint-closed',
    ],
    [
      'the address of a closed endpoint',
      { source: { instance: 't/a' }, destination: { address: '10.0.0.13' }, protocol: TCP, port: 80 },
      'drop',
      'endpoint-closed',
    ],
    [
      'beyond the site, inwards',
      { source: { address: '198.51.100.9' }, destination: { instance: 't/in' }, protocol: TCP, port: 22 },
      'drop',
      'outside-reach',
    ],
    [
      'the host itself',
      { source: { instance: 't/a' }, destination: { address: '192.0.2.1' }, protocol: TCP, port: 179 },
      'drop',
      'host-input',
    ],
    [
      'the gateway’s echo',
      { source: { instance: 't/a' }, destination: { address: '10.0.0.1' }, protocol: 1, icmp: { type: 8, code: 0 } },
      'pass',
      'host-input',
    ],
    [
      'IPv6 echo',
      {
        source: { address: '2001:db8:9::1' },
        destination: { instance: 't/a' },
        protocol: 58,
        icmp: { type: 128, code: 0 },
        family: 6 as const,
      },
      'pass',
      'rule',
    ],
    [
      'an ICMP error on its own',
      {
        source: { address: '2001:db8:9::1' },
        destination: { instance: 't/a' },
        protocol: 58,
        icmp: { type: 1, code: 0 },
        family: 6 as const,
      },
      'drop',
      'begins-no-flow',
    ],
  ] as const)('%s', (_, request, verdict, reason) => {
    const result = tracePacket(model(), request);
    expect({ verdict: result.verdict, reason: result.destination.reason }).toEqual({ verdict, reason });
  });

  test('sees spoofed sources and the reach of the source', () => {
    const spoofed = tracePacket(model(), {
      source: { instance: 't/a', address: '10.0.0.99' },
      destination: { instance: 't/b' },
      protocol: TCP,
      port: 8000,
    });
    expect(spoofed.source.reason).toBe('spoofed-source');
    const wrongMac = tracePacket(model(), {
      source: { instance: 't/a' },
      destination: { instance: 't/b' },
      protocol: TCP,
      port: 8000,
      sourceMac: '52:54:00:00:00:02',
    });
    expect(wrongMac.source.reason).toBe('spoofed-source');
    const beyond = tracePacket(model(), {
      source: { instance: 't/in' },
      destination: { address: '1.1.1.1' },
      protocol: TCP,
      port: 443,
    });
    expect(beyond.source).toMatchObject({ reason: 'outside-reach', verdict: 'drop' });
    expect(beyond.seenSourceAddress).toBeUndefined();
  });

  test.each([
    [
      'trace.unknown-instance',
      { source: { instance: 't/none' }, destination: { instance: 't/b' }, protocol: TCP, port: 80 },
    ],
    [
      'trace.no-common-family',
      { source: { instance: 't/b' }, destination: { address: '2001:db8::1' }, protocol: TCP, port: 80 },
    ],
    ['trace.invalid', { source: { instance: 't/b' }, destination: { address: 'nonsense' }, protocol: TCP, port: 80 }],
    ['trace.invalid', { source: { instance: 't/b' }, destination: { instance: 't/a' }, protocol: 1 }],
    [
      'trace.invalid',
      { source: { instance: 't/b' }, destination: { instance: 't/a' }, protocol: 58, icmp: { type: 128, code: 0 } },
    ],
    ['trace.invalid', { source: { instance: 't/b' }, destination: { instance: 't/a' }, protocol: TCP, port: 70_000 }],
  ])('refuses with %s', (code, request) => {
    expect(() => tracePacket(model(), request)).toThrow(expect.objectContaining({ code }));
  });
});
