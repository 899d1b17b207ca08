import { hasErrorCode, type NftChange } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import { renderChanges } from '../src/index.ts';
import { isRejection, nftRejection, STATEMENT_SEPARATOR } from '../src/nft/nft-failure.ts';
import { isDormant, parseTableListing } from '../src/nft/parse-listing.ts';

const TABLE = 'inet slash32';

describe('renderChanges', () => {
  test('each change in nft syntax, with the index that it came from', () => {
    const changes: NftChange[] = [
      { op: 'add-table', table: TABLE },
      { op: 'add-set', table: TABLE, set: { name: 'nets', type: 'inet_service . ipv4_addr', interval: true } },
      { op: 'add-set', table: TABLE, set: { name: 'egress', type: 'ifname', dataType: 'verdict', interval: false } },
      { op: 'add-set', table: TABLE, set: { name: 'hits', type: 'nf_proto', interval: false, counted: true } },
      { op: 'add-elements', table: TABLE, set: 'hits', elements: new Map([['ipv4', 'comment "anything"']]) },
      { op: 'add-chain', table: TABLE, chain: { name: 'group' } },
      {
        op: 'add-chain',
        table: TABLE,
        chain: { name: 'raw', hook: { type: 'filter', hook: 'prerouting', priority: -300, policy: 'drop' } },
      },
      { op: 'set-rules', table: TABLE, chain: 'group', rules: [{ text: 'tcp dport 80 accept', comment: 'web #1' }] },
      { op: 'add-elements', table: TABLE, set: 'egress', elements: new Map([['"tap1"', 'goto group']]) },
      { op: 'add-elements', table: TABLE, set: 'egress', elements: new Map() },
      { op: 'delete-elements', table: TABLE, set: 'nets', keys: ['80 . 10.0.0.0/8', '443 . 10.0.0.1'] },
      { op: 'delete-set', table: TABLE, name: 'egress', map: true },
      { op: 'delete-chain', table: TABLE, name: 'group' },
      { op: 'delete-table', table: TABLE },
    ];
    expect(renderChanges(changes).statements.map(({ text, changeIndex }) => `${changeIndex} ${text}`)).toEqual([
      '0 add table inet slash32',
      '1 add set inet slash32 nets { type inet_service . ipv4_addr; flags interval; }',
      '2 add map inet slash32 egress { type ifname : verdict; }',
      '3 add set inet slash32 hits { type nf_proto; counter; }',
      '4 add element inet slash32 hits { ipv4 comment "anything" }',
      '5 add chain inet slash32 group',
      '6 add chain inet slash32 raw { type filter hook prerouting priority -300; policy drop; }',
      '7 flush chain inet slash32 group',
      '7 add rule inet slash32 group tcp dport 80 accept comment "web #1"',
      '8 add element inet slash32 egress { "tap1" : goto group }',
      '10 delete element inet slash32 nets { 80 . 10.0.0.0/8, 443 . 10.0.0.1 }',
      '11 delete map inet slash32 egress',
      '12 flush chain inet slash32 group',
      '12 delete chain inet slash32 group',
      '13 delete table inet slash32',
    ]);
  });

  test.each([
    { text: 'drop\nadd rule inet slash32 group accept', comment: 'x #1' },
    { text: 'drop', comment: 'x" accept; add table inet y; "' },
  ])('refuses a text that would not stay in its place', (rule) => {
    const change: NftChange = { op: 'set-rules', table: TABLE, chain: 'group', rules: [rule] };
    expect(() => renderChanges([{ op: 'add-table', table: TABLE }, change])).toThrow(
      expect.objectContaining({ code: 'nft.rejected', details: expect.objectContaining({ changeIndex: 1 }) }),
    );
  });
});

