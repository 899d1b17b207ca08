import { tryParseIpPrefix } from '@slash32/shared';
import { type PrefixKey, prefixKeyFromText, prefixKeyLength, shortenedPrefixKey } from '../codec/index.ts';

/** A prefix and the lengths that match inside it; see RoutePolicy `match.prefixes` for what is left out. */
export interface PrefixRange {
  readonly cidr: string;
  readonly ge?: number | undefined;
  readonly le?: number | undefined;
}

interface LengthRange {
  readonly ge: number;
  readonly le: number;
}

/**
 * A list of prefixes with lengths (RFC 4271 has no such; the field's "prefix list"). A test costs one look-up per
 * different length of the list's prefixes, not per prefix.
 */
export class PrefixMatcher {
  /** By family of the key, then length of the list's prefix, then that prefix. */
  readonly #ipv4 = new Map<number, Map<PrefixKey, LengthRange[]>>();
  readonly #ipv6 = new Map<number, Map<PrefixKey, LengthRange[]>>();

  constructor(ranges: readonly PrefixRange[]) {
    for (const { cidr, ge, le } of ranges) {
      const prefix = tryParseIpPrefix(cidr);
      if (prefix === undefined) continue;
      const longest = prefix.family === 4 ? 32 : 128;
      const byLength = prefix.family === 4 ? this.#ipv4 : this.#ipv6;
      const byPrefix = byLength.get(prefix.length) ?? new Map<PrefixKey, LengthRange[]>();
      byLength.set(prefix.length, byPrefix);
      const key = prefixKeyFromText(cidr);
      const lengths = byPrefix.get(key) ?? [];
      byPrefix.set(key, lengths);
      lengths.push({ ge: ge ?? prefix.length, le: le ?? (ge === undefined ? prefix.length : longest) });
    }
  }

  matches(key: PrefixKey): boolean {
    const length = prefixKeyLength(key);
    for (const [listed, byPrefix] of typeof key === 'number' ? this.#ipv4 : this.#ipv6) {
      if (listed > length) continue;
      const ranges = byPrefix.get(listed === length ? key : shortenedPrefixKey(key, listed));
      if (ranges?.some(({ ge, le }) => length >= ge && length <= le)) return true;
    }
    return false;
  }
}
