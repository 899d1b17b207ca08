import { ADDRESS_BITS, type IpAddress, type IpPrefix, prefixContains } from '@slash32/shared';

/**
 * What is left of a block without some addresses, as the fewest prefixes that have all of it and nothing else: at most as
 * many per address as its family has bits beyond the block's.
 */
export function blockRemainder(block: IpPrefix, without: readonly IpAddress[]): readonly IpPrefix[] {
  const inside = without.filter((address) => prefixContains(block, address));
  if (inside.length === 0) return [block];
  const { family, value, length } = block;
  const bits = ADDRESS_BITS[family];
  if (length === bits) return [];
  const upper = value | (1n << BigInt(bits - length - 1));
  return [
    ...blockRemainder({ family, value, length: length + 1 }, inside),
    ...blockRemainder({ family, value: upper, length: length + 1 }, inside),
  ];
}
