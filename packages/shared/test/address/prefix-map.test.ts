import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Int32Map } from '../../src/address/int32-map.ts';
import { PrefixMap } from '../../src/address/prefix-map.ts';

/** Few enough that keys meet again; hosts, other IPv4 prefixes, IPv6 prefixes. */
const key = fc.oneof(
  fc.constantFrom(0, -1, 1, 2 ** 31 - 1, -(2 ** 31)),
  fc.integer({ min: 0x0a00_0000, max: 0x0a00_0040 }),
  fc.constantFrom(2 ** 32 + 0x0a00_0000, 2 ** 37, 2 ** 38 - 1, 2 ** 38, 2 ** 31, 2 ** 32 - 1),
  // The same lower words with other upper ones; lower words with their highest bit set.
  fc
    .tuple(fc.integer({ min: 2, max: 34 }), fc.constantFrom(0, 1, 0x0a00_0000, 0xc633_6400, 0xffff_ffff))
    .map(([upper, lower]) => lower + 2 ** 32 * upper),
  fc.constantFrom('\u0040a', '\u0080b'),
);
const step = fc.record({ op: fc.constantFrom('set', 'set', 'set', 'delete', 'clear'), key, value: fc.nat(3) });

describe('PrefixMap', () => {
  it('has what a Map has, after any changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const map = new PrefixMap<number | string, number>();
        const model = new Map<number | string, number>();
        for (const { op, key: changed, value } of steps) {
          if (op === 'set') {
            map.set(changed, value);
            model.set(changed, value);
          } else if (op === 'delete') expect(map.delete(changed)).toBe(model.delete(changed));
          else {
            map.clear();
            model.clear();
          }
          expect(map.size).toBe(model.size);
          expect(map.get(changed)).toBe(model.get(changed));
          expect(map.has(changed)).toBe(model.has(changed));
        }
        expect(new Map(map)).toEqual(model);
        expect(new Set(map.keys())).toEqual(new Set(model.keys()));
        expect([...map.values()].sort()).toEqual([...model.values()].sort());
        const seen = new Map<number | string, number>();
        map.forEach((value, each) => {
          seen.set(each, value);
        });
        expect(seen).toEqual(model);
      }),
    );
  });
});

describe('Int32Map', () => {
  it('keeps the order in which keys were first set, over growth', () => {
    const map = new Int32Map<string>();
    const keys = Array.from({ length: 5_000 }, (_, index) => Math.imul(index, 0x0100_0193) ^ index);
    for (const each of keys) map.set(each, String(each));
    expect([...map.entries()]).toEqual(keys.map((each) => [each, String(each)]));
  });

  it('shows a loop every key that stays exactly once, whatever the loop sets and deletes', () => {
    const change = fc.record({ at: fc.nat(99), remove: fc.boolean(), key: fc.integer({ min: 0, max: 300 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(change, { maxLength: 120, size: 'max' }),
        (size, changes) => {
          const map = new Int32Map<number>();
          for (let each = 0; each < size; each += 1) map.set(each, each);
          const deleted = new Set<number>();
          const seen: number[] = [];
          for (const [each, value] of map.entries()) {
            expect(map.get(each)).toBe(value);
            for (const { at, remove, key: changed } of changes) {
              if (at !== seen.length) continue;
              if (remove) {
                map.delete(changed);
                deleted.add(changed);
              } else map.set(changed, -changed);
            }
            seen.push(each);
          }
          expect(new Set(seen).size).toBe(seen.length);
          for (let each = 0; each < size; each += 1) if (!deleted.has(each)) expect(seen).toContain(each);
        },
      ),
    );
  });

  it('gives memory back when most is deleted, and works on', () => {
    const map = new Int32Map<number>();
    for (let each = 0; each < 10_000; each += 1) map.set(each, each);
    for (let each = 0; each < 9_990; each += 1) expect(map.delete(each)).toBe(true);
    expect([...map.entries()].map(([each]) => each)).toEqual(Array.from({ length: 10 }, (_, index) => 9_990 + index));
    for (let each = 0; each < 9_990; each += 1) expect(map.has(each)).toBe(false);
    map.set(5, 50);
    expect(map.get(5)).toBe(50);
    expect(map.size).toBe(11);
  });

  it('finds keys that differ in the lower or in the upper bits only', () => {
    const map = new Int32Map<number>();
    const keys = [...Array(256).keys()].flatMap((octet) => [octet, octet << 8, octet << 16, octet << 24]);
    for (const each of keys) map.set(each, each);
    expect(map.size).toBe(new Set(keys).size);
    for (const each of keys) expect(map.get(each)).toBe(each);
  });
});
