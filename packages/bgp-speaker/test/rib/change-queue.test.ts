import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangeQueue } from '../../src/rib/change-queue.ts';

const key = fc.oneof(
  fc.nat(20),
  fc.constantFrom('a', 'b'),
  fc.nat(5).map((low) => 2 ** 36 + low),
);
const step = fc.record({
  op: fc.constantFrom('set', 'set', 'set', 'delete', 'take'),
  key,
  value: fc.option(fc.nat(9), { nil: undefined }),
});

function taken<Key extends number | string, Value>(queue: ChangeQueue<Key, Value>, limit: number): [Key, Value][] {
  const entries: [Key, Value][] = [];
  queue.take(limit, (each, value) => entries.push([each, value]));
  return entries;
}

describe('the queue of changes', () => {
  it('is a Map whose first entry can be taken', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const queue = new ChangeQueue<number | string, number | undefined>();
        const model = new Map<number | string, number | undefined>();
        for (const { op, key: changed, value } of steps) {
          if (op === 'set') {
            queue.set(changed, value);
            model.set(changed, value);
          } else if (op === 'delete') {
            queue.delete(changed);
            model.delete(changed);
          } else {
            const first = [...model].slice(0, value ?? 1);
            expect(taken(queue, value ?? 1)).toEqual(first);
            for (const [each] of first) model.delete(each);
          }
          expect(queue.size).toBe(model.size);
          expect(queue.has(changed)).toBe(model.has(changed));
          expect(queue.first).toEqual([...model.values()][0]);
        }
      }),
    );
  });

  it('keeps its order over what is cut off in front', () => {
    const queue = new ChangeQueue<number, number>();
    for (let each = 0; each < 20_000; each += 1) queue.set(each, each);
    for (let each = 0; each < 12_000; each += 3000) {
      expect(taken(queue, 3000)).toEqual(Array.from({ length: 3000 }, (_, index) => [each + index, each + index]));
    }
    queue.set(15_000, -1);
    queue.set(3, 3);
    queue.delete(12_000);
    expect(taken(queue, 20_000).map(([, value]) => value)).toEqual([
      ...Array.from({ length: 7_999 }, (_, index) => (index + 12_001 === 15_000 ? -1 : index + 12_001)),
      3,
    ]);
  });
});
