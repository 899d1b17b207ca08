import { type IpPrefix, prefixContains } from '@slash32/shared';

/** The prefixes that no other contains, each once, sorted by family and address. Same union, no overlap. */
export function maximalPrefixes(prefixes: Iterable<IpPrefix>): IpPrefix[] {
  const sorted = [...prefixes].sort(
    (left, right) =>
      left.family - right.family ||
      (left.value < right.value ? -1 : left.value > right.value ? 1 : left.length - right.length),
  );
  const kept: IpPrefix[] = [];
  for (const prefix of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !prefixContains(last, prefix)) kept.push(prefix);
  }
  return kept;
}
