import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNames, nameList } from '../src/reach/name-list.ts';

const EVERYBODY = [
  ...Array.from({ length: 9 }, (_, index) => `shop/web-${index + 1}`),
  ...Array.from({ length: 4 }, (_, index) => `lab/x-${index + 1}`),
];
const shop = EVERYBODY.filter((name) => name.startsWith('shop/'));

describe('nameList', () => {
  it('shortens to tenants where that says the same', () => {
    expect(nameList(shop, EVERYBODY)).toBe('shop/*');
    expect(nameList([...shop, 'internet'], EVERYBODY)).toBe('shop/*, internet');
    expect(nameList(shop.slice(1), EVERYBODY)).toBe('shop/* (but web-1)');
    expect(nameList(shop.slice(1), EVERYBODY, 'shop/web-1')).toBe('shop/*');
    expect(nameList(shop.slice(0, 3), EVERYBODY)).toBe('shop/web-1, shop/web-2, shop/web-3');
    expect(nameList(shop.slice(0, 4), EVERYBODY)).toBe('shop/web-{1..4}');
    expect(nameList([...shop.slice(0, 2), ...shop.slice(4)], EVERYBODY)).toBe(
      'shop/web-1, shop/web-2, shop/web-{5..9}',
    );
    expect(
      nameList(
        ['t/a', 't/a08', 't/a09', 't/a10', 't/b1', 't/b2'],
        ['t/a', 't/a08', 't/a09', 't/a10', 't/b1', 't/b2', 't/c', 't/d'],
      ),
    ).toBe('t/a, t/a08, t/a09, t/a10, t/b1, t/b2');
    expect(nameList(['10.0.0.0/8', 'internet', '192.0.2.0/24', '::/0'], EVERYBODY)).toBe(
      '10.0.0.0/8, internet, 192.0.2.0/24, ::/0',
    );
  });

  it('says the same as the names, in no more letters', () => {
    fc.assert(
      fc.property(fc.subarray(EVERYBODY, { minLength: 1 }), fc.option(fc.constantFrom(...EVERYBODY)), (names, end) => {
        const self = end !== null && !names.includes(end) ? end : undefined;
        const text = nameList(names, EVERYBODY, self);
        expect(text.length).toBeLessThanOrEqual(names.join(', ').length);
        expect(readNames(text).filter((name) => name !== self)).toEqual(names.toSorted(compareNames));
      }),
      { numRuns: 500 },
    );
  });
});

function readNames(text: string): readonly string[] {
  return [...text.matchAll(/([a-z]+)\/(?:\*(?: \(but ([^)]*)\))?|([a-z]+-[\d{}.]+))/g)]
    .flatMap(([, namespace, but, single]) => {
      if (single !== undefined) return expand(`${namespace}/${single}`);
      const missing = new Set(but?.split(', ').flatMap((name) => expand(`${namespace}/${name}`)));
      return EVERYBODY.filter((name) => name.startsWith(`${namespace}/`) && !missing.has(name));
    })
    .toSorted(compareNames);
}

function expand(text: string): readonly string[] {
  const [, stem = '', first, last] = /^(.*)\{(\d+)\.\.(\d+)\}$/.exec(text) ?? [];
  if (first === undefined) return [text];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${stem}${Number(first) + index}`);
}
