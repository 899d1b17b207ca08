import type { Resource, ResourceKey } from '@slash32/shared';
import fc from 'fast-check';
import type { FabricModel, OpenInstance, TraceRequest } from '../src/index.ts';
import { addressGroup, fabric, host, instance, network, type RuleInput, securityGroup } from './manifests.ts';

/** Small fabrics whose parts collide often: few names, few addresses, overlapping prefixes. */

export const HOSTS = ['h1', 'h2'] as const;
const STATEFUL_GROUPS = ['t/g1', 't/g2', 'u/g1'] as const;
const STATELESS_GROUPS = ['t/s1', 't/s2'] as const;
const ADDRESS_GROUPS = ['t/a1', 'u/a1'] as const;
const INSTANCES = ['t/i1', 't/i2', 't/i3', 'u/i1', 'u/i2'] as const;

export const OUTSIDE = ['198.51.100.7', '1.1.1.1', '2001:db8:ffff::7', '2600::1'] as const;
const PREFIXES_4 = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.0.4/30',
  '10.1.0.5/32',
  '198.51.100.0/24',
  '1.1.1.1/32',
];
const PREFIXES_6 = ['::/0', '2001:db8::/32', '2001:db8:1::/64', '2001:db8:1::5/128', '2600::/12'];

const HOST_SERVICES: NonNullable<Parameters<typeof fabric>[0]['hostServices']> = [
  { protocol: 'tcp', port: 443 },
  { protocol: 'udp', port: 80, address: '192.0.2.11' },
];

export interface Change {
  readonly key?: ResourceKey;
  readonly resource?: Resource;
}

const port = fc.constantFrom(22, 80, 443, 8000, 8080, 65_535);
const ports = fc.oneof(port, fc.constantFrom('1-1024', '80-8080', '443-443', '0-65535', '8000-8063'));

const ruleArbitrary: fc.Arbitrary<RuleInput> = fc
  .record({
    direction: fc.constantFrom('ingress' as const, 'egress' as const),
    family: fc.constantFrom(4, 6),
    protocol: fc.constantFrom(undefined, 'tcp', 'tcp', 'udp', 'icmp', 'icmp', 'gre', 'sctp'),
    ports: fc.option(ports, { nil: undefined }),
    icmp: fc.option(
      fc.record({
        type: fc.constantFrom(8, 8, 13, 3, 128, 128),
        code: fc.option(fc.constantFrom(0, 1), { nil: undefined }),
      }),
      {
        nil: undefined,
      },
    ),
    description: fc.constantFrom(undefined, undefined, 'office', 'goto "nowhere"\n'),
    remote: fc.constantFrom('none', 'cidr', 'cidr', 'group', 'addressGroup'),
    prefix: fc.nat(6),
    group: fc.constantFrom(...STATEFUL_GROUPS, ...STATELESS_GROUPS, 'u/missing'),
    addressGroup: fc.constantFrom(...ADDRESS_GROUPS, 't/missing'),
  })
  .map(
    ({
      direction,
      family,
      protocol,
      ports: range,
      icmp,
      remote,
      prefix,
      group,
      addressGroup: list,
      description,
    }): RuleInput => {
      const isIcmp = protocol === 'icmp';
      const prefixes = family === 4 ? PREFIXES_4 : PREFIXES_6;
      const withPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
      return {
        direction,
        ethertype: family === 4 ? 'IPv4' : 'IPv6',
        ...(protocol === undefined ? {} : { protocol: isIcmp && family === 6 ? 'icmpv6' : protocol }),
        ...(description === undefined ? {} : { description }),
        ...(withPorts && range !== undefined ? { ports: range } : {}),
        ...(isIcmp && icmp !== undefined
          ? { icmp: icmp.code === undefined ? { type: icmp.type } : { type: icmp.type, code: icmp.code } }
          : {}),
        ...(remote === 'cidr' ? { remote: { cidr: prefixes[prefix % prefixes.length] } } : {}),
        ...(remote === 'group' ? { remote: { group } } : {}),
        ...(remote === 'addressGroup' ? { remote: { addressGroup: list } } : {}),
      };
    },
  );

export const groupArbitrary = fc
  .record({
    name: fc.constantFrom(...STATEFUL_GROUPS, ...STATELESS_GROUPS),
    rules: fc.array(ruleArbitrary, { maxLength: 6 }),
    counters: fc.constantFrom(undefined, undefined, true, false),
    logDrops: fc.constantFrom(undefined, undefined, undefined, { perSecond: 5 }),
  })
  .map(
    ({ name, rules, counters, logDrops }): Resource =>
      securityGroup(
        name,
        rules,
        STATEFUL_GROUPS.some((some) => some === name),
        { counters, logDrops },
      ),
  );

