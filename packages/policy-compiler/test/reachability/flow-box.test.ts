import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type FlowBox, isInBox, subtractBoxes, tidyBoxes } from '../../src/reachability/flow-box.ts';
import { IntervalSet } from '../../src/reachability/interval-set.ts';

const SIDE = 5;
const sets = fc
  .uniqueArray(fc.nat(SIDE - 1), { minLength: 1, maxLength: SIDE })
  .map((numbers) => IntervalSet.of(numbers.map((n) => ({ first: BigInt(n), last: BigInt(n) }))));
const boxes = fc.array(fc.record({ sources: sets, destinations: sets, services: sets }), { maxLength: 4 });

/** `source destination service` of all flows, one entry per box that holds it. */
function flowsOf(list: readonly FlowBox[]): string[] {
  const flows: string[] = [];
  for (let source = 0n; source < SIDE; source += 1n) {
    for (let destination = 0n; destination < SIDE; destination += 1n) {
      for (let service = 0n; service < SIDE; service += 1n) {
        for (const box of list) {
          if (isInBox(box, source, destination, service)) flows.push(`${source} ${destination} ${service}`);
        }
      }
    }
  }
  return flows.sort();
}

/** The same flows, each in one box. */
function disjoint(list: readonly FlowBox[]): readonly FlowBox[] {
  const done: FlowBox[] = [];
  for (const box of list) done.push(...subtractBoxes([box], done));
  return done;
}

it('subtracts exactly, and leaves disjoint boxes disjoint', () => {
  fc.assert(
    fc.property(boxes, boxes, (some, others) => {
      const had = disjoint(some);
      const without = new Set(flowsOf(others));
      expect(flowsOf(subtractBoxes(had, others))).toEqual(flowsOf(had).filter((flow) => !without.has(flow)));
    }),
    { numRuns: 500 },
  );
});

it('tidies without losing, adding or repeating a flow', () => {
  fc.assert(
    fc.property(boxes, (some) => {
      const had = disjoint(some);
      expect(flowsOf(tidyBoxes(had))).toEqual(flowsOf(had));
    }),
    { numRuns: 500 },
  );
});

it('tells a service once, with all its addresses', () => {
  const point = (n: bigint): IntervalSet => IntervalSet.range(n, n);
  const [one, two] = [point(1n), point(2n)];
  const tidy = tidyBoxes([
    { sources: one, destinations: one, services: IntervalSet.range(1n, 2n) },
    { sources: two, destinations: one, services: point(1n) },
  ]);
  expect(tidy).toEqual([
    { sources: IntervalSet.range(1n, 2n), destinations: one, services: point(1n) },
    { sources: one, destinations: one, services: point(2n) },
  ]);
});
