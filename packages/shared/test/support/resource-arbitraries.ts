import fc from 'fast-check';
import {
  isRoutableUnicast,
  PROTOCOL_NUMBERS,
  parseIpAddress,
  RESOURCE_SCHEMAS,
  type Resource,
} from '../../src/index.ts';

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const labels = fc.dictionary(
  fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9_./-]{0,8}[A-Za-z0-9])?$/),
  fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('yes', 'null', '1', '0x1', '1:30', '~', '', '- a', '# x', 'a: b'),
  ),
  { maxKeys: 3, noNullPrototype: true },
);
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const routable = (text: string): boolean => isRoutableUnicast(parseIpAddress(text));
const ipv4 = fc.ipV4().filter(routable);
const ipv6 = fc.ipV6().filter(routable);
const cidr4 = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([address, length]) => `${address}/${length}`);
const cidr6 = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([address, length]) => `${address}/${length}`);
const mac = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 5, maxLength: 5 })
  .map((octets) => ['52', ...octets.map((octet) => octet.toString(16).padStart(2, '0'))].join(':'));
const asNumber = fc.integer({ min: 64_512, max: 65_534 });
const creationTimestamp = optional(
  fc
    .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
    .map((date) => date.toISOString()),
);
const cluster = fc.record({ name, labels, creationTimestamp });
const namespaced = fc.record({ name, namespace: name, labels, creationTimestamp });

const ports = fc
  .tuple(fc.nat(65_535), fc.nat(65_535))
  .map(([left, right]) => (left === right ? left : `${Math.min(left, right)}-${Math.max(left, right)}`));
const transport = fc.record({ protocol: fc.constantFrom('tcp', 'udp', 6, 132), ports: optional(ports) });
const other = fc.record({
  protocol: fc.constantFrom(...Object.keys(PROTOCOL_NUMBERS).filter((text) => !text.startsWith('icmp')), 200),
});
const icmp = fc.record({ icmp: fc.record({ type: fc.nat(255), code: optional(fc.nat(255)) }) });
const rule = fc
  .record({
    direction: fc.constantFrom('ingress', 'egress'),
    ethertype: fc.constantFrom('IPv4' as const, 'IPv6' as const),
    match: fc.oneof(fc.constant({}), transport, other, icmp),
    remote: fc.constantFrom('none', 'cidr', 'group', 'addressGroup'),
    v4: cidr4,
    v6: cidr6,
    group: fc.oneof(
      name,
      fc.tuple(name, name).map((parts) => parts.join('/')),
    ),
    description: optional(fc.string({ maxLength: 30 })),
  })
  .map(({ match, remote, v4, v6, group, description, direction, ethertype }) => {
    const four = ethertype === 'IPv4';
    return {
      direction,
      ethertype,
      ...match,
      ...('icmp' in match ? { protocol: four ? 'icmp' : 'icmpv6' } : {}),
      ...(remote === 'none' ? {} : { remote: remote === 'cidr' ? { cidr: four ? v4 : v6 } : { [remote]: group } }),
      ...(description === undefined ? {} : { description }),
    };
  });

