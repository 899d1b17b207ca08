import { describe, expect, test } from 'vitest';
import { NftChangeReader } from '../src/nft/nft-change-reader.ts';

function readAll(lines: readonly string[]) {
  const reader = new NftChangeReader('s32-0123456789');
  return lines.flatMap((line) => reader.read(line) ?? []);
}

describe('NftChangeReader', () => {
  test('tells which tables others changed, and nothing of our own transactions', () => {
    expect(
      readAll([
        'add element inet slash32 nets { 10.0.0.1 }',
        '# new generation 4 by process 3939 (s32-0123456789)',
        'add table inet other',
        'delete rule arp slash32 input handle 4',
        'add set inet slash32 nets {',
        '\ttype ipv4_addr',
        '}',
        '# new generation 5 by process 3940 (nft)',
        'delete table inet slash32',
        '# new generation 6 by process 3949 (python3)',
      ]),
    ).toEqual([
      { type: 'changed', tables: new Set(['inet other', 'arp slash32', 'inet slash32']) },
      { type: 'changed', tables: new Set(['inet slash32']) },
    ]);
  });

  test('a lost notification is told', () => {
    expect(readAll(['# ERROR: We lost some netlink events!'])).toEqual([{ type: 'lost' }]);
  });
});
