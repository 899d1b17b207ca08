import type { AsPathPattern } from '@slash32/shared';
import type { AsPathSegment } from '../codec/index.ts';

/**
 * True if the pattern matches the whole path. An AS_SET is one element, which matches where any of its members does;
 * confederation segments are no part of the path. Follows all ways at once: time is bounded by the length of the
 * pattern times the square of that of the path, whatever the pattern.
 */
export function asPathMatchesPattern(segments: readonly AsPathSegment[], pattern: AsPathPattern): boolean {
  const path = segments.flatMap(({ type, asNumbers }): readonly (readonly number[])[] => {
    if (type === 'sequence') return asNumbers.map((asNumber) => [asNumber]);
    return type === 'set' ? [asNumbers] : [];
  });
  return advance(pattern, new Set([0]), path).has(path.length);
}

/** Where in the path one can be behind the pattern, having been at any of `starts` before it. */
function advance(
  pattern: AsPathPattern,
  starts: ReadonlySet<number>,
  path: readonly (readonly number[])[],
): ReadonlySet<number> {
  switch (pattern.type) {
    case 'as': {
      const { ge, le } = pattern;
      const isWithin = (at: number) => path[at]?.some((asNumber) => asNumber >= ge && asNumber <= le) === true;
      return new Set([...starts].filter(isWithin).map((at) => at + 1));
    }
    case 'sequence':
      return pattern.items.reduce((at, item) => advance(item, at, path), starts);
    case 'choice':
      return new Set(pattern.items.flatMap((item) => [...advance(item, starts, path)]));
    case 'repeat': {
      const reached = new Set(pattern.least === 0 ? starts : []);
      let frontier: ReadonlySet<number> = starts;
      for (let times = 0; times < pattern.most && frontier.size > 0; times += 1) {
        const next = advance(pattern.item, frontier, path).difference(reached);
        for (const at of next) reached.add(at);
        frontier = next;
      }
      return reached;
    }
  }
}
