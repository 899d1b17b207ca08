import { hasErrorCode, type NftChange, type NftRule, type NftSet } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KernelWorld } from './kernel-world.ts';

const TABLE = 'inet slash32';
const BASE_SET = { name: 'plain', type: 'ipv4_addr', interval: false } as const;
const BASE: readonly NftChange[] = [
  { op: 'add-table', table: TABLE },
  { op: 'add-set', table: TABLE, set: { name: 'sources', type: 'ifname . ether_addr . ipv4_addr', interval: false } },
  { op: 'add-set', table: TABLE, set: { name: 'nets', type: 'ipv4_addr', interval: true } },
  { op: 'add-set', table: TABLE, set: { name: 'ports', type: 'inet_service . ipv4_addr', interval: true } },
  { op: 'add-set', table: TABLE, set: BASE_SET },
  { op: 'add-set', table: TABLE, set: { name: 'egress', type: 'ifname', dataType: 'verdict', interval: false } },
  { op: 'add-chain', table: TABLE, chain: { name: 'group' } },
  {
    op: 'add-chain',
    table: TABLE,
    chain: { name: 'forward', hook: { type: 'filter', hook: 'forward', priority: 1, policy: 'accept' } },
  },
  { op: 'set-rules', table: TABLE, chain: 'forward', rules: [rule('iifname vmap @egress')] },
];

function rule(text: string, comment = `for people #${text.length}`): NftRule {
  return { text, comment };
}

function definitionOf({ elements: _, ...definition }: NftSet): Omit<NftSet, 'elements'> {
  return definition;
}

function elements(set: string, entries: Readonly<Record<string, string>>): NftChange {
  return { op: 'add-elements', table: TABLE, set, elements: new Map(Object.entries(entries)) };
}

