import { describe, expect, test } from 'vitest';
import {
  keyOf,
  NAMESPACED_KINDS,
  parseResourceKey,
  RESOURCE_KINDS,
  resolveReference,
  resourceKey,
} from '../../src/index.ts';
import { checkManifest, messagesOf, normalised, type RefusedFields, rule } from '../support/schema-check.ts';

test.each(RESOURCE_KINDS)('a good %s is good, and its key can be read back', (kind) => {
  const { manifests, problems } = checkManifest(kind, {});
  expect(problems).toEqual([]);
  const [manifest] = manifests;
  if (manifest === undefined) throw new Error('no manifest');
  const name = kind === 'FabricConfiguration' ? 'default' : 'x';
  expect(manifest.key).toBe(NAMESPACED_KINDS.has(kind) ? `${kind}/default/x` : `${kind}/${name}`);
  expect(keyOf(manifest.resource)).toBe(manifest.key);
  const parts = parseResourceKey(manifest.key);
  expect(resourceKey(parts.kind, parts.namespace, parts.name)).toBe(manifest.key);
});

test.each(RESOURCE_KINDS)('%s: unknown fields are errors at every level', (kind) => {
  expect(messagesOf(kind, { zzz: 1 })).toEqual([expect.stringMatching(/^unknown field `spec\.zzz`; known here: /)]);
  expect(messagesOf(kind, {}, { zzz: 1 })).toEqual([
    expect.stringMatching(/^unknown field `metadata\.zzz`; known here: name/),
  ]);
});

test.each(RESOURCE_KINDS.filter((kind) => !NAMESPACED_KINDS.has(kind)))(
  '%s is cluster-wide: a namespace is an error',
  (kind) => {
    expect(messagesOf(kind, {}, { namespace: 'tenant-a' })).toEqual([
      'unknown field `metadata.namespace`; known here: name, labels, creationTimestamp',
    ]);
  },
);

describe('normalising', () => {
  test('defaults are filled in', () => {
    expect(normalised('Instance', { securityGroups: undefined, allowedAddressPairs: undefined })).toMatchObject({
      securityGroups: [],
      allowedAddressPairs: [],
      portSecurity: true,
    });
    expect(normalised('Network', {})).toMatchObject({ egressNat: { ipv4: 'none' } });
    expect(normalised('BGPPeer', {})).toMatchObject({
      families: ['ipv4-unicast', 'ipv6-unicast'],
      holdTimeSeconds: 90,
      connectRetrySeconds: 5,
      passive: false,
      gracefulRestart: { restartTimeSeconds: 120, stalePathSeconds: 360, notifications: true },
    });
    expect(normalised('BGPPeer', {})).toMatchObject({
      import: ['default-import'],
      export: ['default-export'],
      allowOwnAs: 0,
      acceptBlackhole: false,
    });
    expect(normalised('BGPPeer', { maxPrefixes: { 'ipv6-unicast': { limit: 9 } } })).toMatchObject({
      maxPrefixes: { 'ipv6-unicast': { limit: 9, warnAtPercent: 80, action: 'restart', restartSeconds: 300 } },
    });
    expect(normalised('BGPPeer', {})).not.toHaveProperty('bfd');
    expect(normalised('BGPPeer', { bfd: true })).toMatchObject({ bfd: true });
    expect(normalised('BGPPeer', { bfd: { minTxMs: 50 } })).toMatchObject({
      bfd: { minTxMs: 50, minRxMs: 100, multiplier: 3 },
    });
    expect(normalised('FabricConfiguration', { interfacePrefixes: undefined })).toMatchObject({
      interfacePrefixes: ['tap'],
    });
  });

  test('addresses, prefixes, MACs, protocols and ports become canonical', () => {
    expect(normalised('Instance', { addresses: ['2001:DB8::0:1'], mac: '52-54-00-AA-00-01' })).toMatchObject({
      addresses: ['2001:db8::1'],
      mac: '52:54:00:aa:00:01',
    });
    expect(normalised('AddressGroup', { cidrs: ['10.1.2.3/8', '192.0.2.1'] })).toEqual({
      cidrs: ['10.0.0.0/8', '192.0.2.1/32'],
    });
    expect(normalised('SecurityGroup', rule({ protocol: 'TCP', ports: '80 - 90' }))).toMatchObject({
      rules: [{ protocol: 6, ports: { first: 80, last: 90 } }],
    });
    expect(normalised('SecurityGroup', rule({ protocol: '17', ports: '53' }))).toMatchObject({
      rules: [{ protocol: 17, ports: { first: 53, last: 53 } }],
    });
  });
});

