import { describe, expect, test } from 'vitest';
import {
  keyOf,
  NAMESPACED_KINDS,
  parseManifests,
  parseResourceKey,
  RESOURCE_KINDS,
  type ResourceKind,
  resolveReference,
  resourceKey,
} from '../../src/index.ts';

/** One good spec per kind; a case changes some fields of it. */
const GOOD_SPECS: Readonly<Record<ResourceKind, Record<string, unknown>>> = {
  FabricConfiguration: { asNumber: 64512, siteCidrs: ['10.0.0.0/8', '2001:db8::/32'], interfacePrefixes: ['tap'] },
  Host: { address: '192.0.2.11', address6: '2001:db8:f::11', asNumber: 64601 },
  Network: { pools: [{ cidr: '10.70.0.0/16', gateway: '10.70.0.1' }, { cidr: '2001:db8:70::/64' }], reach: 'internet' },
  Instance: {
    host: 'compute-a1',
    interface: 'tapweb1',
    mac: '52:54:00:00:00:01',
    network: 'public',
    addresses: ['203.0.113.10', '2001:db8:1::10'],
    securityGroups: ['web', 'tenant-b/shared'],
    allowedAddressPairs: [{ cidr: '203.0.113.99/32', mac: '52:54:00:00:00:02' }],
  },
  SecurityGroup: { rules: [{ direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443 }] },
  AddressGroup: { cidrs: ['198.51.100.0/24'] },
  BGPPeer: { hosts: 'rack == "a"', address: '192.0.2.1', asNumber: 64901 },
  RoutePolicy: { terms: [{ match: { prefixes: [{ cidr: '10.0.0.0/8', le: 24 }] }, action: 'accept' }] },
};

/** Checks a manifest of `kind` with `spec` (and `metadata`) over the good one; as YAML, since JSON is YAML. */
function check(kind: ResourceKind, spec: Record<string, unknown>, metadata: Record<string, unknown> = {}) {
  const name = kind === 'FabricConfiguration' ? 'default' : 'x';
  const manifest = {
    apiVersion: 'slash32.dev/v1',
    kind,
    metadata: { name, ...metadata },
    spec: { ...GOOD_SPECS[kind], ...spec },
  };
  return parseManifests({ file: 'f', text: JSON.stringify(manifest) });
}

function messagesOf(
  kind: ResourceKind,
  spec: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): string[] {
  return check(kind, spec, metadata).problems.map(({ message }) => message);
}

function normalised(kind: ResourceKind, spec: Record<string, unknown>): Record<string, unknown> {
  const { manifests, problems } = check(kind, spec);
  expect(problems).toEqual([]);
  return { ...manifests[0]?.resource.spec };
}

const term = (fields: Record<string, unknown>) => ({ terms: [{ action: 'accept', ...fields }] });
const rule = (fields: Record<string, unknown>) => ({ rules: [{ direction: 'ingress', ethertype: 'IPv4', ...fields }] });

test('communities have one spelling, and built-in policies keep their names', () => {
  const communities = ['no-export', '65001:07', '65001:*'];
  expect(normalised('RoutePolicy', term({ match: { communities } }))).toEqual({
    terms: [{ match: { communities: ['NO_EXPORT', '65001:7', '65001:*'] }, action: 'accept' }],
  });
  expect(messagesOf('RoutePolicy', {}, { name: 'default-export' })).toEqual([
    '`metadata.name` is the name of a built-in policy; choose another',
  ]);
});

