import { describe, expect, test } from 'vitest';
import { FabricModel } from '../src/index.ts';
import { addressGroup, fabric, host, instance, network, securityGroup } from './manifests.ts';

function foundation(): FabricModel {
  const model = new FabricModel();
  model.put(host('h1', { address: '192.0.2.1', address6: '2001:db8:f::1', masqueradeAddress: '192.0.2.2' }));
  model.put(host('h2', { address: '192.0.2.12' }));
  model.put(
    network('net', {
      pools: [
        { cidr: '10.0.0.0/16', gateway: '10.0.0.1' },
        { cidr: '192.0.2.0/24', gateway: '192.0.2.254' },
        { cidr: '2001:db8:1::/64' },
        { cidr: '2001:db8:2::/64', gateway: '2001:db8:2::1' },
      ],
    }),
  );
  model.put(securityGroup('t/web', []));
  model.put(securityGroup('t/raw', [], false));
  return model;
}

const BASE = { host: 'h1', interface: 'tap1', mac: '52:54:00:00:00:01', network: 'net', addresses: ['10.0.0.10'] };

function codes(model: FabricModel, name = 't/a'): string[] {
  const resolved = model.instance(name);
  return resolved?.state === 'closed' ? resolved.findings.map((finding) => finding.code) : [];
}

describe('an instance that is sound', () => {
  test('is open, with all that its resources say', () => {
    const model = foundation();
    model.put(
      instance('t/a', {
        ...BASE,
        addresses: ['10.0.0.10', '2001:db8:1::a', '2001:db8:2::a'],
        securityGroups: ['web', 't/web'],
        allowedAddressPairs: [
          { cidr: '10.0.9.0/24' },
          { cidr: '10.0.0.99', mac: '52:54:00:00:00:99' },
          { cidr: '10.0.9.0/24', mac: BASE.mac },
        ],
      }),
    );
    expect(model.instance('t/a')).toEqual({
      state: 'open',
      name: 't/a',
      key: 'Instance/t/a',
      host: 'h1',
      interface: 'tap1',
      mac: '52:54:00:00:00:01',
      addresses: ['10.0.0.10', '2001:db8:1::a', '2001:db8:2::a'],
      network: 'net',
      gateways: ['10.0.0.1', 'fe80::1', '2001:db8:2::1'],
      reach: 'internet',
      egressNat: 'none',
      groups: ['t/web'],
      pairs: [
        { prefix: '10.0.0.99/32', mac: '52:54:00:00:00:99' },
        { prefix: '10.0.9.0/24', mac: '52:54:00:00:00:01' },
      ],
      portSecurity: true,
      stateful: true,
    });
    expect(model.findings()).toEqual([]);
    expect(model.instanceByAddress('2001:db8:1::a')?.name).toBe('t/a');
    expect(model.instancesOn('h1').map((some) => some.name)).toEqual(['t/a']);
    expect([...model.membersOf('t/web').addresses.keys()].sort()).toEqual([
      '10.0.0.10',
      '10.0.0.99',
      '2001:db8:1::a',
      '2001:db8:2::a',
    ]);
    expect([...model.membersOf('t/web').prefixes.keys()]).toEqual(['10.0.9.0/24']);
  });
});