const pairArbitrary = fc.record(
  {
    cidr: fc.constantFrom('10.1.0.200/32', '10.9.0.0/16', '10.9.1.0/24', '2001:db8:9::/64', '2001:db8:9::1/128'),
    mac: fc.constantFrom('52:54:00:00:00:99', '52:54:00:00:00:01'),
  },
  { requiredKeys: ['cidr'] },
);

const instanceArbitrary = fc
  .record({
    name: fc.constantFrom(...INSTANCES),
    host: fc.constantFrom(...HOSTS, 'h1', 'h2', 'nowhere'),
    tap: fc.constantFrom('tap1', 'tap2', 'tap3', 'tap4', 'tap5', 'tap6', 'eth9'),
    mac: fc.integer({ min: 1, max: 7 }).map((last) => `52:54:00:00:00:0${last}`),
    network: fc.constantFrom('public', 'nat', 'private', 'missing'),
    suffix: fc.integer({ min: 1, max: 7 }),
    families: fc.constantFrom('4', '46', '6'),
    groups: fc.oneof(
      { weight: 5, arbitrary: fc.uniqueArray(fc.constantFrom(...STATEFUL_GROUPS), { maxLength: 3 }) },
      { weight: 2, arbitrary: fc.uniqueArray(fc.constantFrom(...STATELESS_GROUPS), { maxLength: 2 }) },
      { weight: 1, arbitrary: fc.constant(['t/g1', 't/s1']) },
    ),
    pairs: fc.array(pairArbitrary, { maxLength: 2 }),
    portSecurity: fc.constantFrom(true, true, true, true, false),
    logDrops: fc.constantFrom(undefined, undefined, undefined, { perSecond: 1, nflogGroup: 3 }),
    created: fc.constantFrom(undefined, '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'),
  })
  .map((some): Resource => {
    const third = { public: 1, nat: 2, private: 3, missing: 4 }[some.network];
    const spec = {
      host: some.host,
      interface: some.tap,
      mac: some.mac,
      network: some.network,
      addresses: [...some.families].map((family) =>
        family === '4' ? `10.${third}.0.${some.suffix}` : `2001:db8:${third}::${some.suffix}`,
      ),
      securityGroups: [...some.groups],
      allowedAddressPairs: some.pairs,
      portSecurity: some.portSecurity,
      ...(some.logDrops === undefined ? {} : { logDrops: some.logDrops }),
    };
    return instance(some.name, spec, some.created);
  });

const putArbitrary: fc.Arbitrary<Resource> = fc.oneof(
  { weight: 6, arbitrary: instanceArbitrary },
  { weight: 6, arbitrary: groupArbitrary },
  {
    weight: 2,
    arbitrary: fc
      .record({ name: fc.constantFrom(...ADDRESS_GROUPS), prefixes: fc.subarray([...PREFIXES_4, ...PREFIXES_6]) })
      .map(({ name, prefixes }) => addressGroup(name, prefixes)),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        prefixes: fc.subarray(['198.51.100.0/24', '10.0.0.0/8', '2001:db8::/32', '2001:db8:1::/48']),
        tap: fc.boolean(),
      })
      .map(({ prefixes, tap }) =>
        fabric({
          siteCidrs: prefixes,
          interfacePrefixes: tap ? ['tap'] : ['tap', 'vm', 'tapx'],
          hostServices: tap ? HOST_SERVICES : [],
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ name: fc.constantFrom(...HOSTS), nat: fc.boolean() })
      .map(({ name, nat }) => hostOf(name, nat)),
  },
  { weight: 1, arbitrary: fc.constantFrom(...networks()) },
);

const KEYS: readonly ResourceKey[] = [
  ...INSTANCES.map((name): ResourceKey => `Instance/${name}`),
  ...INSTANCES.map((name): ResourceKey => `Instance/${name}`),
  ...[...STATEFUL_GROUPS, ...STATELESS_GROUPS].map((name): ResourceKey => `SecurityGroup/${name}`),
  ...ADDRESS_GROUPS.map((name): ResourceKey => `AddressGroup/${name}`),
  'FabricConfiguration/default',
  'Host/h2',
  'Network/private',
];

export const changeArbitrary: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: putArbitrary.map((resource): Change => ({ resource })) },
  { weight: 1, arbitrary: fc.constantFrom(...KEYS).map((key): Change => ({ key })) },
);

/** Everything that instances refer to, with empty groups, so that most instances of a run are open. */
export function foundation(): Resource[] {
  return [
    fabric({ siteCidrs: ['10.0.0.0/8', '2001:db8::/32'] }),
    ...HOSTS.map((name) => hostOf(name, false)),
    ...networks(),
    ...STATEFUL_GROUPS.map((name) => securityGroup(name, [])),
    ...STATELESS_GROUPS.map((name) => securityGroup(name, [], false)),
  ];
}

