import { formatIpPrefix, lastAddress, parseIpAddress, parseIpPrefix, prefixContains } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockRemainder } from '../../src/peers/block-remainder.ts';

const remainder = (block: string, ...without: readonly string[]) =>
  blockRemainder(parseIpPrefix(block), without.map(parseIpAddress)).map(formatIpPrefix);

describe('a block without some addresses', () => {
  it.each([
    ['10.0.0.0/30', [], ['10.0.0.0/30']],
    ['10.0.0.0/30', ['10.0.1.0', '2001:db8::1'], ['10.0.0.0/30']],
    ['10.0.0.0/30', ['10.0.0.1'], ['10.0.0.0/32', '10.0.0.2/31']],
    ['10.0.0.0/30', ['10.0.0.0', '10.0.0.3'], ['10.0.0.1/32', '10.0.0.2/32']],
    ['10.0.0.0/31', ['10.0.0.0', '10.0.0.1'], []],
    ['2001:db8::/126', ['2001:db8::2'], ['2001:db8::/127', '2001:db8::3/128']],
  ] as const)('%s without %j: %j', (block, without, expected) => {
    expect(remainder(block, ...without)).toEqual(expected);
  });

  it('has every other address exactly once', () => {
    const octet = fc.integer({ min: 0, max: 63 });
    fc.assert(
      fc.property(fc.uniqueArray(octet), fc.integer({ min: 26, max: 32 }), (octets, length) => {
        const block = parseIpPrefix(`10.0.0.0/${length}`);
        const without = octets.map((last) => parseIpAddress(`10.0.0.${last}`));
        const left = blockRemainder(block, without);
        for (let value = block.value; value <= lastAddress(block); value += 1n) {
          const address = { family: 4, value } as const;
          const isOut = without.some((each) => each.value === value);
          expect(left.filter((prefix) => prefixContains(prefix, address))).toHaveLength(isOut ? 0 : 1);
        }
        for (const prefix of left) expect(prefixContains(block, prefix)).toBe(true);
      }),
    );
  });

  it('is few prefixes', () => {
    expect(remainder('2001:db8::/64', '2001:db8::1:2:3:4')).toHaveLength(64);
    expect(remainder('10.0.0.0/26', '10.0.0.7')).toHaveLength(6);
  });
});
