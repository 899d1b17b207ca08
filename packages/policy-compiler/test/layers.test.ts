import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Box, contains, layered, overlap } from '../src/compiler/layers.ts';

function box(...dimensions: readonly (readonly [number, number])[]): Box {
  return { dimensions, text: dimensions.map((range) => range.join('-')).join(' . ') };
}

const interval = fc.tuple(fc.nat(6), fc.nat(6)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
const boxes = fc.array(
  fc.tuple(interval, interval).map((dimensions) => box(...dimensions)),
  { maxLength: 20 },
);

function covered(list: readonly Box[], x: number, y: number): boolean {
  return list.some((some) => contains(some, box([x, x], [y, y])));
}

test('layers cover the same points, hold no overlaps, and never more elements than rules', () => {
  fc.assert(
    fc.property(boxes, (list) => {
      const layers = layered(list);
      const all = layers.flat();
      for (let x = 0; x < 7; x += 1)
        for (let y = 0; y < 7; y += 1) expect(covered(all, x, y)).toBe(covered(list, x, y));
      for (const layer of layers) {
        layer.forEach((left, index) => {
          for (const right of layer.slice(index + 1)) expect(overlap(left, right)).toBe(false);
        });
      }
      expect(all.length).toBeLessThanOrEqual(new Set(list.map((some) => some.text)).size);
    }),
  );
});

test('layers depend on the boxes, not on their order', () => {
  fc.assert(
    fc.property(boxes, (list) => {
      expect(layered([...list].reverse())).toEqual(layered(list));
    }),
  );
});

test('boxes inside others are left out; the rest needs one layer for each that overlaps', () => {
  expect(layered([box([0, 9], [0, 9]), box([1, 2], [3, 4])])).toEqual([[box([0, 9], [0, 9])]]);
  expect(layered([box([0, 5], [0, 9]), box([5, 9], [0, 9]), box([6, 7], [0, 99])])).toHaveLength(2);
});