describe('nftRejection', () => {
  const transaction = renderChanges([
    { op: 'add-elements', table: TABLE, set: 'nets', elements: new Map([['10.0.0.1', '']]) },
    { op: 'delete-elements', table: TABLE, set: 'nets', keys: ['10.0.0.2', '10.9.9.9'] },
  ]);
  const line = transaction.statements.map(({ text }) => text).join(STATEMENT_SEPARATOR);

  test('finds the culprit under the carets', () => {
    const column = line.indexOf('10.9.9.9');
    const stderr = `Error: Could not process rule: No such file or directory\n${line}\n${' '.repeat(column)}^^^^^^^^\n`;
    const error = nftRejection(stderr, transaction);
    expect(error.details).toEqual({ stderr, reason: 'No such file or directory', changeIndex: 1, at: '10.9.9.9' });
    expect(error.message).toContain('10.9.9.9');
  });

  test('finds the culprit in an included file', () => {
    const stderr =
      'In file included from <cmdline>:1:1-25:\n/run/x/transaction.nft:2:43-50: Error: Could not process rule: File exists\n';
    const { details } = nftRejection(stderr, transaction);
    expect(details).toMatchObject({ reason: 'File exists', changeIndex: 1 });
  });

  test('has no index where nft points nowhere', () => {
    const error = nftRejection('netlink: Error: cache initialization failed: Operation not permitted\n', transaction);
    expect(hasErrorCode(error, 'nft.rejected')).toBe(true);
    expect(error.details).not.toHaveProperty('changeIndex');
    expect(error.details.reason).toBe('cache initialization failed: Operation not permitted');
  });

  test('a warning is no rejection', () => {
    expect(isRejection('Warning: deprecated\n')).toBe(false);
    expect(isRejection('Error: syntax error\n')).toBe(true);
  });
});

describe('parseTableListing', () => {
  // Recorded from nft 1.0.6 with -jnn.
  const listing = JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6', json_schema_version: 1 } },
      { table: { family: 'inet', name: 'slash32', handle: 7 } },
      {
        set: {
          family: 'inet',
          name: 'd',
          table: 'slash32',
          type: ['inet_service', 'ipv4_addr'],
          flags: ['interval'],
          elem: [
            { concat: [{ range: [0, 65535] }, { prefix: { addr: '128.0.0.0', len: 2 } }] },
            { concat: [80, { range: ['10.1.0.0', '10.1.0.9'] }] },
          ],
        },
      },
      {
        map: {
          name: 'vm',
          type: 'ifname',
          map: 'verdict',
          elem: [
            ['lo', { accept: null }],
            ['tap1', { goto: { target: 'c' } }],
          ],
        },
      },
      {
        map: {
          name: 'k',
          type: 'ipv6_addr',
          map: 'ipv4_addr . inet_service',
          elem: [['::ffff:1.2.3.4', { concat: ['2.2.2.2', 90] }]],
        },
      },
      {
        set: { name: 'seen', type: 'ipv4_addr', flags: ['timeout'], elem: [{ elem: { val: '1.1.1.1', timeout: 9 } }] },
      },
      { chain: { name: 'ch', type: 'filter', hook: 'forward', prio: 1, policy: 'drop' } },
      { chain: { name: 'plain' } },
      { rule: { chain: 'ch', comment: 'all #1a', expr: [{ drop: null }] } },
      { rule: { chain: 'ch', expr: [{ accept: null }] } },
    ],
  });

  test('sets, maps, chains and rules in the spelling of nft-model', () => {
    const table = parseTableListing(listing, TABLE);
    expect([...(table.sets.get('d')?.elements.keys() ?? [])]).toEqual([
      '0-65535 . 128.0.0.0/2',
      '80 . 10.1.0.0-10.1.0.9',
    ]);
    expect(table.sets.get('vm')).toEqual({
      name: 'vm',
      type: 'ifname',
      dataType: 'verdict',
      interval: false,
      elements: new Map([
        ['"lo"', 'accept'],
        ['"tap1"', 'goto c'],
      ]),
    });
    expect(table.sets.get('k')?.elements).toEqual(new Map([['::ffff:102:304', '2.2.2.2 . 90']]));
    expect(table.chains.get('ch')?.hook).toEqual({ type: 'filter', hook: 'forward', priority: 1, policy: 'drop' });
    expect(table.chains.get('plain')).toEqual({ name: 'plain', rules: [] });
  });

  test('what we never write equals nothing of ours', () => {
    const table = parseTableListing(listing, TABLE);
    expect(table.sets.get('seen')?.type).toBe('ipv4_addr flags timeout');
    expect(table.chains.get('ch')?.rules).toEqual([
      { text: '', comment: 'all #1a' },
      { text: '[{"accept":null}]', comment: '' },
    ]);
  });

  test('a dormant table is recognised', () => {
    expect(isDormant('table inet slash32 {\n\tflags dormant\n\n\tset a {\n')).toBe(true);
    expect(isDormant('table inet slash32 {\n\tset a {\n\t\ttype ipv4_addr\n\t\tflags interval\n')).toBe(false);
  });
});
