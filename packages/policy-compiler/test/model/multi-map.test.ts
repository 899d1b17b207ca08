import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MultiMap } from '../../src/model/multi-map.ts';

test('MultiMap does what a map of sets does', () => {
  const step = fc.record({
    add: fc.boolean(),
    key: fc.constantFrom('a', 'b'),
    value: fc.constantFrom('x', 'y', 'z'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const map = new MultiMap<string, string>();
      const expected = new Map<string, Set<string>>([
        ['a', new Set()],
        ['b', new Set()],
      ]);
      for (const { add, key, value } of steps) {
        if (add) {
          map.add(key, value);
          expected.get(key)?.add(value);
        } else {
          map.remove(key, value);
          expected.get(key)?.delete(value);
        }
        for (const [each, values] of expected) {
          expect([...map.get(each)].sort()).toEqual([...values].sort());
          expect(map.has(each)).toBe(values.size > 0);
        }
        expect(map.empty).toBe([...expected.values()].every(({ size }) => size === 0));
      }
    }),
  );
});
