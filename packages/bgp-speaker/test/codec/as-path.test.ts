import { describe, expect, it } from 'vitest';
import { encodeAsPath, mergeAs4Path } from '../../src/codec/attributes/as-path.ts';
import { encodeAttributes } from '../../src/codec/attributes/attribute-encoder.ts';
import {
  type AsPathSegment,
  asPathContains,
  asPathLength,
  firstAs,
  formatAsPath,
  prependAs,
} from '../../src/codec/index.ts';
import { readUpdate, sessionContext, toHex } from './message-fixtures.ts';

const sequence = (...asNumbers: number[]): AsPathSegment => ({ type: 'sequence', asNumbers });
const set = (...asNumbers: number[]): AsPathSegment => ({ type: 'set', asNumbers });
const confed = (...asNumbers: number[]): AsPathSegment => ({ type: 'confed-sequence', asNumbers });
const OLD = sessionContext({ fourOctetAs: false });
const ROUTE = { nlri: '200a000001' };

describe('AS_PATH', () => {
  it('counts as RFC 4271 9.1.2.2 and RFC 5065 5.3 say', () => {
    expect(asPathLength([confed(1, 2), sequence(3, 4), set(5, 6, 7)])).toBe(3);
    expect(asPathLength([])).toBe(0);
  });

  it('is written for people with brackets for what is no sequence', () => {
    const path: AsPathSegment[] = [confed(1, 2), { type: 'confed-set', asNumbers: [3] }, sequence(4, 5), set(6, 7)];
    expect(formatAsPath(path)).toBe('(1 2) [3] 4 5 {6,7}');
    expect(formatAsPath([])).toBe('');
  });

  it('takes a prepended AS into the first sequence, or makes one', () => {
    expect(prependAs([sequence(2)], 1, 2)).toEqual([sequence(1, 1, 2)]);
    expect(prependAs([set(2)], 1)).toEqual([sequence(1), set(2)]);
    expect(prependAs([], 1)).toEqual([sequence(1)]);
  });

  it('knows its members and its nearest AS', () => {
    expect(asPathContains([sequence(1), set(2)], 2)).toBe(true);
    expect(asPathContains([sequence(1)], 2)).toBe(false);
    expect(firstAs([sequence(7, 8)])).toBe(7);
    expect(firstAs([set(7)])).toBeUndefined();
  });

  it('splits a sequence of over 255 and joins it again', () => {
    const path = [sequence(...Array.from({ length: 600 }, (_, index) => index + 1))];
    const value = encodeAsPath(path, 4);
    expect([value[1], value[2 + 1020 + 1], value[2 * 1022 + 1]]).toEqual([255, 255, 90]);
    const octets = encodeAttributes(
      { attributes: { origin: 'igp', asPath: path }, nextHop: '10.0.0.2' },
      sessionContext(),
    );
    expect(readUpdate({ attributes: toHex(octets), ...ROUTE }).attributes.asPath).toEqual(path);
  });

  it.each([
    ['unknown segment type', '40020605010000fde9', 'segment type 5'],
    ['segment beyond the attribute', '40020602020000fde9', 'ends after'],
    ['segment head cut off', '40020702010000fde902', 'ends after'],
    ['empty segment', '4002020200', 'empty'],
    ['AS 0 (RFC 7607)', '400206020100000000', 'AS 0'],
    ['AS_SET (RFC 9774)', '40020601010000fde9', 'AS_SET'],
    ['confederation segment (RFC 5065)', '40020603010000fde9', 'confederation'],
    ['AS_CONFED_SET', '40020604010000fde9', 'confederation'],
  ])('is treated as withdraw with %s', (_name, attribute, reason) => {
    const read = readUpdate({ attributes: `40010100 4003040a000002 ${attribute}`, ...ROUTE });
    expect(read).toMatchObject({ action: 'treat-as-withdraw', reachable: [], errors: [{ attribute: 'AS_PATH' }] });
    expect(read.errors[0]?.reason).toContain(reason);
    expect(read.errors[0]?.notification).toMatchObject({ code: 3, subcode: 11 });
  });
});

