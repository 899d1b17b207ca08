import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IntervalSet } from '../../src/reachability/interval-set.ts';

const LIMIT = 24;
const bounds = fc.tuple(fc.nat(LIMIT - 1), fc.nat(LIMIT - 1));
const sets = fc
  .array(bounds, { maxLength: 6 })
  .map((list) =>
    IntervalSet.of(list.map(([a, b]) => ({ first: BigInt(Math.min(a, b)), last: BigInt(Math.max(a, b)) }))),
  );

function numbersOf(set: IntervalSet): Set<number> {
  const numbers = new Set<number>();
  for (const { first, last } of set.intervals) for (let n = first; n <= last; n += 1n) numbers.add(Number(n));
  return numbers;
}

it('does what sets of numbers do', () => {
  fc.assert(
    fc.property(sets, sets, (left, right) => {
      const [a, b] = [numbersOf(left), numbersOf(right)];
      expect(numbersOf(left.union(right))).toEqual(a.union(b));
      expect(numbersOf(left.intersect(right))).toEqual(a.intersection(b));
      expect(numbersOf(left.subtract(right))).toEqual(a.difference(b));
      expect(left.covers(right)).toBe(b.isSubsetOf(a));
      expect(left.size).toBe(BigInt(a.size));
      expect(left.equals(right)).toBe(a.symmetricDifference(b).size === 0);
      for (let n = 0; n < LIMIT; n += 1) expect(left.contains(BigInt(n))).toBe(a.has(n));
    }),
    { numRuns: 1000 },
  );
});

it('keeps intervals sorted and apart, so that equal sets are equal', () => {
  const set = IntervalSet.of([
    { first: 5n, last: 7n },
    { first: 1n, last: 2n },
    { first: 3n, last: 4n },
    { first: 9n, last: 9n },
  ]);
  expect(set.intervals).toEqual([
    { first: 1n, last: 7n },
    { first: 9n, last: 9n },
  ]);
  expect(set.key).toBe(IntervalSet.range(1n, 9n).subtract(IntervalSet.range(8n, 8n)).key);
});