describe('an instance that cannot be understood is closed, with the reason', () => {
  test.each([
    ['unknown host', { host: 'h9' }, 'instance.unknown-host', 'spec.host'],
    ['interface without a known prefix', { interface: 'eth0' }, 'instance.interface-prefix', 'spec.interface'],
    ['unknown network', { network: 'none' }, 'instance.unknown-network', 'spec.network'],
    ['unknown group', { securityGroups: ['web', 'nope'] }, 'instance.unknown-group', 'spec.securityGroups[1]'],
    [
      'address outside the pools',
      { addresses: ['10.0.0.10', '10.1.0.1'] },
      'instance.address-outside-pools',
      'spec.addresses[1]',
    ],
    ['address that is a gateway', { addresses: ['10.0.0.1'] }, 'instance.address-is-gateway', 'spec.addresses[0]'],
    ['address of a host', { addresses: ['192.0.2.12'] }, 'instance.address-of-host', 'spec.addresses[0]'],
    ['masquerade address of a host', { addresses: ['192.0.2.2'] }, 'instance.address-of-host', 'spec.addresses[0]'],
    [
      'stateful and stateless groups',
      { securityGroups: ['web', 'raw'] },
      'instance.mixed-stateful',
      'spec.securityGroups',
    ],
  ])('%s', (_, change, code, path) => {
    const model = foundation();
    model.put(instance('t/a', { ...BASE, ...change }));
    expect(model.findings()).toMatchObject([{ code, path, severity: 'error', resource: 'Instance/t/a' }]);
    const resolved = model.instance('t/a');
    expect(resolved).toMatchObject({ state: 'closed', reason: expect.stringContaining('Instance t/a: ') });
    expect(model.membersOf('t/web').addresses.size).toBe(0);
  });

  test('and opens when what was missing comes', () => {
    const model = foundation();
    model.put(instance('t/a', { ...BASE, host: 'h9', securityGroups: ['late'] }));
    expect(codes(model)).toEqual(['instance.unknown-host', 'instance.unknown-group']);
    model.put(host('h9', { address: '192.0.2.9' }));
    model.put(securityGroup('t/late', []));
    expect(model.instance('t/a')?.state).toBe('open');
    expect(model.delete('SecurityGroup/t/late')).toBe(true);
    expect(codes(model)).toEqual(['instance.unknown-group']);
  });
});

describe('claims', () => {
  test.each([
    ['address', 'instance.duplicate-address', { interface: 'tap2', mac: '52:54:00:00:00:02', host: 'h2' }],
    ['interface', 'instance.duplicate-interface', { mac: '52:54:00:00:00:02', addresses: ['10.0.0.11'] }],
    ['MAC', 'instance.duplicate-mac', { interface: 'tap2', addresses: ['10.0.0.11'] }],
  ])('an %s that two claim is the first’s by name, whatever came first', (_, code, change) => {
    const model = foundation();
    model.put(instance('t/b', { ...BASE, ...change }));
    expect(model.instance('t/b')?.state).toBe('open');
    model.put(instance('t/a', BASE));
    expect(model.instance('t/a')?.state).toBe('open');
    expect(codes(model, 't/b')).toEqual([code]);
    expect(model.findings()[0]?.message).toContain('belongs to Instance t/a');
    model.delete('Instance/t/a');
    expect(model.instance('t/b')?.state).toBe('open');
  });

  test.each([
    ['address', { interface: 'tap2', mac: '52:54:00:00:00:02' }],
    ['interface', { addresses: ['10.0.0.11'], mac: '52:54:00:00:00:02' }],
    ['mac', { addresses: ['10.0.0.11'], interface: 'tap2' }],
  ])('the older one has the %s, whatever its name and whoever came first', (what, change) => {
    const older = instance('t/b', { ...BASE, ...change }, '2026-01-01T00:00:00.000Z');
    const younger = [
      instance('t/a', BASE, '2026-01-01T00:00:00.001Z'),
      instance('t/a', BASE), // nobody knows when: younger than all that have a time
    ];
    for (const resource of younger) {
      for (const order of [
        [older, resource],
        [resource, older],
      ]) {
        const model = foundation();
        for (const put of order) model.put(put);
        expect(model.instance('t/b')?.state).toBe('open');
        expect(codes(model, 't/a')).toEqual([`instance.duplicate-${what}`]);
      }
    }
  });

  test('a claim is decided anew when a timestamp changes', () => {
    const model = foundation();
    model.put(instance('t/a', BASE, '2026-01-02T00:00:00.000Z'));
    const other = { ...BASE, interface: 'tap2', mac: '52:54:00:00:00:02' };
    model.put(instance('t/b', other, '2026-01-03T00:00:00.000Z'));
    expect(model.instanceByAddress('10.0.0.10')?.name).toBe('t/a');
    model.put(instance('t/b', other, '2026-01-01T00:00:00.000Z'));
    expect(model.instanceByAddress('10.0.0.10')?.name).toBe('t/b');
    expect(codes(model, 't/a')).toEqual(['instance.duplicate-address']);
  });

  test('interfaces and MACs may repeat on another host', () => {
    const model = foundation();
    model.put(instance('t/a', BASE));
    model.put(instance('t/b', { ...BASE, host: 'h2', addresses: ['10.0.0.11'] }));
    expect(model.findings()).toEqual([]);
  });

  test('an instance that is wrong in itself takes nothing from a sound one', () => {
    const model = foundation();
    model.put(instance('t/a', { ...BASE, securityGroups: ['nope'] }));
    model.put(instance('t/b', BASE));
    expect(codes(model)).toEqual(['instance.unknown-group']);
    expect(model.instanceByAddress('10.0.0.10')?.name).toBe('t/b');
  });
});

