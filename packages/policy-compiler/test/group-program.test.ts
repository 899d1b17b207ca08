import { describe, expect, test } from 'vitest';
import { compileGroup } from '../src/compiler/group-program.ts';
import { type RuleInput, securityGroup } from './manifests.ts';

type Rule = Omit<RuleInput, 'direction' | 'ethertype'>;

const PLAIN = { hasPrefixes: (): boolean => false, counted: false } as const;

/** Set name without group → elements; where there is no set, `rules` → rules; of ingress rules of one family. */
function folded(family: 4 | 6, ...rules: readonly Rule[]): Record<string, string[]> {
  const ethertype = family === 4 ? ('IPv4' as const) : ('IPv6' as const);
  const group = securityGroup(
    't/g',
    rules.map((rule) => ({ direction: 'ingress' as const, ethertype, ...rule })),
  );
  expect(compileGroup(group, 'egress', PLAIN).sets).toEqual([]);
  const { sets, rules: compiled } = compileGroup(group, 'ingress', PLAIN);
  const immediate = compiled.flow.filter(({ text }) => !sets.some(({ name }) => text.includes(`@${name} `)));
  return {
    ...Object.fromEntries(
      sets.map(({ name, elements }) => [name.replace(`ingress${family}/t/g/`, ''), [...elements.keys()]]),
    ),
    ...(immediate.length === 0
      ? {}
      : { rules: immediate.map(({ text }) => text.replace(' goto destination-passes', '')) }),
  };
}

describe('rules fold into sets', () => {
  test.each<[string, 4 | 6, Rule[], Record<string, string[]>]>([
    ['anything from anybody', 4, [{}], { rules: ['meta nfproto ipv4'] }],
    [
      'anything from anybody, whatever else',
      6,
      [{ remote: { cidr: '::/0' } }, { protocol: 'tcp', ports: 22 }, { remote: { group: 'g' } }],
      { rules: ['meta nfproto ipv6'] },
    ],
    [
      'anything from a prefix inside another',
      6,
      [{ remote: { cidr: '2001:db8::/32' } }, { remote: { cidr: '2001:db8:1::/48' } }],
      { rules: ['ct original ip6 saddr 2001:db8::/32'] },
    ],
    [
      'anything from two prefixes',
      4,
      [{ remote: { cidr: '10.0.0.0/8' } }, { remote: { cidr: '192.0.2.1' } }],
      { protocols: ['0-255 . 10.0.0.0/8', '0-255 . 192.0.2.1'] },
    ],
    [
      'anything from a prefix, one protocol from all around it',
      4,
      [{ remote: { cidr: '10.1.0.0/16' } }, { protocol: 'gre', remote: { cidr: '10.0.0.0/8' } }],
      { rules: ['ct original ip saddr 10.1.0.0/16', 'ct original protocol 47 ct original ip saddr 10.0.0.0/8'] },
    ],
    [
      'a port',
      4,
      [{ protocol: 'tcp', ports: 443 }],
      { rules: ['meta nfproto ipv4 ct original protocol 6 ct original proto-dst 443'] },
    ],
    [
      'two ports',
      4,
      [
        { protocol: 'tcp', ports: 443 },
        { protocol: 'tcp', ports: 80, remote: { cidr: '10.0.0.0/8' } },
      ],
      { tcp: ['443 . 0.0.0.0/0', '80 . 10.0.0.0/8'] },
    ],
    ['all ports of a protocol', 6, [{ protocol: 'udp' }], { rules: ['meta nfproto ipv6 ct original protocol 17'] }],
    [
      'all ports of a protocol, written out',
      4,
      [{ protocol: 'udp', ports: '0-65535', remote: { cidr: '10.0.0.0/8' } }],
      { rules: ['ct original protocol 17 ct original ip saddr 10.0.0.0/8'] },
    ],
    [
      'a host',
      4,
      [{ protocol: 'sctp', ports: '1-2', remote: { cidr: '192.0.2.1' } }],
      {
        rules: ['meta nfproto ipv4 ct original protocol 132 ct original proto-dst 1-2 ct original ip saddr 192.0.2.1'],
      },
    ],
    [
      'an ICMP type with all its codes',
      4,
      [{ protocol: 'icmp', icmp: { type: 8 } }],
      { rules: ['meta nfproto ipv4 ct original protocol 1 ct original proto-dst 2048-2303'] },
    ],
    [
      'ICMP type 0, code 0',
      4,
      [{ protocol: 'icmp', icmp: { type: 0, code: 0 } }],
      { rules: ['meta nfproto ipv4 ct original protocol 1 ct original proto-dst 0'] },
    ],
    [
      'an ICMP type and code',
      6,
      [{ protocol: 'icmpv6', icmp: { type: 1, code: 4 } }],
      { rules: ['meta nfproto ipv6 ct original protocol 58 ct original proto-dst 260'] },
    ],
    [
      'two types of ICMP and a port',
      6,
      [
        { protocol: 'icmpv6', icmp: { type: 128 } },
        { protocol: 'icmpv6', icmp: { type: 1, code: 4 } },
        { protocol: 'udp', ports: '53' },
      ],
      {
        icmpv6: ['260 . ::/0', '32768-33023 . ::/0'],
        rules: ['meta nfproto ipv6 ct original protocol 17 ct original proto-dst 53'],
      },
    ],
    [
      'a protocol without ports',
      4,
      [{ protocol: 'gre', remote: { cidr: '10.0.0.0/8' } }],
      { rules: ['ct original protocol 47 ct original ip saddr 10.0.0.0/8'] },
    ],
    [
      'rules that overlap',
      4,
      [
        { protocol: 'tcp', ports: '1-100', remote: { cidr: '10.0.0.0/8' } },
        { protocol: 'tcp', ports: '50-150', remote: { cidr: '10.1.0.0/16' } },
        { protocol: 'tcp', ports: 80, remote: { cidr: '10.2.0.0/16' } },
        { protocol: 'tcp', ports: 140, remote: { cidr: '10.2.0.0/16' } },
      ],
      {
        tcp: ['1-100 . 10.0.0.0/8', '140 . 10.2.0.0/16'],
        rules: [
          'meta nfproto ipv4 ct original protocol 6 ct original proto-dst 50-150 ct original ip saddr 10.1.0.0/16',
        ],
      },
    ],
    [
      'ports of a group’s members',
      4,
      [
        { protocol: 'tcp', ports: 80, remote: { group: 'u/db' } },
        { protocol: 'tcp', ports: '79-81', remote: { group: 'u/db' } },
        { protocol: 'tcp', ports: 443, remote: { group: 'u/db' } },
        { protocol: 'udp', remote: { group: 'u/db' } },
      ],
      {
        'group/u/db/tcp': ['6 . 443', '6 . 79-81'],
        rules: ['ct original protocol 17 ct original ip saddr @members4/u/db'],
      },
    ],
    [
      'a port of an address group',
      6,
      [{ protocol: 'tcp', ports: 80, remote: { addressGroup: 'office' } }],
      {
        rules: [
          'meta nfproto ipv6 ct original protocol 6 ct original proto-dst 80 meta l4proto . ct original ip6 saddr @address-group6/t/office',
        ],
      },
    ],
    [
      'protocols of an address group',
      4,
      [
        { protocol: 'esp', remote: { addressGroup: 'office' } },
        { protocol: 'gre', remote: { addressGroup: 'office' } },
      ],
      { 'list/t/office/protocols': ['47', '50'] },
    ],
    [
      'anything from a group’s members: nothing of its own',
      4,
      [{ remote: { group: 'g' } }, { protocol: 'tcp', remote: { group: 'g' } }],
      { rules: ['ct original ip saddr @members4/t/g'] },
    ],
  ])('%s', (_, family, rules, expected) => {
    expect(folded(family, ...rules)).toEqual(expected);
  });
});

