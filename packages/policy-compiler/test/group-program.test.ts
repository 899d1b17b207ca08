import { describe, expect, test } from 'vitest';
import { compileGroup } from '../src/compiler/group-program.ts';
import { type RuleInput, securityGroup } from './manifests.ts';

type Rule = Omit<RuleInput, 'direction' | 'ethertype'>;

/** Set name without group → elements, of ingress rules of one family. */
function folded(family: 4 | 6, ...rules: readonly Rule[]): Record<string, string[]> {
  const ethertype = family === 4 ? ('IPv4' as const) : ('IPv6' as const);
  const group = securityGroup(
    't/g',
    rules.map((rule) => ({ direction: 'ingress' as const, ethertype, ...rule })),
  );
  expect(compileGroup(group, 'egress').sets).toEqual([]);
  const { sets } = compileGroup(group, 'ingress');
  return Object.fromEntries(
    sets.map(({ name, elements }) => [name.replace(`ingress${family}/t/g/`, ''), [...elements.keys()]]),
  );
}

describe('rules fold into sets', () => {
  test.each<[string, 4 | 6, Rule[], Record<string, string[]>]>([
    ['anything from anybody', 4, [{}], { any: ['0.0.0.0/0'] }],
    [
      'anything from a prefix inside another',
      6,
      [{ remote: { cidr: '2001:db8::/32' } }, { remote: { cidr: '2001:db8:1::/48' } }],
      { any: ['2001:db8::/32'] },
    ],
    ['a port', 4, [{ protocol: 'tcp', ports: 443 }], { ports: ['6 . 443 . 0.0.0.0/0'] }],
    ['all ports of a protocol', 6, [{ protocol: 'udp' }], { ports: ['17 . 0-65535 . ::/0'] }],
    [
      'a host',
      4,
      [{ protocol: 'sctp', ports: '1-2', remote: { cidr: '192.0.2.1' } }],
      { ports: ['132 . 1-2 . 192.0.2.1'] },
    ],
    [
      'an ICMP type with all its codes',
      4,
      [{ protocol: 'icmp', icmp: { type: 8 } }],
      { ports: ['1 . 2048-2303 . 0.0.0.0/0'] },
    ],
    ['an ICMP type and code', 6, [{ protocol: 'icmpv6', icmp: { type: 1, code: 4 } }], { ports: ['58 . 260 . ::/0'] }],
    ['all of ICMP', 4, [{ protocol: 'icmp' }], { ports: ['1 . 0-65535 . 0.0.0.0/0'] }],
    [
      'a protocol without ports',
      4,
      [{ protocol: 'gre', remote: { cidr: '10.0.0.0/8' } }],
      { protocols: ['47 . 10.0.0.0/8'] },
    ],
    [
      'rules that overlap',
      4,
      [
        { protocol: 'tcp', ports: '1-100', remote: { cidr: '10.0.0.0/8' } },
        { protocol: 'tcp', ports: '50-150', remote: { cidr: '10.1.0.0/16' } },
        { protocol: 'tcp', ports: 80, remote: { cidr: '10.2.0.0/16' } },
      ],
      { ports: ['6 . 1-100 . 10.0.0.0/8'], 'ports.2': ['6 . 50-150 . 10.1.0.0/16'] },
    ],
    [
      'ports of a group’s members',
      4,
      [
        { protocol: 'tcp', ports: 80, remote: { group: 'u/db' } },
        { protocol: 'tcp', ports: '79-81', remote: { group: 'u/db' } },
      ],
      { 'group/u/db/ports': ['6 . 79-81'] },
    ],
    [
      'protocols of an address group',
      4,
      [{ protocol: 'esp', remote: { addressGroup: 'office' } }],
      { 'list/t/office/protocols': ['50'] },
    ],
    [
      'anything from a group’s members: nothing of its own',
      4,
      [{ remote: { group: 'g' } }, { protocol: 'tcp', remote: { group: 'g' } }],
      {},
    ],
  ])('%s', (_, family, rules, expected) => {
    expect(folded(family, ...rules)).toEqual(expected);
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
      ]),
      'ingress',
    ),
  );
  const names = [long, other].flatMap((program) => program?.sets.map((set) => set.name) ?? []);
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9./-]{0,126}$/);
  for (const { comment } of long?.rules.flow ?? []) expect(comment.length).toBeLessThanOrEqual(120);
});

test('each rule’s comment ends in a digest of its text', () => {
  const { rules } = compileGroup(
    securityGroup('t/g', [{ direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 80 }]),
    'ingress',
  );
  expect(rules.flow).toMatchObject([
    {
      text: 'meta l4proto { 1, 6, 17, 33, 132, 136 } meta l4proto . ct original proto-dst . ct original ip saddr @ingress4/t/g/ports goto destination-passes',
      comment: expect.stringMatching(/^t\/g ingress IPv4: ports #[0-9a-f]{10}$/),
    },
  ]);
  expect(rules.packet.map(({ text }) => text)).toEqual([
    'meta l4proto { 6, 17, 33, 132, 136 } meta l4proto . th dport . ip saddr @ingress4/t/g/ports accept',
    'meta l4proto 1 meta l4proto . th sport . ip saddr @ingress4/t/g/ports accept',
  ]);
});
