import { formatIpAddress, formatIpPrefix, makeIpPrefix } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ipv4KeyAddress,
  ipv4PrefixKey,
  prefixKeyAddressFamily,
  prefixKeyFamily,
  prefixKeyFromText,
  prefixKeyLength,
  prefixKeyToText,
} from '../../src/codec/index.ts';

export const prefixes = fc.oneof(
  fc.record({
    family: fc.constant(4 as const),
    value: fc.bigInt(0n, 2n ** 32n - 1n),
    length: fc.integer({ min: 0, max: 32 }),
  }),
  fc.record({
    family: fc.constant(6 as const),
    value: fc.bigInt(0n, 2n ** 128n - 1n),
    length: fc.integer({ min: 0, max: 128 }),
  }),
);

describe('PrefixKey', () => {
  it('goes to canonical text and back', () => {
    fc.assert(
      fc.property(prefixes, ({ family, value, length }) => {
        const canonical = formatIpPrefix(makeIpPrefix({ family, value }, length));
        const key = prefixKeyFromText(`${formatIpAddress({ family, value })}/${length}`);
        expect(prefixKeyToText(key)).toBe(canonical);
        expect(prefixKeyLength(key)).toBe(length);
        expect(prefixKeyAddressFamily(key)).toBe(family);
        expect(prefixKeyFamily(key)).toBe(family === 4 ? 'ipv4-unicast' : 'ipv6-unicast');
      }),
    );
  });

  it('is equal exactly for equal prefixes', () => {
    fc.assert(
      fc.property(prefixes, prefixes, (left, right) => {
        const [leftText, rightText] = [left, right].map((one) => formatIpPrefix(makeIpPrefix(one, one.length)));
        const [leftKey, rightKey] = [leftText, rightText].map((text) => prefixKeyFromText(text ?? ''));
        expect(leftKey === rightKey).toBe(leftText === rightText);
      }),
    );
  });

  it('keeps apart what differs in length only', () => {
    const keys = Array.from({ length: 33 }, (_, length) => ipv4PrefixKey(0, length));
    expect(new Set(keys).size).toBe(33);
    expect(keys.every(Number.isSafeInteger)).toBe(true);
  });

  it('has a small integer for a /32, also above 127.255.255.255', () => {
    const key = prefixKeyFromText('255.255.255.255');
    expect(key).toBe(-1);
    expect(ipv4KeyAddress(-1)).toBe(0xffff_ffff);
    expect(prefixKeyToText(key)).toBe('255.255.255.255/32');
  });
});