test('members with prefixes are a second lookup', () => {
  const { rules, references } = compileGroup(
    securityGroup('t/g', [
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 80, remote: { group: 'g' } },
      { direction: 'ingress', ethertype: 'IPv6', protocol: 'tcp', ports: 80, remote: { group: 'g' } },
    ]),
    'ingress',
    { hasPrefixes: (group, family) => group === 't/g' && family === 4, counted: false },
  );
  expect(references.map(({ kind, name, family }) => `${kind}${family}/${name}`)).toEqual([
    'members4/t/g',
    'member-prefixes4/t/g',
    'members6/t/g',
  ]);
  expect(rules.packet.map(({ text }) => text)).toEqual([
    'meta l4proto 6 th dport 80 ip saddr @members4/t/g accept',
    'meta l4proto 6 th dport 80 meta l4proto . ip saddr @member-prefixes4/t/g accept',
    'meta l4proto 6 th dport 80 ip6 saddr @members6/t/g accept',
  ]);
});

describe('more remote groups than have lookups of their own', () => {
  const remote = (group: string, ...rules: readonly Omit<Rule, 'remote'>[]): RuleInput[] =>
    rules.map((rule) => ({ direction: 'ingress', ethertype: 'IPv4', ...rule, remote: { group } }));

  test('fold into one set for each kind of service', () => {
    const { sets, rules, references, serviceSets } = compileGroup(
      securityGroup('t/g', [
        ...remote('a', { protocol: 'tcp', ports: 80 }, { protocol: 'tcp', ports: 443 }, { protocol: 'gre' }),
        ...remote('b', { protocol: 'tcp', ports: 80 }, { protocol: 'udp' }, { protocol: 'udp', ports: 53 }),
        ...remote('c', {}, { protocol: 'tcp', ports: 22 }),
        ...remote('d', { protocol: 'tcp', ports: '8000-8099' }, { protocol: 'icmp', icmp: { type: 8, code: 0 } }),
      ]),
      'ingress',
      { counted: false, hasPrefixes: (group) => group === 't/d', mostSingleRemotes: 3 },
    );
    expect(sets).toEqual([]);
    expect(references).toEqual([{ kind: 'member-prefixes', name: 't/d', family: 4 }]);
    expect(
      Object.fromEntries(serviceSets.map(({ name, type, services }) => [name, [type, Object.fromEntries(services)]])),
    ).toEqual({
      'ingress4/t/g/groups/any': ['ipv4_addr', { 't/c': [''] }],
      'ingress4/t/g/groups/icmp': ['inet_service . ipv4_addr', { 't/d': ['2048'] }],
      'ingress4/t/g/groups/protocols': ['inet_proto . ipv4_addr', { 't/a': ['47'], 't/b': ['17'] }],
      'ingress4/t/g/groups/tcp': ['inet_service . ipv4_addr', { 't/a': ['443', '80'], 't/b': ['80'] }],
      'ingress4/t/g/groups/tcp/8000-8099': ['ipv4_addr', { 't/d': [''] }],
    });
    expect(rules.packet.map(({ text }) => text)).toEqual([
      'ip saddr @ingress4/t/g/groups/any accept',
      'meta l4proto 1 th sport . ip saddr @ingress4/t/g/groups/icmp accept',
      'meta l4proto . ip saddr @ingress4/t/g/groups/protocols accept',
      'meta l4proto 6 th dport . ip saddr @ingress4/t/g/groups/tcp accept',
      'meta l4proto 6 th dport 8000-8099 ip saddr @ingress4/t/g/groups/tcp/8000-8099 accept',
      'meta l4proto 1 th sport 2048 meta l4proto . ip saddr @member-prefixes4/t/d accept',
      'meta l4proto 6 th dport 8000-8099 meta l4proto . ip saddr @member-prefixes4/t/d accept',
    ]);
  });

  test('cost a packet as many rules with a thousand groups as with seventeen', () => {
    const compiled = [17, 1_000].map((count) =>
      compileGroup(
        securityGroup(
          't/g',
          Array.from({ length: count }, (_, index) =>
            remote(`r${index}`, { protocol: 'tcp', ports: index + 1 }),
          ).flat(),
        ),
        'ingress',
        PLAIN,
      ),
    );
    expect(compiled.map(({ rules }) => rules.flow.length)).toEqual([1, 1]);
  });
});

