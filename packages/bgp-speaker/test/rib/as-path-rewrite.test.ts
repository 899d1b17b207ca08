import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AsPathSegment, asPathContains, asPathLength, formatAsPath } from '../../src/codec/index.ts';
import { type AsPathRewrite, isPrivateAs, rewriteAsPath } from '../../src/rib/as-path-rewrite.ts';

const OURS = 65_000;
const THEIRS = 64_777;
const ENDS = { localAsNumber: OURS, remoteAsNumber: THEIRS };

const sequence = (...asNumbers: readonly number[]): AsPathSegment => ({ type: 'sequence', asNumbers });
const set = (...asNumbers: readonly number[]): AsPathSegment => ({ type: 'set', asNumbers });
const confederation = (...asNumbers: readonly number[]): AsPathSegment => ({ type: 'confed-sequence', asNumbers });

const rewritten = (asPath: readonly AsPathSegment[], rewrite: AsPathRewrite) =>
  formatAsPath(rewriteAsPath(asPath, rewrite, ENDS));

describe('private AS numbers', () => {
  it.each([
    [64_511, false],
    [64_512, true],
    [65_534, true],
    [65_535, false],
    [4_199_999_999, false],
    [4_200_000_000, true],
    [4_294_967_294, true],
    [4_294_967_295, false],
  ])('%i: %s (RFC 6996, RFC 7300)', (asNumber, isPrivate) => {
    expect(isPrivateAs(asNumber)).toBe(isPrivate);
  });

  it.each([
    ['all', [sequence(3356, 64_512, 4_200_000_000, 1299)], '3356 1299'],
    ['all', [sequence(64_512), set(64_513, 3356), sequence(64_514, 1299)], '{3356} 1299'],
    ['all', [sequence(3356), set(64_512), sequence(1299)], '3356 1299'],
    ['all', [sequence(64_512, THEIRS)], `${THEIRS}`],
    ['all', [sequence(64_512, 64_513)], `${OURS}`],
    ['all', [], ''],
    ['all', [confederation(64_512), sequence(64_513, 3356)], '(64512) 3356'],
    ['all', [confederation(64_512), sequence(64_513)], `(64512) ${OURS}`],
    ['only', [sequence(64_512, 3356)], '64512 3356'],
    ['only', [sequence(64_512, 64_513)], `${OURS}`],
    ['only', [sequence(64_512, THEIRS, 64_513)], `${THEIRS}`],
    ['only', [confederation(3356), sequence(64_512)], `(3356) ${OURS}`],
    ['replace', [sequence(64_512, 3356, THEIRS, 64_513)], `${OURS} 3356 ${THEIRS} ${OURS}`],
    ['replace', [set(64_512, 64_513)], `{${OURS}}`],
  ] as const)('%s: %j becomes %s', (removePrivateAs, asPath, text) => {
    expect(rewritten(asPath, { removePrivateAs })).toBe(text);
  });
});

describe('the router’s own AS number', () => {
  it.each([
    [[sequence(3356, THEIRS, 1299, THEIRS)], `3356 ${OURS} 1299 ${OURS}`],
    [[set(THEIRS, OURS)], `{${OURS}}`],
    [[confederation(THEIRS), sequence(THEIRS)], `(${THEIRS}) ${OURS}`],
    [[sequence(3356)], '3356'],
  ] as const)('%j becomes %s', (asPath, text) => {
    expect(rewritten(asPath, { asOverride: true })).toBe(text);
  });

  it('is replaced after private ones are gone', () => {
    expect(rewritten([sequence(64_512, THEIRS)], { removePrivateAs: 'all', asOverride: true })).toBe(`${OURS}`);
  });
});

describe('whatever the path', () => {
  const asNumber = fc.constantFrom(3356, 1299, 64_512, 64_600, 4_200_000_001, THEIRS, OURS);
  const segment = fc.record<AsPathSegment>({
    type: fc.constantFrom('sequence', 'set', 'confed-sequence', 'confed-set'),
    asNumbers: fc.array(asNumber, { minLength: 1, maxLength: 4 }),
  });
  const path = fc.array(segment, { maxLength: 4 });
  const rewrite = fc.record<AsPathRewrite>(
    { removePrivateAs: fc.constantFrom('only', 'all', 'replace'), asOverride: fc.boolean() },
    { requiredKeys: [] },
  );
  const confederationOf = (segments: readonly AsPathSegment[]) =>
    segments.filter(({ type }) => type.startsWith('confed')).flatMap(({ asNumbers }) => asNumbers);
  const rest = (segments: readonly AsPathSegment[]) => segments.filter(({ type }) => !type.startsWith('confed'));

  it('keeps confederations, public AS numbers and their order, and never empties it or makes it longer', () => {
    fc.assert(
      fc.property(path, rewrite, (asPath, how) => {
        const after = rewriteAsPath(asPath, how, ENDS);
        expect(confederationOf(after)).toEqual(confederationOf(asPath));
        expect(asPathLength(after)).toBeLessThanOrEqual(asPathLength(asPath));
        expect(asPathLength(after) === 0).toBe(asPathLength(asPath) === 0);
        const publicOf = (segments: readonly AsPathSegment[]) =>
          rest(segments)
            .filter(({ type }) => type === 'sequence')
            .flatMap(({ asNumbers }) => asNumbers.filter((each) => !isPrivateAs(each)));
        expect(publicOf(after)).toEqual(publicOf(asPath));
        if (how.asOverride === true) expect(asPathContains(rest(after), THEIRS)).toBe(false);
        else expect(asPathContains(rest(after), THEIRS)).toBe(asPathContains(rest(asPath), THEIRS));
        if (how.removePrivateAs === 'all' || how.removePrivateAs === 'replace') {
          const left = rest(after).flatMap(({ asNumbers }) => asNumbers.filter(isPrivateAs));
          expect(left.filter((each) => each !== THEIRS && each !== OURS)).toEqual([]);
        }
      }),
    );
  });
});