test.each(RESOURCE_KINDS)('a good %s is good, and its key can be read back', (kind) => {
  const { manifests, problems } = check(kind, {});
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
  test.each<[ResourceKind, Record<string, unknown>, readonly string[]]>([
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
      (address): [ResourceKind, Record<string, unknown>, readonly string[]] => [
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
    [
      'BGPPeer',
      { hosts: 'rack' },
      [expect.stringMatching(/^`spec\.hosts`: selector has its end after label rack.*\(column 5\)$/)],
    ],
    ['BGPPeer', { families: [] }, ['`spec.families` must have at least 1 entry']],
    [
      'BGPPeer',
      { families: ['vpnv4'] },
      ['`spec.families[0]` must be ipv4-unicast or ipv6-unicast, not the text "vpnv4"'],
    ],
    ['BGPPeer', { holdTimeSeconds: 2 }, ['`spec.holdTimeSeconds` must be 0 (never expires) or 3–65535 (RFC 4271 4.2)']],
    [
      'BGPPeer',
      { asNumber: 'any' },
      ['`spec.asNumber` must be an AS number, external (any but ours), internal (ours), or a list of AS numbers'],
    ],
    ['BGPPeer', { asNumber: 0 }, ['`spec.asNumber` must be at least 1: AS 0 is reserved (RFC 7607)']],
    [
      'BGPPeer',
      { asNumber: [64_901, 23_456] },
      ['`spec.asNumber[1]` is reserved (RFC 6793, RFC 7300); choose another'],
    ],
    [
      'BGPPeer',
      { asOverride: true },
      [
        '`spec.asOverride` is for a route server client: to other routers goes no foreign AS_PATH over AS borders; leave it out',
      ],
    ],
    [
      'BGPPeer',
      { routeServerClient: true, removePrivateAs: 'some' },
      ['`spec.removePrivateAs` must be only, all or replace, not the text "some"'],
    ],
    ['BGPPeer', { multihopTtl: 0 }, ['`spec.multihopTtl` must be at least 1']],
    [
      'BGPPeer',
      { address: undefined },
      ['`spec.address` is required, unless interface names the link to the router, or range where routers call from'],
    ],
    [
      'BGPPeer',
      { address: undefined, range: 'fe80::/10' },
      ['`spec.range` cannot be of link-local addresses; name the link as interface'],
    ],
    [
      'BGPPeer',
      { range: '10.0.0.0/8' },
      ['`spec.address`: excludes range: the routers of a range call us; leave it out'],
    ],
    [
      'BGPPeer',
      { address: undefined, range: '10.0.0.0/33' },
      ['`spec.range`: "10.0.0.0/33" is not a prefix; write it like 192.0.2.0/24 or 2001:db8::/32'],
    ],
    [
      'BGPPeer',
      { maxDynamicPeers: 5 },
      ['`spec.maxDynamicPeers` is for a range; leave it out, or give range instead of address'],
    ],
    [
      'BGPPeer',
      { interface: 'eth1' },
      ['`spec.interface`: excludes address: the router at the other end is found by itself; leave one of them out'],
    ],
    ['BGPPeer', { ttlSecurity: { hops: 0 } }, ['`spec.ttlSecurity.hops` must be at least 1']],
    ['BGPPeer', { ttlSecurity: { hops: 255 } }, ['`spec.ttlSecurity.hops` must be at most 254']],
    [
      'BGPPeer',
      { ttlSecurity: { hops: 2 }, multihopTtl: 2 },
      [
        '`spec.multihopTtl`: excludes ttlSecurity, which sends TTL 255; leave it out, and give the distance as ttlSecurity.hops',
      ],
    ],
    [
      'BGPPeer',
      { address: undefined, interface: 'eth1', multihopTtl: 2, localAddress: '192.0.2.1' },
      [
        '`spec.multihopTtl`: excludes interface: the router is on that link; leave it out',
        '`spec.localAddress`: excludes interface: the link-local address of that interface is used; leave it out',
      ],
    ],
    ['BGPPeer', { passwordFile: 'tor.password' }, ['`spec.passwordFile` must be an absolute path']],
    ['BGPPeer', { bfd: { minTxMs: 9 } }, ['`spec.bfd.minTxMs` must be at least 10']],
    ['BGPPeer', { bfd: { minRxMs: 60_001 } }, ['`spec.bfd.minRxMs` must be at most 60000']],
    ['BGPPeer', { bfd: { minRxMs: 0.5 } }, ['`spec.bfd.minRxMs` must be a whole number, not the number 0.5']],
    [
      'BGPPeer',
      { bfd: { multiplier: 0, minTxMs: '50' } },
      ['`spec.bfd.multiplier` must be at least 1', '`spec.bfd.minTxMs` must be a number, not the text "50"'],
    ],
    ['BGPPeer', { bfd: { multiplier: 256 } }, ['`spec.bfd.multiplier` must be at most 255']],
    ['BGPPeer', { bfd: { minTx: 50 } }, ['unknown field `spec.bfd.minTx`; known here: minTxMs, minRxMs, multiplier']],
    ['BGPPeer', { bfd: { minTxMS: 50 } }, ['unknown field `spec.bfd.minTxMS`; did you mean `minTxMs`?']],
    ['BGPPeer', { bfd: 50 }, ['`spec.bfd` must be true, false, or a mapping of minTxMs, minRxMs and multiplier']],
    ['BGPPeer', { bfd: 'yes' }, ['`spec.bfd` must be true, false, or a mapping of minTxMs, minRxMs and multiplier']],
    ['BGPPeer', { sendHoldSeconds: 90 }, ['`spec.sendHoldSeconds` must be more than holdTimeSeconds, 90 (RFC 9687 4)']],
    [
      'BGPPeer',
      { gracefulRestart: { restartTimeSeconds: 4096 } },
      ['`spec.gracefulRestart.restartTimeSeconds` must be at most 4095'],
    ],
    ['BGPPeer', { import: [] }, ['`spec.import` must have at least 1 entry']],
    [
      'BGPPeer',
      { maxPrefixes: { 'ipv4-unicast': { limit: 0 } } },
      ['`spec.maxPrefixes.ipv4-unicast.limit` must be at least 1'],
    ],
    ['BGPPeer', { localAsNumber: 23_456 }, ['`spec.localAsNumber` is reserved (RFC 6793, RFC 7300); choose another']],
    [
      'RoutePolicy',
      term({ match: { prefixes: [{ cidr: '10.0.0.0/8', ge: 7 }] } }),
      ['`spec.terms[0].match.prefixes[0].ge` must be at least 8, the length of 10.0.0.0/8'],
    ],
    [
      'RoutePolicy',
      term({ match: { prefixes: [{ cidr: '10.0.0.0/8', le: 33 }] } }),
      ['`spec.terms[0].match.prefixes[0].le` must be at most 32'],
    ],
    [
      'RoutePolicy',
      term({ match: { prefixes: [{ cidr: '2001:db8::/32', ge: 64, le: 48 }] } }),
      ['`spec.terms[0].match.prefixes[0].le` must be at least 64'],
    ],
    [
      'RoutePolicy',
      term({ match: { communities: ['65536:1'] } }),
      [
        '`spec.terms[0].match.communities[0]`: "65536:1" is not a community; write it like 65001:100, 65001:* or NO_EXPORT',
      ],
    ],
    [
      'RoutePolicy',
      term({ set: { communities: { add: ['65001:*'] } } }),
      ['`spec.terms[0].set.communities.add[0]`: "65001:*" is not a community; write it like 65001:100 or NO_EXPORT'],
    ],
    [
      'RoutePolicy',
      term({ set: { communities: { set: [], remove: ['*:*'] } } }),
      ['`spec.terms[0].set.communities.remove` has no meaning beside set; leave one of them out'],
    ],
    [
      'RoutePolicy',
      term({ action: 'reject', set: { med: 1 } }),
      ['`spec.terms[0].set` has no effect on a rejected route; leave it out'],
    ],
    ['RoutePolicy', term({ action: 'next' }), ['`spec.terms[0].set` is missing: action next without it does nothing']],
    [
      'RoutePolicy',
      term({ match: { metric: { ge: 2, le: 1 } } }),
      ['`spec.terms[0].match.metric.le` must not be less than ge'],
    ],
    [
      'RoutePolicy',
      term({ match: { asPath: { pattern: '65001 (65002' } } }),
      [
        '`spec.terms[0].match.asPath.pattern`: "65001 (65002" has a "(" without a ")"; write it like "65001 .* (65010|65020)"',
      ],
    ],
    ['RoutePolicy', term({ set: { prepend: 33 } }), ['`spec.terms[0].set.prepend` must be at most 32']],
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
    const { manifests, problems } = check(kind, {}, { creationTimestamp });
    expect(problems).toEqual([]);
    expect(manifests[0]?.resource.metadata.creationTimestamp).toBe(canonical);
  }
});

test('references without a namespace mean that of the resource they stand in', () => {
  expect(resolveReference('web', 'tenant-a')).toBe('tenant-a/web');
  expect(resolveReference('tenant-b/web', 'tenant-a')).toBe('tenant-b/web');
});