describe('without port security', () => {
  test('groups are reported as pointless, and the instance is no member', () => {
    const model = foundation();
    model.put(instance('t/a', { ...BASE, securityGroups: ['web'], portSecurity: false }));
    expect(model.instance('t/a')).toMatchObject({ state: 'open', groups: [], portSecurity: false });
    expect(model.findings()).toMatchObject([{ code: 'instance.groups-without-port-security', severity: 'warning' }]);
    expect(model.membersOf('t/web').addresses.size).toBe(0);
  });
});

test('a rule that refers to nothing is a warning and closes nothing', () => {
  const model = foundation();
  model.put(
    securityGroup('t/web', [
      { direction: 'ingress', ethertype: 'IPv4', remote: { group: 'gone' } },
      { direction: 'ingress', ethertype: 'IPv4', remote: { addressGroup: 'u/gone' } },
    ]),
  );
  model.put(instance('t/a', { ...BASE, securityGroups: ['web'] }));
  expect(model.instance('t/a')?.state).toBe('open');
  expect(model.findings()).toMatchObject([
    { code: 'security-group.unknown-remote-group', path: 'spec.rules[0].remote.group', severity: 'warning' },
    { code: 'security-group.unknown-address-group', path: 'spec.rules[1].remote.addressGroup', severity: 'warning' },
  ]);
  model.put(securityGroup('t/gone', []));
  model.put(addressGroup('u/gone', []));
  expect(model.findings()).toEqual([]);
});

test('the site is siteCidrs and all pools, without what is inside another', () => {
  const model = foundation();
  model.put(fabric({ siteCidrs: ['10.0.0.0/8', '203.0.113.0/24'] }));
  expect(model.sitePrefixes().map(({ family, length }) => `${family}/${length}`)).toEqual([
    '4/8',
    '4/24',
    '4/24',
    '6/64',
    '6/64',
  ]);
  model.delete('FabricConfiguration/default');
  expect(model.sitePrefixes().map(({ family, length }) => `${family}/${length}`)).toEqual([
    '4/16',
    '4/24',
    '6/64',
    '6/64',
  ]);
});

describe('a subscription', () => {
  test('starts with everything, then tells what each change affects, and no more', () => {
    const model = foundation();
    model.put(instance('t/a', { ...BASE, securityGroups: ['web'] }));
    using subscription = model.subscribe();
    const first = subscription.take();
    expect([...first.instances]).toEqual(['t/a']);
    expect(first.fabric).toBe(true);
    expect([...(first.memberships.get('t/web') ?? [])]).toEqual(['10.0.0.10']);
    expect(subscription.pending).toBe(false);

    model.put(
      instance('t/b', {
        ...BASE,
        interface: 'tap2',
        mac: '52:54:00:00:00:02',
        addresses: ['10.0.0.11'],
        securityGroups: ['web'],
      }),
    );
    const second = subscription.take();
    expect([...second.instances]).toEqual(['t/b']);
    expect([...second.memberships]).toEqual([['t/web', new Set(['10.0.0.11'])]]);
    expect(second.securityGroups.size + second.hosts.size + second.addressGroups.size).toBe(0);

    model.put(
      instance('t/b', {
        ...BASE,
        interface: 'tap2',
        mac: '52:54:00:00:00:02',
        addresses: ['10.0.0.11'],
        securityGroups: ['web'],
      }),
    );
    expect(subscription.pending).toBe(false);
  });
});