test('names stay within what nft takes, and differ where the names of groups do', () => {
  const [long, other] = ['a', 'b'].map((last) =>
    compileGroup(
      securityGroup(`${'n'.repeat(63)}/${'g'.repeat(62)}${last}`, [
        {
          direction: 'ingress',
          ethertype: 'IPv6',
          protocol: 'tcp',
          ports: 1,
          remote: { group: `${'m'.repeat(63)}/${'h'.repeat(63)}` },
        },
        {
          direction: 'ingress',
          ethertype: 'IPv6',
          protocol: 'tcp',
          ports: 3,
          remote: { group: `${'m'.repeat(63)}/${'h'.repeat(63)}` },
        },
      ]),
      'ingress',
      PLAIN,
    ),
  );
  const names = [long, other].flatMap((program) => program?.sets.map((set) => set.name) ?? []);
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9./-]{0,126}$/);
  for (const { comment } of long?.rules.flow ?? []) expect(comment.length).toBeLessThanOrEqual(120);
});

test('each rule’s comment ends in a digest of its text', () => {
  const { rules } = compileGroup(
    securityGroup('t/g', [
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 80 },
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443 },
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp', icmp: { type: 8 } },
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp', icmp: { type: 13 } },
    ]),
    'ingress',
    PLAIN,
  );
  const lookup = 'ct original proto-dst . ct original ip saddr';
  expect(rules.flow).toMatchObject([
    {
      text: `meta nfproto ipv4 ct original protocol 1 ${lookup} @ingress4/t/g/icmp goto destination-passes`,
      comment: expect.stringMatching(/^t\/g ingress IPv4: icmp #[0-9a-f]{10}$/),
    },
    { text: `meta nfproto ipv4 ct original protocol 6 ${lookup} @ingress4/t/g/tcp goto destination-passes` },
  ]);
  expect(rules.packet.map(({ text }) => text)).toEqual([
    'meta l4proto 1 th sport . ip saddr @ingress4/t/g/icmp accept',
    'meta l4proto 6 th dport . ip saddr @ingress4/t/g/tcp accept',
  ]);
});