export function apply(model: FabricModel, change: Change): void {
  if (change.resource !== undefined) model.put(change.resource);
  else if (change.key !== undefined) model.delete(change.key);
}

function hostOf(name: string, nat: boolean): Resource {
  const last = name === 'h1' ? 11 : 12;
  return host(name, {
    address: `192.0.2.${last}`,
    address6: `2001:db8:f::${last}`,
    ...(nat ? { masqueradeAddress: `192.0.2.1${last}` } : {}),
  });
}

function networks(): Resource[] {
  return [
    network('public', { pools: [{ cidr: '10.1.0.0/16', gateway: '10.1.0.254' }, { cidr: '2001:db8:1::/64' }] }),
    network('nat', {
      pools: [
        { cidr: '10.2.0.0/16', gateway: '10.2.0.254' },
        { cidr: '2001:db8:2::/64', gateway: '2001:db8:2::fe' },
      ],
      egressNat: { ipv4: 'masquerade' },
    }),
    network('private', {
      pools: [{ cidr: '10.3.0.0/16', gateway: '10.3.0.254' }, { cidr: '2001:db8:3::/64' }],
      reach: 'site',
    }),
  ];
}

/** Numbers that a packet between the ends of a given model is made from. */
export const packetArbitrary = fc.record({
  source: fc.nat(),
  destination: fc.nat(),
  family: fc.constantFrom(4 as const, 6 as const),
  protocol: fc.constantFrom('tcp', 'tcp', 'udp', 'icmp', 'gre', 'sctp'),
  port: fc.oneof(port, fc.constantFrom(179, 3784), fc.integer({ min: 0, max: 65_535 })),
  icmpType: fc.constantFrom(8, 8, 13, 3, 0, 135, 128, 128, 134),
  icmpCode: fc.constantFrom(0, 1),
  spoof: fc.constantFrom('no', 'no', 'no', 'no', 'address', 'mac', 'pair'),
});

export type PacketSeed = typeof packetArbitrary extends fc.Arbitrary<infer Seed> ? Seed : never;

export interface Probe {
  readonly request: TraceRequest & { readonly family: 4 | 6 };
  readonly from: OpenInstance | undefined;
}

const PROTOCOL = { tcp: 6, udp: 17, gre: 47, sctp: 132 } as const;

/** A packet of this family from an instance or from outside; `undefined` if the seed picks ends that cannot be. */
export function probe(model: FabricModel, seed: PacketSeed): Probe | undefined {
  const open = [...model.instances()]
    .filter((some) => some.state === 'open')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const outside = OUTSIDE.filter((address) => address.includes(':') === (seed.family === 6));
  const ofFamily = (address: string): boolean => address.includes(':') === (seed.family === 6);
  const from = open[seed.source % (open.length + 1)];
  const own = from?.addresses.find(ofFamily);
  if (from !== undefined && own === undefined) return undefined;
  const pair = from?.pairs.find((some) => ofFamily(some.prefix));
  let source = own ?? outside[seed.source % outside.length] ?? '';
  let sourceMac = from?.mac;
  if (from !== undefined && seed.spoof === 'address') source = outside[0] ?? '';
  if (from !== undefined && seed.spoof === 'mac') sourceMac = '52:54:00:00:00:99';
  if (from !== undefined && seed.spoof === 'pair' && pair !== undefined) {
    source = pair.prefix.slice(0, pair.prefix.indexOf('/'));
    sourceMac = pair.mac;
  }
  const destinations = [
    ...open.filter((some) => some !== from).flatMap((some) => some.addresses.filter(ofFamily)),
    ...(from === undefined
      ? []
      : [
          ...outside,
          ...from.gateways.filter(ofFamily),
          ...HOSTS.flatMap((name) => hostAddresses(model, name)).filter(ofFamily),
        ]),
  ];
  const destination = destinations[seed.destination % Math.max(1, destinations.length)];
  if (destination === undefined) return undefined;
  const isIcmp = seed.protocol === 'icmp';
  const protocol =
    seed.protocol === 'icmp'
      ? seed.family === 4
        ? 1
        : 58
      : PROTOCOL[
          seed.protocol === 'tcp' || seed.protocol === 'udp' || seed.protocol === 'sctp' ? seed.protocol : 'gre'
        ];
  return {
    from,
    request: {
      source: from === undefined ? { address: source } : { instance: from.name, address: source },
      destination: { address: destination },
      family: seed.family,
      protocol,
      ...(isIcmp ? { icmp: { type: seed.icmpType, code: seed.icmpCode } } : protocol === 47 ? {} : { port: seed.port }),
      ...(sourceMac === undefined ? {} : { sourceMac }),
    },
  };
}

function hostAddresses(model: FabricModel, name: string): string[] {
  const spec = model.host(name)?.spec;
  return [spec?.address, spec?.address6].filter((some) => some !== undefined);
}
