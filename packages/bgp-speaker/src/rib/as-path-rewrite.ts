import { type AsPathSegment, joinSequences } from '../codec/index.ts';

/** What becomes of private AS numbers (RFC 6996) in a path that is passed on. */
export type RemovePrivateAs =
  /** They go if the path has no others. */
  | 'only'
  /** They go. */
  | 'all'
  /** Our own takes the place of each, so that the path keeps its length. */
  | 'replace';

/** What is done to the AS_PATH of learned routes that go on to an eBGP router. */
export interface AsPathRewrite {
  readonly removePrivateAs?: RemovePrivateAs;
  /** Our AS number takes the place of the router's own, which would refuse the route for it. */
  readonly asOverride?: boolean;
}

export interface AsPathEnds {
  /** What we are towards the router. */
  readonly localAsNumber: number;
  /** What the router is. */
  readonly remoteAsNumber: number;
}

/** RFC 6996 5; 65535 and 4294967295 are reserved and no private ones (RFC 7300). */
export function isPrivateAs(asNumber: number): boolean {
  return (asNumber >= 64_512 && asNumber <= 65_534) || (asNumber >= 4_200_000_000 && asNumber <= 4_294_967_294);
}

/**
 * Private AS numbers first, then the router's own; export policies, with what they prepend, see the result. The router's
 * own AS number is never removed as a private one: that it meets itself is what ends a loop, unless it is overridden.
 * Confederation segments stay as they are. A path that would be empty is our AS number alone: eBGP routers take no empty
 * one.
 */
export function rewriteAsPath(
  asPath: readonly AsPathSegment[],
  { removePrivateAs, asOverride = false }: AsPathRewrite,
  ends: AsPathEnds,
): readonly AsPathSegment[] {
  let rewritten = asPath;
  if (removePrivateAs !== undefined) rewritten = withoutPrivateAs(rewritten, removePrivateAs, ends);
  if (asOverride) {
    const { localAsNumber, remoteAsNumber } = ends;
    rewritten = mapAsNumbers(rewritten, (asNumber) => [asNumber === remoteAsNumber ? localAsNumber : asNumber]);
  }
  return rewritten;
}

function withoutPrivateAs(
  asPath: readonly AsPathSegment[],
  how: RemovePrivateAs,
  { localAsNumber, remoteAsNumber }: AsPathEnds,
): readonly AsPathSegment[] {
  const isRemovable = (asNumber: number): boolean => isPrivateAs(asNumber) && asNumber !== remoteAsNumber;
  if (how === 'only' && !asPath.filter(isOutside).every(({ asNumbers }) => asNumbers.every(isPrivateAs))) return asPath;
  const replacement = how === 'replace' ? [localAsNumber] : [];
  const left = mapAsNumbers(asPath, (asNumber) => (isRemovable(asNumber) ? replacement : [asNumber]));
  const isEmpty = !left.some(isOutside) && asPath.some(isOutside);
  return isEmpty ? [...left, { type: 'sequence', asNumbers: [localAsNumber] }] : left;
}

/** Segments that are left without AS numbers go; a set has each but once. */
function mapAsNumbers(
  asPath: readonly AsPathSegment[],
  map: (asNumber: number) => readonly number[],
): readonly AsPathSegment[] {
  return joinSequences(
    asPath.flatMap((segment): readonly AsPathSegment[] => {
      if (!isOutside(segment)) return [segment];
      const mapped = segment.asNumbers.flatMap(map);
      const asNumbers = segment.type === 'set' ? [...new Set(mapped)] : mapped;
      return asNumbers.length === 0 ? [] : [{ type: segment.type, asNumbers }];
    }),
  );
}

/** Not of a confederation. */
function isOutside({ type }: AsPathSegment): boolean {
  return type === 'sequence' || type === 'set';
}