/** What every NftTransactor does, the one in memory as well as the one that drives nft. */
export function nftCompliance(open: () => Promise<KernelWorld>): void {
  describe('NftTransactor', () => {
    let world: KernelWorld;
    const list = async () => (await world.kernel.nft.list([TABLE])).get(TABLE);
    const keysOf = async (set: string) => [...((await list())?.sets.get(set)?.elements.keys() ?? [])];
    const refusal = async (changes: readonly NftChange[]) => {
      const error: unknown = await world.kernel.nft.apply(changes).catch((thrown: unknown) => thrown);
      if (!hasErrorCode(error, 'nft.rejected')) throw new Error('was not refused', { cause: error });
      return error.details;
    };

    beforeEach(async () => {
      world = await open();
      await world.kernel.nft.apply(BASE);
    });
    afterEach(async () => {
      await world[Symbol.asyncDispose]();
    });

    test('has what was applied', async () => {
      await world.kernel.nft.apply([
        elements('sources', { '"tap1" . 52:54:00:00:00:01 . 10.0.0.1': '' }),
        elements('nets', { '10.0.0.0/8': '', '192.0.2.1': '', '198.51.100.1-198.51.100.9': '' }),
        elements('egress', { '"tap1"': 'goto group', '"tap2"': 'drop' }),
        { op: 'set-rules', table: TABLE, chain: 'group', rules: [rule('ip saddr @nets accept'), rule('drop')] },
      ]);
      const table = await list();
      expect(table?.id).toBe(TABLE);
      expect([...(table?.sets.keys() ?? [])].toSorted()).toEqual(['egress', 'nets', 'plain', 'ports', 'sources']);
      expect(table?.sets.get('nets')).toMatchObject({ name: 'nets', type: 'ipv4_addr', interval: true });
      expect(table?.sets.get('nets')?.dataType).toBeUndefined();
      expect(table?.sets.get('egress')).toMatchObject({ type: 'ifname', dataType: 'verdict', interval: false });
      expect(await keysOf('sources')).toEqual(['"tap1" . 52:54:00:00:00:01 . 10.0.0.1']);
      expect((await keysOf('nets')).toSorted()).toEqual(['10.0.0.0/8', '192.0.2.1', '198.51.100.1-198.51.100.9']);
      expect(table?.sets.get('egress')?.elements).toEqual(
        new Map([
          ['"tap1"', 'goto group'],
          ['"tap2"', 'drop'],
        ]),
      );
      expect(table?.chains.get('forward')?.hook).toEqual({
        type: 'filter',
        hook: 'forward',
        priority: 1,
        policy: 'accept',
      });
      expect(table?.chains.get('group')?.hook).toBeUndefined();
      expect(table?.chains.get('group')?.rules.map(({ comment }) => comment)).toEqual([
        'for people #21',
        'for people #4',
      ]);
    });

    test('replaces the rules of a chain as a whole', async () => {
      const set = (...rules: NftRule[]): NftChange => ({ op: 'set-rules', table: TABLE, chain: 'group', rules });
      await world.kernel.nft.apply([set(rule('drop', 'a #1'), rule('drop', 'b #2'))]);
      await world.kernel.nft.apply([set(rule('accept', 'c #3'))]);
      expect((await list())?.chains.get('group')?.rules.map(({ comment }) => comment)).toEqual(['c #3']);
    });

    test('adding what is there changes nothing', async () => {
      const changes = [elements('nets', { '10.0.0.0/8': '' }), elements('egress', { '"tap1"': 'drop' })];
      await world.kernel.nft.apply(changes);
      await world.kernel.nft.apply([...BASE.slice(0, -1), ...changes]);
      expect(await keysOf('nets')).toEqual(['10.0.0.0/8']);
    });

    test('deletes elements, sets, chains with rules, and tables', async () => {
      await world.kernel.nft.apply([
        elements('nets', { '10.0.0.0/8': '', '192.0.2.1': '' }),
        { op: 'set-rules', table: TABLE, chain: 'group', rules: [rule('drop')] },
      ]);
      await world.kernel.nft.apply([{ op: 'delete-elements', table: TABLE, set: 'nets', keys: ['192.0.2.1'] }]);
      expect(await keysOf('nets')).toEqual(['10.0.0.0/8']);
      await world.kernel.nft.apply([
        { op: 'delete-chain', table: TABLE, name: 'forward' },
        { op: 'delete-chain', table: TABLE, name: 'group' },
        { op: 'delete-set', table: TABLE, name: 'egress', map: true },
        { op: 'delete-set', table: TABLE, name: 'nets', map: false },
      ]);
      const table = await list();
      expect([...(table?.sets.keys() ?? [])].toSorted()).toEqual(['plain', 'ports', 'sources']);
      expect(table?.chains.size).toBe(0);
      await world.kernel.nft.apply([{ op: 'delete-table', table: TABLE }]);
      expect(await list()).toBeUndefined();
    });

    test('applies all of a transaction or nothing, and says which change was refused', async () => {
      const details = await refusal([
        elements('nets', { '10.0.0.0/8': '' }),
        { op: 'set-rules', table: TABLE, chain: 'group', rules: [rule('drop')] },
        { op: 'delete-elements', table: TABLE, set: 'nets', keys: ['192.0.2.99'] },
        { op: 'delete-chain', table: TABLE, name: 'forward' },
      ]);
      expect(details.changeIndex).toBe(2);
      const table = await list();
      expect(await keysOf('nets')).toEqual([]);
      expect(table?.chains.get('group')?.rules).toEqual([]);
      expect(table?.chains.get('forward')?.rules.length).toBe(1);
    });

    test.each<readonly [string, readonly NftChange[], number]>([
      ['an unknown table', [{ op: 'add-chain', table: 'inet nowhere', chain: { name: 'c' } }], 0],
      ['an unknown set', [elements('egress', {}), elements('nothing', { '10.0.0.1': '' })], 1],
      ['an unknown chain', [{ op: 'set-rules', table: TABLE, chain: 'nothing', rules: [rule('drop')] }], 0],
      ['a verdict that leads nowhere', [elements('egress', { '"tap1"': 'goto nothing' })], 0],
      [
        'a rule that refers to nothing',
        [{ op: 'set-rules', table: TABLE, chain: 'group', rules: [rule('ip saddr @nothing drop')] }],
        0,
      ],
      [
        'other data under a key that is there',
        [elements('egress', { '"tap1"': 'drop' }), elements('egress', { '"tap1"': 'accept' })],
        1,
      ],
      ['a range in a set without intervals', [elements('egress', {}), elements('plain', { '10.0.0.0/8': '' })], 1],
      ['a set that is in use', [{ op: 'delete-set', table: TABLE, name: 'egress', map: true }], 0],
      [
        'a chain that is in use',
        [elements('egress', { '"tap1"': 'goto group' }), { op: 'delete-chain', table: TABLE, name: 'group' }],
        1,
      ],
      [
        'a set of another type',
        [{ op: 'add-set', table: TABLE, set: { name: 'nets', type: 'mark', interval: true } }],
        0,
      ],
    ])('refuses %s', async (_what, changes, changeIndex) => {
      const before = await list();
      expect(await refusal(changes)).toMatchObject({ changeIndex });
      expect(await list()).toEqual(before);
    });

    test.each<readonly [string, string, string]>([
      ['nets', '10.0.0.0/8', '10.9.0.0/16'],
      ['nets', '10.0.0.1-10.0.0.9', '10.0.0.9-10.0.0.12'],
      ['nets', '10.0.0.0/8', '10.1.2.3'],
      ['ports', '80-90 . 10.0.0.0/8', '85 . 10.1.0.0/16'],
      ['ports', '80-90 . 10.0.0.0/29', '90-91 . 10.0.0.1'],
    ])('refuses what overlaps with an interval of %s: %s and %s', async (set, present, added) => {
      await world.kernel.nft.apply([elements(set, { [present]: '' })]);
      expect(await refusal([elements(set, { [added]: '' })])).toMatchObject({ changeIndex: 0 });
      expect(await keysOf(set)).toEqual([present]);
    });

    test('takes intervals that touch', async () => {
      const changes = [
        elements('nets', { '10.0.0.0/8': '', '11.0.0.0/8': '', '12.0.0.0-12.0.0.6': '' }),
        elements('ports', { '80-90 . 10.0.0.0/8': '', '91 . 10.0.0.0/8': '', '80-90 . 11.0.0.0/8': '' }),
      ];
      await world.kernel.nft.apply(changes);
      expect(await keysOf('nets')).toHaveLength(3);
      expect(await keysOf('ports')).toHaveLength(3);
    });

    test('keeps comments of elements, which are words and nothing else', async () => {
      const comment = 'comment "web, rule 3: 100 % of !#$&()*+-./;<=>?@[]^_`{|}~ goto nowhere"';
      await world.kernel.nft.apply([
        elements('ports', { '80-90 . 10.0.0.0/8': comment, '443 . 10.0.0.0/8': '' }),
        elements('plain', { '10.0.0.1': 'comment "a"' }),
      ]);
      expect((await list())?.sets.get('ports')?.elements).toEqual(
        new Map([
          ['443 . 10.0.0.0/8', ''],
          ['80-90 . 10.0.0.0/8', comment],
        ]),
      );
      await world.kernel.nft.apply([elements('plain', { '10.0.0.1': 'comment "b"' })]);
      expect((await list())?.sets.get('plain')?.elements.get('10.0.0.1')).toBe('comment "a"');
      await world.kernel.nft.apply([
        { op: 'delete-elements', table: TABLE, set: 'plain', keys: ['10.0.0.1'] },
        elements('plain', { '10.0.0.1': 'comment "b"' }),
      ]);
      expect((await list())?.sets.get('plain')?.elements.get('10.0.0.1')).toBe('comment "b"');
    });

    test('counts at the elements of counted sets, and reads those asked for', async () => {
      const counted: readonly NftSet[] = [
        { name: 'hits', type: 'nf_proto', interval: false, counted: true, elements: new Map() },
        { name: 'ranges', type: 'inet_service . ipv4_addr', interval: true, counted: true, elements: new Map() },
      ];
      await world.kernel.nft.apply([
        ...counted.map((set): NftChange => ({ op: 'add-set', table: TABLE, set: definitionOf(set) })),
        elements('hits', { ipv4: 'comment "any"', ipv6: '' }),
        elements('ranges', { '80-90 . 10.0.0.0/8': '' }),
        elements('plain', { '10.0.0.1': '' }),
      ]);
      const table = await list();
      expect(table?.sets.get('hits')).toMatchObject({ type: 'nf_proto', interval: false, counted: true });
      expect(table?.sets.get('hits')?.elements.get('ipv4')).toBe('comment "any"');
      expect(table?.sets.get('ranges')).toMatchObject({ interval: true, counted: true });
      expect(table?.sets.get('plain')?.counted).toBeUndefined();
      const nothing = { packets: 0, octets: 0 };
      expect(await world.kernel.nft.counters(TABLE, ['hits', 'ranges', 'plain', 'nowhere'])).toEqual(
        new Map([
          ['hits', new Map(Object.entries({ ipv4: nothing, ipv6: nothing }))],
          ['ranges', new Map([['80-90 . 10.0.0.0/8', nothing]])],
          ['plain', new Map()],
        ]),
      );
      expect(await refusal([{ op: 'add-set', table: TABLE, set: { ...BASE_SET, counted: true } }])).toMatchObject({
        changeIndex: 0,
      });
    });

    test('an empty list sends nothing', async () => {
      expect(await world.kernel.nft.apply([])).toMatchObject({ bytes: 0 });
    });

    test('transactions are applied in the order of the calls', async () => {
      const one = elements('nets', { '10.0.0.1': '' });
      const gone: NftChange = { op: 'delete-elements', table: TABLE, set: 'nets', keys: ['10.0.0.1'] };
      await Promise.all(Array.from({ length: 20 }, (_, at) => world.kernel.nft.apply([at % 2 === 0 ? one : gone])));
      expect(await keysOf('nets')).toEqual([]);
    });

    test('tells of what others change, of our tables only, and not of our own changes', async () => {
      const controller = new AbortController();
      const onForeignChange = vi.fn();
      await world.kernel.nft.watch([TABLE], onForeignChange, controller.signal);
      await world.kernel.nft.apply([elements('nets', { '10.0.0.1': '' })]);
      world.foreignElement(TABLE, 'nets', '10.9.0.1');
      await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(1));
      await world.kernel.nft.apply([elements('nets', { '10.0.0.2': '' })]);
      world.foreignFlush();
      await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(2));
      expect(await list()).toBeUndefined();
      controller.abort();
    });
  });
}
