import { makeIpPrefix, parseIpAddress, prefixContains } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PrefixKey, prefixKeyFromText, prefixKeyToText } from '../../src/codec/index.ts';
import { AddressBlocks, blockMetric, inTellingOrder } from '../../src/rib/address-blocks.ts';

const BLOCKS = ['10.0.0.0/26', '10.0.0.128/25', '10.1.0.0/16', '2001:db8:1::/48', '2001:db8:2:8::/61'];
const ADDRESSES = ['10.0.0.1', '10.0.0.64', '10.0.0.200', '10.1.2.3', '2001:db8:1::1', '2001:db8:2:f::1', '::1'];

describe('address blocks', () => {
  it('find the block that a prefix is in, and not itself', () => {
    fc.assert(
      fc.property(
        fc.subarray(BLOCKS),
        fc.constantFrom(...ADDRESSES),
        fc.integer({ min: 0, max: 128 }),
        (texts, address, length) => {
          const blocks = new AddressBlocks(texts.map(prefixKeyFromText));
          const prefix = makeIpPrefix(parseIpAddress(address), Math.min(length, address.includes(':') ? 128 : 32));
          const expected = texts.find((text) => {
            const [of = '', bits] = text.split('/');
            const block = makeIpPrefix(parseIpAddress(of), Number(bits));
            return block.length < prefix.length && prefixContains(block, prefix);
          });
          const found = blocks.blockOf(prefixKeyFromText(`${address}/${prefix.length}`));
          expect(found && prefixKeyToText(found)).toBe(expected);
        },
      ),
    );
  });

  it('are told before and after what they stand for', () => {
    const block = prefixKeyFromText('10.0.0.0/26');
    const member = prefixKeyFromText('10.0.0.1');
    const local = new Map<PrefixKey, number>([
      [member, 7],
      [block, blockMetric(block)],
    ]);
    const order = [...inTellingOrder(local, new AddressBlocks([block]))];
    expect(order[0]).toEqual([block, 0]);
    expect(order.at(-1)).toEqual([block, 0]);
    expect(order).toContainEqual([member, 7]);
    expect([...inTellingOrder(new Map([[member, 7]]), new AddressBlocks([]))]).toEqual([[member, 7]]);
  });
});