/** Specs and metadata of every kind, as people write them. */
const manifest = fc.oneof(
  fc.record({
    kind: fc.constant('Host'),
    metadata: cluster,
    spec: fc.record({ address: ipv4, address6: optional(ipv6), asNumber: optional(asNumber) }),
  }),
  fc.record({
    kind: fc.constant('FabricConfiguration'),
    metadata: fc.record({ name: fc.constant('default'), creationTimestamp }),
    spec: fc.record({ asNumber: optional(asNumber), siteCidrs: fc.array(fc.oneof(cidr4, cidr6), { maxLength: 3 }) }),
  }),
  fc.record({
    kind: fc.constant('Network'),
    metadata: cluster,
    spec: fc.record({
      pools: fc.array(
        fc.oneof(
          ipv4.map((gateway) => ({ cidr: `${gateway}/24`, gateway })),
          cidr6.map((cidr) => ({ cidr })),
        ),
        { minLength: 1, maxLength: 3 },
      ),
      reach: fc.constantFrom('internet', 'site'),
      egressNat: optional(fc.record({ ipv4: optional(fc.constantFrom('none', 'masquerade')) })),
    }),
  }),
  fc.record({
    kind: fc.constant('Instance'),
    metadata: namespaced,
    spec: fc.record({
      host: name,
      interface: fc.stringMatching(/^tap[a-z0-9]{1,12}$/),
      mac,
      network: name,
      addresses: fc.uniqueArray(fc.oneof(ipv4, fc.constant('2001:DB8::1')), { minLength: 1, maxLength: 3 }),
      securityGroups: optional(fc.array(name, { maxLength: 3 })),
      allowedAddressPairs: optional(fc.array(fc.record({ cidr: cidr4, mac: optional(mac) }), { maxLength: 2 })),
      portSecurity: optional(fc.boolean()),
    }),
  }),
  fc.record({
    kind: fc.constant('SecurityGroup'),
    metadata: namespaced,
    spec: fc.record({ stateful: optional(fc.boolean()), rules: fc.array(rule, { maxLength: 4 }) }),
  }),
  fc.record({
    kind: fc.constant('AddressGroup'),
    metadata: namespaced,
    spec: fc.record({ cidrs: fc.array(fc.oneof(cidr4, cidr6), { maxLength: 4 }) }),
  }),
  fc.record({
    kind: fc.constant('RoutePolicy'),
    metadata: cluster,
    spec: fc.record({
      terms: fc.array(
        fc.record({
          match: optional(
            fc.record({
              prefixes: optional(fc.array(fc.record({ cidr: fc.oneof(cidr4, cidr6) }), { minLength: 1, maxLength: 2 })),
              communities: optional(fc.constantFrom(['no-export'], ['65001:1', '65001:*'])),
            }),
          ),
          action: fc.constantFrom('accept', 'next'),
          set: fc.record({
            localPref: fc.nat(),
            communities: optional(fc.constantFrom({ set: [] }, { add: ['1:2'] })),
          }),
        }),
        { maxLength: 3 },
      ),
    }),
  }),
  fc.record({
    kind: fc.constant('BGPPeer'),
    metadata: cluster,
    spec: fc.record({
      hosts: fc.constantFrom('all()', 'rack == "a"', "rack in {'a','b'} && !has(spare)"),
      address: fc.oneof(ipv4, ipv6),
      asNumber,
      ttlSecurity: optional(fc.record({ hops: fc.integer({ min: 1, max: 254 }) })),
      passwordFile: optional(fc.constantFrom('/etc/slash32/tor', '/run/a b')),
      holdTimeSeconds: optional(fc.constantFrom(0, 3, 90, 180)),
      bfd: optional(
        fc.oneof(
          fc.boolean(),
          fc.record({
            minTxMs: optional(fc.integer({ min: 10, max: 60_000 })),
            multiplier: fc.integer({ min: 1, max: 255 }),
          }),
        ),
      ),
      introduce: optional(fc.constantFrom('nothing', 'hostname', 'hostname-and-version')),
      acceptBlackhole: optional(fc.boolean()),
      delayOpenSeconds: optional(fc.integer({ min: 1, max: 240 })),
      gracefulRestart: optional(
        fc.record({
          restartTimeSeconds: optional(fc.integer({ min: 1, max: 4095 })),
          stalePathSeconds: optional(fc.integer({ min: 1, max: 65_535 })),
          notifications: optional(fc.boolean()),
          longLivedStaleTimeSeconds: optional(fc.integer({ min: 1, max: 2_147_483 })),
        }),
      ),
    }),
  }),
);

/** Valid, normalised resources of every kind. */
export const anyResource: fc.Arbitrary<Resource> = manifest.map((input) => {
  const text = JSON.stringify({ apiVersion: 'slash32.dev/v1', ...input });
  const value = JSON.parse(text) as Record<string, unknown>;
  const schema = Object.entries(RESOURCE_SCHEMAS).find(([kind]) => kind === input.kind)?.[1];
  if (schema === undefined) throw new Error(`no schema of ${input.kind}`);
  return schema.parse(value);
});
