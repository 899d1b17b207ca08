import type { NftChange, NftRuleset } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import { applyNftChanges } from '../src/index.ts';

const table = 'inet slash32';

const START: readonly NftChange[] = [
  { op: 'add-table', table },
  { op: 'add-set', table, set: { name: 's', type: 'ipv4_addr', interval: false } },
  { op: 'add-set', table, set: { name: 'm', type: 'ifname', dataType: 'verdict', interval: false } },
  { op: 'add-chain', table, chain: { name: 'used' } },
  {
    op: 'add-chain',
    table,
    chain: { name: 'base', hook: { type: 'filter', hook: 'input', priority: 0, policy: 'accept' } },
  },
  { op: 'add-elements', table, set: 'm', elements: new Map([['"tap1"', 'goto used']]) },
  { op: 'set-rules', table, chain: 'base', rules: [{ text: 'ip saddr @s jump used', comment: 'r #1' }] },
];

const start: NftRuleset = applyNftChanges(new Map(), START);

describe('applyNftChanges refuses what the kernel would refuse', () => {
  test.each<[string, NftChange]>([
    ['a table that exists', { op: 'add-table', table }],
    ['a table that does not', { op: 'delete-table', table: 'arp slash32' }],
    ['a set that exists', { op: 'add-set', table, set: { name: 's', type: 'ipv4_addr', interval: false } }],
    ['a set that rules refer to', { op: 'delete-set', table, name: 's', map: false }],
    ['a map deleted as a set', { op: 'delete-set', table, name: 'm', map: false }],
    ['a chain that exists', { op: 'add-chain', table, chain: { name: 'used' } }],
    ['a chain that rules and elements refer to', { op: 'delete-chain', table, name: 'used' }],
    ['a chain with rules', { op: 'delete-chain', table, name: 'base' }],
    ['rules of a missing chain', { op: 'set-rules', table, chain: 'none', rules: [] }],
    [
      'a rule with a missing set',
      { op: 'set-rules', table, chain: 'used', rules: [{ text: 'ip saddr @none drop', comment: 'c' }] },
    ],
    [
      'a rule with a missing chain',
      { op: 'set-rules', table, chain: 'used', rules: [{ text: 'goto none', comment: 'c' }] },
    ],
    [
      'a comment that is too long',
      { op: 'set-rules', table, chain: 'used', rules: [{ text: 'drop', comment: 'c'.repeat(121) }] },
    ],
    ['elements of a missing set', { op: 'add-elements', table, set: 'none', elements: new Map([['1.1.1.1', '']]) }],
    [
      'an element with a missing chain',
      { op: 'add-elements', table, set: 'm', elements: new Map([['"tap2"', 'goto none']]) },
    ],
    ['an element with other data', { op: 'add-elements', table, set: 'm', elements: new Map([['"tap1"', 'accept']]) }],
    ['data in a set', { op: 'add-elements', table, set: 's', elements: new Map([['1.1.1.1', 'accept']]) }],
    ['an element that is not there', { op: 'delete-elements', table, set: 's', keys: ['1.1.1.1'] }],
  ])('%s', (_, change) => {
    const changes = [{ op: 'add-table', table: 'inet other' }, change] as const;
    expect(() => applyNftChanges(start, changes)).toThrow(
      expect.objectContaining({ code: 'nft.invalid-change', details: expect.objectContaining({ changeIndex: 1 }) }),
    );
  });

  test('and leaves its argument alone', () => {
    const before = structuredClone(start);
    applyNftChanges(start, [
      { op: 'add-elements', table, set: 's', elements: new Map([['1.1.1.1', '']]) },
      { op: 'set-rules', table, chain: 'base', rules: [] },
    ]);
    expect(start).toEqual(before);
  });
});