describe('a session without 4-octet AS numbers (RFC 6793)', () => {
  const BIG = 4_200_000_001;

  it('sends AS_TRANS and the real numbers in AS4_PATH and AS4_AGGREGATOR', () => {
    const attributes = {
      origin: 'igp',
      asPath: [sequence(65_001, BIG)],
      aggregator: { asNumber: BIG, routerId: '192.0.2.1' },
    } as const;
    const octets = encodeAttributes({ attributes, nextHop: '10.0.0.2' }, OLD);
    const expected =
      '4001010040020602 02fde95ba0 4003040a000002 c00706 5ba0c0000201 c0110a 0202 0000fde9 fa56ea01 c01208 fa56ea01 c0000201';
    expect(toHex(octets)).toBe(expected.replaceAll(' ', ''));
    expect(readUpdate({ attributes: toHex(octets), ...ROUTE }, OLD).attributes).toEqual(attributes);
  });

  it('sends neither if two octets say it all', () => {
    const octets = encodeAttributes({ attributes: { origin: 'igp', asPath: [sequence(1, 2)] } }, OLD);
    expect(toHex(octets)).toBe('4001010040020602 0200010002'.replaceAll(' ', ''));
  });

  it.each([
    ['as many as AS_PATH', [sequence(1, 23_456)], [sequence(1, BIG)], [sequence(1, BIG)]],
    ['fewer: what is ahead comes from AS_PATH', [sequence(9, 1, 23_456)], [sequence(1, BIG)], [sequence(9, 1, BIG)]],
    ['more: AS4_PATH is stale', [sequence(1)], [sequence(1, BIG)], [sequence(1)]],
    ['a set counts one', [sequence(9), set(1, 2)], [sequence(BIG)], [sequence(9, BIG)]],
    [
      'a confederation segment ahead of equal paths',
      [confed(8), sequence(1)],
      [sequence(BIG)],
      [confed(8), sequence(BIG)],
    ],
    ['no AS4_PATH left', [sequence(1)], [], [sequence(1)]],
    [
      'confederation segments of AS_PATH stay',
      [confed(8), sequence(9, 1)],
      [sequence(BIG)],
      [confed(8), sequence(9, BIG)],
    ],
  ])('merges: %s', (_name, asPath, as4Path, merged) => {
    expect(mergeAs4Path(asPath, as4Path)).toEqual(merged);
  });

  it('ignores both if AGGREGATOR has a real AS number: a speaker on the way knew neither', () => {
    const read = readUpdate(
      {
        attributes:
          '40010100 40020602025ba0fde9 4003040a000002 c00706 fde9c0000201 c0110a0202fa56ea010000fde9 c01208fa56ea01c0000202',
        ...ROUTE,
      },
      OLD,
    );
    expect(read.attributes.asPath).toEqual([sequence(23_456, 65_001)]);
    expect(read.attributes.aggregator).toEqual({ asNumber: 65_001, routerId: '192.0.2.1' });
  });

  it.each([
    ['malformed AS4_PATH', 'c0110602020000fde9', OLD],
    ['AS4_PATH with AS 0', 'c01106020100000000', OLD],
    ['AS4_AGGREGATOR of wrong length', 'c0120600010000fde9', OLD],
    ['AS4_AGGREGATOR of AS 0', 'c0120800000000c0000201', OLD],
  ])('discards a %s', (_name, attribute, context) => {
    const read = readUpdate({ attributes: `40010100 4002040201fde9 4003040a000002 ${attribute}`, ...ROUTE }, context);
    expect(read.action).toBe('attribute-discard');
    expect(read.reachable).toHaveLength(1);
    expect(read.attributes.asPath).toEqual([sequence(65_001)]);
  });

  it('discards AS4_PATH from a peer that needs none', () => {
    const read = readUpdate({ attributes: '40010100 40020602010000fde9 4003040a000002 c011060201fa56ea01', ...ROUTE });
    expect(read).toMatchObject({ action: 'attribute-discard', attributes: { asPath: [sequence(65_001)] } });
  });
});
