import { tryAsPathPattern } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AsPathSegment } from '../../src/codec/index.ts';
import { asPathMatchesPattern } from '../../src/rib/as-path-matcher.ts';

const sequence = (...asNumbers: readonly number[]): readonly AsPathSegment[] =>
  asNumbers.length === 0 ? [] : [{ type: 'sequence', asNumbers }];

function matches(pattern: string, path: readonly AsPathSegment[]): boolean {
  const outcome = tryAsPathPattern(pattern);
  if ('problem' in outcome) throw new Error(outcome.problem);
  return asPathMatchesPattern(path, outcome.pattern);
}

describe('AS path pattern', () => {
  it.each([
    ['', [], true],
    ['', [1], false],
    ['.', [1], true],
    ['.', [], false],
    ['.*', [], true],
    ['65001', [65_001], true],
    ['65001', [65_001, 65_002], false],
    ['65001 .*', [65_001, 65_002], true],
    ['.* 65002', [65_001, 65_002], true],
    ['1 2?3', [1, 3], true],
    ['1 2+ 3', [1, 3], false],
    ['1 2+ 3', [1, 2, 2, 3], true],
    ['64512 - 65534', [65_001], true],
    ['64512-65534', [65_535], false],
    ['.* (1|2 3) .*', [9, 2, 3, 9], true],
    ['.* (1|2 3) .*', [9, 2, 9, 3], false],
    ['(1|) 2', [2], true],
    ['(.*)* 7', [1, 2, 3, 4, 5, 6, 7], true],
    ['12', [1, 2], false],
  ])('"%s" on %j: %s', (pattern, path, expected) => {
    expect(matches(pattern, sequence(...path))).toBe(expected);
  });

  it('takes a set for one AS, any of its members, and no notice of confederations', () => {
    const path: readonly AsPathSegment[] = [
      { type: 'confed-sequence', asNumbers: [64_512] },
      { type: 'sequence', asNumbers: [1] },
      { type: 'set', asNumbers: [2, 3] },
    ];
    expect(matches('1 3', path)).toBe(true);
    expect(matches('1 2 3', path)).toBe(false);
  });

  it.each([
    ['1 )', 'has a ")" without a "("'],
    ['(1', 'has a "(" without a ")"'],
    ['* 1', 'has "*" where an AS number, a range, "." or "(" belongs'],
    ['^1', 'has "^" where an AS number, a range, "." or "(" belongs'],
    ['4294967296', 'has "4294967296", which is no AS number or range of them'],
    ['9-1', 'has "9-1", which is no AS number or range of them'],
    [`${'('.repeat(30)}1`, 'has more than 20 parentheses within each other'],
  ])('"%s" cannot be read', (text, problem) => {
    expect(tryAsPathPattern(text)).toEqual({ problem });
  });

  it('does what a regular expression over words does', () => {
    const leaf = fc.constantFrom('1', '2', '.');
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `${left} ${right}`),
        fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `(${left}|${right})`),
        fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?')).map(([inner, sign]) => `(${inner})${sign}`),
      ),
    }));
    fc.assert(
      fc.property(pattern, fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 }), (text, path) => {
        const source = text.replaceAll(' ', '').replaceAll('.', '[123]');
        const expected = new RegExp(`^(?:${source})$`).test(path.join(''));
        expect(matches(text, sequence(...path))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('needs no time for what would take a backtracking matcher for ever', () => {
    const path = sequence(...new Array<number>(200).fill(1));
    expect(matches(`${'(1*)*'.repeat(10)} 2`, path)).toBe(false);
  });
});
