import type { LargeCommunity } from './path-attributes.ts';

export { formatCommunity } from '@slash32/shared';

/** `64512:1:2` (RFC 8092 section 5). */
export function formatLargeCommunity(community: LargeCommunity): string {
  return `${community.globalAdministrator}:${community.localData1}:${community.localData2}`;
}

const EXTENDED_SUBTYPES: ReadonlyMap<number, string> = new Map([
  [0x02, 'rt'],
  [0x03, 'soo'],
]);

/**
 * Route Target and Route Origin in their three forms (RFC 4360, RFC 5668) as `rt:65001:100` and `soo:192.0.2.1:100`;
 * any other as `0x` and 16 hex digits. `community` is 16 lower-case hex digits.
 */
export function formatExtendedCommunity(community: string): string {
  const type = Number.parseInt(community.slice(0, 2), 16);
  const name = EXTENDED_SUBTYPES.get(Number.parseInt(community.slice(2, 4), 16));
  const high = Number.parseInt(community.slice(4, 12), 16);
  // The two highest bits (IANA authority, transitive) do not change the form.
  switch (name === undefined ? undefined : type & 0xbf) {
    case 0x00:
      return `${name}:${high >>> 16}:${Number.parseInt(community.slice(8), 16)}`;
    case 0x01:
      return `${name}:${high >>> 24}.${(high >>> 16) & 0xff}.${(high >>> 8) & 0xff}.${high & 0xff}:${Number.parseInt(community.slice(12), 16)}`;
    case 0x02:
      return `${name}:${high}:${Number.parseInt(community.slice(12), 16)}`;
    default:
      return `0x${community}`;
  }
}

/** Ascending, each once: a set of communities has one form whatever order it came in (RFC 1997, RFC 8092 section 3). */
export function canonicalSet(values: readonly number[]): number[] {
  return [...new Set(values)].sort((left, right) => left - right);
}

export function canonicalTextSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

export function canonicalLargeSet(values: readonly LargeCommunity[]): LargeCommunity[] {
  const byText = new Map(values.map((value) => [formatLargeCommunity(value), value]));
  return [...byText.values()].sort(
    (left, right) =>
      left.globalAdministrator - right.globalAdministrator ||
      left.localData1 - right.localData1 ||
      left.localData2 - right.localData2,
  );
}
