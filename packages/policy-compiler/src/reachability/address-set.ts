import { ADDRESS_BITS, type AddressFamily, formatIpAddress, lastAddress, parseIpPrefix } from '@slash32/shared';
import { type Interval, IntervalSet } from './interval-set.ts';

/** Addresses of one family, as numbers. */
export type AddressSet = IntervalSet;

export const ALL_ADDRESSES: Readonly<Record<AddressFamily, AddressSet>> = {
  4: IntervalSet.range(0n, (1n << 32n) - 1n),
  6: IntervalSet.range(0n, (1n << 128n) - 1n),
};

export function familyOf(text: string): AddressFamily {
  return text.includes(':') ? 6 : 4;
}

/** Those of `texts` (addresses and prefixes) that are of the family. */
export function addressSet(texts: Iterable<string>, family: AddressFamily): AddressSet {
  const intervals: Interval[] = [];
  for (const text of texts) {
    if (familyOf(text) !== family) continue;
    const prefix = parseIpPrefix(text);
    intervals.push({ first: prefix.value, last: lastAddress(prefix) });
  }
  return IntervalSet.of(intervals);
}

/** One text per interval: `192.0.2.1`, `192.0.2.0/24`, or `192.0.2.3-192.0.2.9` where no prefix is just that. */
export function addressTexts(addresses: AddressSet, family: AddressFamily): readonly string[] {
  return addresses.intervals.map(({ first, last }) => {
    const from = formatIpAddress({ family, value: first });
    if (first === last) return from;
    const size = last - first + 1n;
    const isPrefix = (size & (size - 1n)) === 0n && first % size === 0n;
    const hostBits = size.toString(2).length - 1;
    return isPrefix
      ? `${from}/${ADDRESS_BITS[family] - hostBits}`
      : `${from}-${formatIpAddress({ family, value: last })}`;
  });
}
