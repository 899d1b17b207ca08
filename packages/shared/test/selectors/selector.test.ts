import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bgpPeerSchema, formatSelector, matchesSelector, parseSelector, type Selector } from '../../src/index.ts';

const label = fc.constantFrom('rack', 'role', 'in', 'not', 'has', 'all', 'example.org/zone', 'a_b-c.d');
const value = fc.constantFrom('a', 'b', '', 'x y', "it's", '"', '&&', 'ü');
const labels = fc.dictionary(label, value, { noNullPrototype: true });

/** Selectors as the parser makes them: no `and` directly in an `and`, no `or` in an `or`. */
const { selector } = fc.letrec<{ selector: Selector; leaf: Selector; and: Selector; or: Selector; not: Selector }>(
  (tie) => ({
    leaf: fc.oneof(
      fc.constant<Selector>({ type: 'all' }),
      fc.record({ type: fc.constant('has' as const), label }),
      fc.record({ type: fc.constant('equals' as const), label, value }),
      fc.record({ type: fc.constant('in' as const), label, values: fc.array(value, { minLength: 1, maxLength: 3 }) }),
    ),
    not: fc.record({ type: fc.constant('not' as const), operand: tie('selector') }),
    and: fc.record({
      type: fc.constant('and' as const),
      operands: fc.array(fc.oneof(tie('leaf'), tie('not'), tie('or')), { minLength: 2, maxLength: 3 }),
    }),
    or: fc.record({
      type: fc.constant('or' as const),
      operands: fc.array(fc.oneof(tie('leaf'), tie('not'), tie('and')), { minLength: 2, maxLength: 3 }),
    }),
    selector: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('not'), tie('and'), tie('or')),
  }),
);

describe('language', () => {
  test.each([
    ['rack == "a"', { rack: 'a' }, true],
    ["rack == 'a'", { rack: 'b' }, false],
    ['rack == "a"', {}, false],
    ['rack != "a"', {}, true],
    ['rack != "a"', { rack: 'a' }, false],
    ['rack in {"a", "b"}', { rack: 'b' }, true],
    ['rack in {"a"}', {}, false],
    ['rack not in {"a","b"}', { rack: 'c' }, true],
    ['rack not in {"a"}', {}, true],
    ['has(rack)', { rack: '' }, true],
    ['!has(rack)', { rack: '' }, false],
    ['all()', {}, true],
    ['!all()', {}, false],
    ['has(a) || has(b) && has(c)', { a: '' }, true],
    ['(has(a) || has(b)) && has(c)', { a: '' }, false],
    ['!(rack == "a" || rack == "b")', { rack: 'c' }, true],
    ['!!has(a)', { a: '' }, true],
    ['has(toString)', {}, false],
    ['constructor != "x"', {}, true],
  ])('%s on %j is %s', (text, resourceLabels, expected) => {
    expect(matchesSelector(parseSelector(text), resourceLabels)).toBe(expected);
  });

  test.each([
    ['', 1, 'selector is empty; write all() for every resource (column 1)'],
    ['rack = "a"', 6, 'selector cannot have = here; write == (column 6)'],
    ['rack == a', 9, 'selector has "a" where a value in quotes belongs; write "a" (column 9)'],
    ['rack == "a', 9, 'selector has a quote " that is never closed (column 9)'],
    ['rack', 5, 'selector has its end after label rack, where ==, !=, in or not in belongs (column 5)'],
    ['rack in "a"', 9, 'selector has the value "a" where "{" belongs (column 9)'],
    ['rack in {}', 10, 'selector has "}" where a value in quotes belongs (column 10)'],
    ['has(rack) & has(b)', 11, 'selector cannot have & here; write && (column 11)'],
    ['has(rack) has(b)', 11, 'selector has "has" where &&, || or the end belongs (column 11)'],
    ['(has(rack)', 11, 'selector has its end where ")" belongs (column 11)'],
    ['any()', 1, 'selector calls any(…); there are has(LABEL) and all() (column 1)'],
    ['rack not "a"', 10, 'selector has the value "a" where "in" belongs (column 10)'],
    ['  && has(a)', 3, 'selector has "&&" where a label, has(…), all() or ! belongs (column 3)'],
  ])('%j is refused at column %i', (text, column, message) => {
    expect(() => parseSelector(text)).toThrow(
      expect.objectContaining({ code: 'selector.invalid', message, details: { column } }),
    );
  });

  test('nesting is bounded', () => {
    expect(() => parseSelector(`${'('.repeat(10_000)}all()`)).toThrow(/nests deeper than 64/);
    expect(() => parseSelector(`${'!'.repeat(10_000)}all()`)).toThrow(/nests deeper than 64/);
  });
});

describe('properties', () => {
  test('parse(format(x)) = x', () => {
    fc.assert(
      fc.property(selector, (x) => {
        expect(parseSelector(formatSelector(x))).toEqual(x);
      }),
      { numRuns: 500 },
    );
  });

  test('negation negates; and, or are every, some', () => {
    fc.assert(
      fc.property(selector, selector, labels, (left, right, on) => {
        const [a, b] = [matchesSelector(left, on), matchesSelector(right, on)];
        expect(matchesSelector({ type: 'not', operand: left }, on)).toBe(!a);
        const [leftText, rightText] = [formatSelector(left), formatSelector(right)];
        expect(matchesSelector(parseSelector(`(${leftText}) && (${rightText})`), on)).toBe(a && b);
        expect(matchesSelector(parseSelector(`(${leftText}) || (${rightText})`), on)).toBe(a || b);
      }),
      { numRuns: 500 },
    );
  });

  test('any text either parses or is refused with a column inside it', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('a', '"', ' ', '!', '&', '|', '(', ')', '=', 'in', '{', '}', ',') }),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          parseSelector(input);
        } catch (error) {
          expect(error).toMatchObject({ code: 'selector.invalid' });
          const { column } = (error as { details: { column: number } }).details;
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(input.length + 1);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test('BGPPeer normalises its selector and reports the column', () => {
  const peer = (hosts: string) => ({
    apiVersion: 'slash32.dev/v1',
    kind: 'BGPPeer',
    metadata: { name: 'tor-a' },
    spec: { hosts, address: '192.0.2.1', asNumber: 64901 },
  });
  expect(bgpPeerSchema.parse(peer("rack=='a'")).spec.hosts).toBe('rack == "a"');
  expect(bgpPeerSchema.safeParse(peer('rack == a')).error?.issues).toMatchObject([
    { path: ['spec', 'hosts'], message: expect.stringContaining('column 9') },
  ]);
});
