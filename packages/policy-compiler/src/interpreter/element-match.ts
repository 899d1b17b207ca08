import { type NftSet, parseIpPrefix, prefixContains, tryParseIpAddress } from '@slash32/shared';

/** The key of the element that the values, in nft's text, are in; `undefined`: none. */
export function findElement(set: NftSet, values: readonly string[]): string | undefined {
  const exact = values.join(' . ');
  if (set.elements.has(exact)) return exact;
  if (!set.interval) return undefined;
  for (const key of set.elements.keys()) {
    const parts = key.split(' . ');
    if (parts.length === values.length && parts.every((part, index) => partMatches(part, values[index] ?? '')))
      return key;
  }
  return undefined;
}

/** `part`: a value, a prefix, a numeric range, or an interface name that ends in a wildcard. */
export function partMatches(part: string, value: string): boolean {
  if (part === value) return true;
  if (part.startsWith('"')) return part.endsWith('*"') && value.startsWith(part.slice(0, -2));
  if (part.includes('/')) {
    const address = tryParseIpAddress(value);
    return address !== undefined && prefixContains(parseIpPrefix(part), address);
  }
  const range = /^(\d+)-(\d+)$/.exec(part);
  return range !== null && Number(range[1]) <= Number(value) && Number(value) <= Number(range[2]);
}
