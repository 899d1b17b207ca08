/** Texts of BGP communities, as people write and read them. */

/** Well-known communities by name: RFC 1997, RFC 8326, RFC 7999, RFC 9494, RFC 7611, RFC 3765. */
export const WELL_KNOWN_COMMUNITIES = {
  GRACEFUL_SHUTDOWN: 0xffff0000,
  ACCEPT_OWN: 0xffff0001,
  LLGR_STALE: 0xffff0006,
  NO_LLGR: 0xffff0007,
  BLACKHOLE: 0xffff029a,
  NO_EXPORT: 0xffffff01,
  NO_ADVERTISE: 0xffffff02,
  NO_EXPORT_SUBCONFED: 0xffffff03,
  NOPEER: 0xffffff04,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(WELL_KNOWN_COMMUNITIES).map(([name, value]) => [value, name]),
);

/** `65001:100`, or the name of a well-known community. `community` has 32 bits. */
export function formatCommunity(community: number): string {
  return NAMES.get(community) ?? `${community >>> 16}:${community & 0xffff}`;
}

/** A community of which parts may be anything: `undefined` in their places. Parts from the left. */
export type CommunityPattern = readonly (number | undefined)[];

/** The number of `65001:100` or `NO_EXPORT` (any case, `-` for `_`); `undefined` if it is neither. */
export function tryParseCommunity(text: string): number | undefined {
  const pattern = tryParseCommunityPattern(text);
  const [high, low] = pattern ?? [];
  return high === undefined || low === undefined ? undefined : ((high << 16) | low) >>> 0;
}

/** As {@link tryParseCommunity}, each half possibly `*`: 16-bit halves. */
export function tryParseCommunityPattern(text: string): CommunityPattern | undefined {
  const name = text.toUpperCase().replaceAll('-', '_');
  if (Object.hasOwn(WELL_KNOWN_COMMUNITIES, name)) {
    const value = WELL_KNOWN_COMMUNITIES[name as keyof typeof WELL_KNOWN_COMMUNITIES];
    return [value >>> 16, value & 0xffff];
  }
  return parseParts(text, 2, 0xffff);
}

/** The three 32-bit parts of `64512:1:2` (RFC 8092 section 5); `undefined` if it is none. */
export function tryParseLargeCommunity(text: string): readonly [number, number, number] | undefined {
  const [first, second, third] = parseParts(text, 3, 0xffff_ffff) ?? [];
  return first === undefined || second === undefined || third === undefined ? undefined : [first, second, third];
}

/** As {@link tryParseLargeCommunity}, each part possibly `*`. */
export function tryParseLargeCommunityPattern(text: string): CommunityPattern | undefined {
  return parseParts(text, 3, 0xffff_ffff);
}

/** Canonical text of a pattern of either kind; well-known communities by name. */
export function formatCommunityPattern(pattern: CommunityPattern): string {
  const [high, low] = pattern;
  if (pattern.length === 2 && high !== undefined && low !== undefined)
    return formatCommunity(((high << 16) | low) >>> 0);
  return pattern.map((part) => part ?? '*').join(':');
}

function parseParts(text: string, count: number, max: number): CommunityPattern | undefined {
  const parts = text.split(':');
  if (parts.length !== count) return undefined;
  const pattern: (number | undefined)[] = [];
  for (const part of parts) {
    const value = part === '*' ? undefined : Number(part);
    if (value !== undefined && (!/^\d{1,10}$/.test(part) || value > max)) return undefined;
    pattern.push(value);
  }
  return pattern;
}
