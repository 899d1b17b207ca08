import type { NftRuleset, NftSet } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { showPolicy } from '../src/control/policy-show.ts';

const TABLE = 'inet slash32';
const TEXT = 'ip saddr @members4/a/b @th,64,128 1 accept';

function set(name: string, keys: readonly string[]): [string, NftSet] {
  return [name, { name, type: 'ipv4_addr', interval: false, elements: new Map(keys.map((key) => [key, ''])) }];
}

function ruleset(ruleText: string, members: readonly string[]): NftRuleset {
  const chain = { name: 'ingress/a/b', rules: [{ text: ruleText, comment: 'a/b #1' }] };
  const sets = new Map([set('members4/a/b', members), set('others', ['10.9.9.9'])]);
  return new Map([[TABLE, { id: TABLE, sets, chains: new Map([[chain.name, chain]]) }]]);
}

const OBJECTS = {
  chains: [{ table: TABLE, name: 'ingress/a/b' }],
  elements: [
    { table: TABLE, set: 'others', keys: ['10.9.9.9', '10.9.9.10'] },
    { table: TABLE, set: 'members4/a/b', keys: ['10.0.0.0'] },
  ],
} as const;

describe('showPolicy', () => {
  const show = (members: readonly string[]) =>
    showPolicy('a/vm', 'up', OBJECTS, ruleset('', members), ruleset(TEXT, []));

  it('shows own elements that the kernel has, and sets that rules look up with all that is in there', () => {
    const { chains, elements } = show(['10.0.0.1', '10.0.0.2']);
    expect(chains).toEqual([{ name: 'inet slash32 ingress/a/b', rules: [`${TEXT}  # a/b #1`] }]);
    expect(elements).toEqual([
      { set: 'inet slash32 others', elements: ['10.9.9.9'] },
      { set: 'inet slash32 members4/a/b', elements: ['10.0.0.1', '10.0.0.2'] },
    ]);
  });

  it('shows the first elements of a large set, and how many there are', () => {
    const members = Array.from({ length: 1_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    expect(show(members).elements[1]).toEqual({
      set: 'inet slash32 members4/a/b',
      elements: members.slice(0, 200),
      total: 1_000,
    });
  });
});