describe('what is refused', () => {
  test.each<RefusedFields>([
    ['Host', { address: '2001:db8::1' }, ['`spec.address` must be an IPv4 address']],
    ['Host', { address6: '192.0.2.1' }, ['`spec.address6` must be an IPv6 address']],
    [
      'Host',
      { routerId: '192.0.2' },
      ['`spec.routerId`: "192.0.2" is not an IP address; write it like 192.0.2.1 or 2001:db8::1'],
    ],
    ['Host', { masqueradeAddress: '::1' }, ['`spec.masqueradeAddress` must be an IPv4 address']],
    ['Host', { asNumber: 0 }, ['`spec.asNumber` must be at least 1: AS 0 is reserved (RFC 7607)']],
    ['Host', { asNumber: 4_294_967_295 }, ['`spec.asNumber` must be at most 4294967294 (RFC 7300)']],
    ['Host', { asNumber: 23_456 }, ['`spec.asNumber` is reserved (RFC 6793, RFC 7300); choose another']],
    ['Host', { asNumber: 65_535 }, ['`spec.asNumber` is reserved (RFC 6793, RFC 7300); choose another']],
    ['Host', { asNumber: 1.5 }, ['`spec.asNumber` must be a whole number']],
    [
      'FabricConfiguration',
      { interfacePrefixes: [] },
      ['`spec.interfacePrefixes` needs at least one prefix, or no interface would be closed by default'],
    ],
    [
      'FabricConfiguration',
      { interfacePrefixes: ['tap*'] },
      ['`spec.interfacePrefixes[0]` must be 1–14 letters, digits, "_", "." or "-"'],
    ],
    [
      'FabricConfiguration',
      { siteCidrs: ['10.0.0.0/40'] },
      ['`spec.siteCidrs[0]`: "10.0.0.0/40" is not a prefix; write it like 192.0.2.0/24 or 2001:db8::/32'],
    ],
    ['Network', { pools: [] }, ['`spec.pools` needs at least one pool']],
    [
      'Network',
      { pools: [{ cidr: '10.0.0.0/8' }] },
      ['`spec.pools[0].gateway` is missing: an IPv4 pool needs a gateway, usually the first address of its cidr'],
    ],
    [
      'Network',
      { pools: [{ cidr: '10.0.0.0/8', gateway: '::1' }] },
      ['`spec.pools[0].gateway` must be of the same family as cidr 10.0.0.0/8'],
    ],
    [
      'Network',
      { pools: [{ cidr: '10.0.0.0/8', gateway: '11.0.0.1' }] },
      ['`spec.pools[0].gateway` must be inside cidr 10.0.0.0/8'],
    ],
    ['Network', { reach: 'moon' }, ['`spec.reach` must be internet or site, not the text "moon"']],
    [
      'Network',
      { egressNat: { ipv4: 'snat' } },
      ['`spec.egressNat.ipv4` must be none or masquerade, not the text "snat"'],
    ],
    ...['0.0.0.0', '127.0.0.1', '224.0.0.5', '255.255.255.255', '::', '::1', 'ff02::1', 'fe80::1'].map(
      (address): RefusedFields => [
        'Instance',
        { addresses: [address] },
        [`\`spec.addresses[0]\` cannot be ${address}: it is not a unicast address that can be routed`],
      ],
    ),
    [
      'Host',
      { address: '127.0.0.1' },
      ['`spec.address` cannot be 127.0.0.1: it is not a unicast address that can be routed'],
    ],
    ['Instance', { addresses: [] }, ['`spec.addresses` needs at least one address']],
    ['Instance', { addresses: ['192.0.2.1', '192.0.2.1'] }, ['`spec.addresses` has the same address twice']],
    ['Instance', { addresses: ['2001:db8::1', '2001:DB8:0::1'] }, ['`spec.addresses` has the same address twice']],
    [
      'Instance',
      { mac: 'ff:ff:ff:ff:ff:ff' },
      ['`spec.mac`: "ff:ff:ff:ff:ff:ff" cannot be an instance\'s MAC address: it is a group or null address'],
    ],
    [
      'Instance',
      { mac: '00:00:00:00:00:00' },
      ['`spec.mac`: "00:00:00:00:00:00" cannot be an instance\'s MAC address: it is a group or null address'],
    ],
    ['Instance', { mac: '52:54' }, ['`spec.mac`: "52:54" is not a MAC address; write it like 52:54:00:00:00:01']],
    [
      'Instance',
      { interface: 'tap"; drop' },
      ['`spec.interface` must be a Linux interface name: 1–15 letters, digits, "_", ".", "@" or "-"'],
    ],
    [
      'Instance',
      { interface: 'sixteen-letters-' },
      ['`spec.interface` must be a Linux interface name: 1–15 letters, digits, "_", ".", "@" or "-"'],
    ],
    ['Instance', { interface: '..' }, ['`spec.interface` cannot be "." or ".."']],
    ['Instance', { securityGroups: ['a/b/c'] }, ['`spec.securityGroups[0]` must be NAME or NAMESPACE/NAME']],
    ['Instance', { portSecurity: 'yes' }, ['`spec.portSecurity` must be true or false, not the text "yes"']],
    [
      'Instance',
      { allowedAddressPairs: [{ cdir: '10.0.0.0/8' }] },
      [
        '`spec.allowedAddressPairs[0].cidr` is missing; it must be a text',
        'unknown field `spec.allowedAddressPairs[0].cdir`; did you mean `cidr`?',
      ],
    ],
  ])('%s %j', (kind, spec, messages) => {
    expect(messagesOf(kind, spec)).toEqual(messages);
  });

  test.each([
    ['Upper', 'DNS label'],
    ['-x', 'DNS label'],
    ['x-', 'DNS label'],
    ['a.b', 'DNS label'],
    ['x'.repeat(64), 'DNS label'],
    ['../x', 'DNS label'],
    ['', 'DNS label'],
  ])('the name %j', (name, reason) => {
    expect(messagesOf('Host', {}, { name })).toEqual([expect.stringContaining(reason)]);
    expect(messagesOf('Instance', {}, { namespace: name })).toEqual([expect.stringContaining(reason)]);
  });

  test.each([
    '2026-01-31',
    '2026-01-31 12:00:00Z',
    '2026-01-31T12:00:00',
    '2026-02-30T12:00:00Z',
    '2025-02-29T12:00:00Z',
    '2026-01-31T24:00:01Z',
    '2026-01-31T12:60:00Z',
    '2026-13-01T12:00:00Z',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
    'yesterday',
    '',
  ])('the time %j', (creationTimestamp) => {
    for (const kind of RESOURCE_KINDS) {
      expect(messagesOf(kind, {}, { creationTimestamp })).toEqual([
        `\`metadata.creationTimestamp\`: "${creationTimestamp}" is not an RFC 3339 time; write it like 2026-01-31T12:00:00.000Z`,
      ]);
    }
  });

  test('a FabricConfiguration that is not named default', () => {
    expect(messagesOf('FabricConfiguration', {}, { name: 'other' })).toEqual([
      '`metadata.name` must be "default": there is one FabricConfiguration',
    ]);
  });

  test.each(['Host', 'Host/a/b', 'Instance/x', 'Pod/x', '', 'Instance/a/b/c'])('%j is no resource key', (key) => {
    expect(() => parseResourceKey(key)).toThrow(expect.objectContaining({ code: 'resource-key.invalid' }));
  });
});

test.each([
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31T12:00:00.1239Z', '2026-01-31T12:00:00.123Z'],
  ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000Z'],
  ['2028-02-29T23:59:59.999-00:01', '2028-03-01T00:00:59.999Z'],
])('the time %s means %s', (creationTimestamp, canonical) => {
  for (const kind of RESOURCE_KINDS) {
    const { manifests, problems } = checkManifest(kind, {}, { creationTimestamp });
    expect(problems).toEqual([]);
    expect(manifests[0]?.resource.metadata.creationTimestamp).toBe(canonical);
  }
});

test('references without a namespace mean that of the resource they stand in', () => {
  expect(resolveReference('web', 'tenant-a')).toBe('tenant-a/web');
  expect(resolveReference('tenant-b/web', 'tenant-a')).toBe('tenant-b/web');
});
