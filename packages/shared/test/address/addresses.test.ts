import fc from 'fast-check';
import { IPv4, IPv4CidrRange, IPv6, IPv6CidrRange } from 'ip-num';
import { describe, expect, test } from 'vitest';
import {
  formatIpAddress,
  formatIpPrefix,
  hostPrefix,
  type IpAddress,
  ipAddressFromBytes,
  ipAddressToBytes,
  isRoutableUnicast,
  lastAddress,
  makeIpPrefix,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  tryParseIpAddress,
  tryParseIpPrefix,
  tryParseMacAddress,
} from '../../src/index.ts';

const ipv4 = fc.integer({ min: 0, max: 0xffff_ffff }).map((value): IpAddress => ({ family: 4, value: BigInt(value) }));
/** Half of them with runs of zeros, where shortening gets interesting. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map(
    (groups): IpAddress => ({ family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) }),
  );
const address = fc.oneof(ipv4, ipv6);

describe('addresses', () => {
  test('parse(format(x)) = x, for text and for octets', () => {
    fc.assert(
      fc.property(address, (x) => {
        expect(parseIpAddress(formatIpAddress(x))).toEqual(x);
        expect(ipAddressFromBytes(ipAddressToBytes(x))).toEqual(x);
      }),
      { numRuns: 1_000 },
    );
  });

  test('ip-num reads our text as the same number', () => {
    fc.assert(
      fc.property(address, (x) => {
        const text = formatIpAddress(x);
        const judged = x.family === 4 ? IPv4.fromString(text) : IPv6.fromString(text);
        expect(judged.getValue()).toBe(x.value);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // RFC 5952 4.2.3: the first of two equal runs
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // 4.2.2: a single group is not shortened
    ['2001:0db8:0000:0000:0000:0000:0002:0001', '2001:db8::2:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['192.0.2.255', '192.0.2.255'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatIpAddress(parseIpAddress(text))).toBe(canonical);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1..2.3',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::1.2.3',
    '1:2:3:4:5:6:7::8:9',
    '::ffff:192.0.2.01',
  ])('%j is no address', (text) => {
    expect(tryParseIpAddress(text)).toBeUndefined();
    expect(() => parseIpAddress(text)).toThrow(expect.objectContaining({ code: 'address.invalid' }));
  });
});

describe('prefixes', () => {
  const prefix = fc.tuple(address, fc.nat()).map(([x, seed]) => makeIpPrefix(x, seed % (x.family === 4 ? 33 : 129)));

  test('parse(format(x)) = x, and ip-num agrees on first and last address', () => {
    fc.assert(
      fc.property(prefix, (x) => {
        const text = formatIpPrefix(x);
        expect(parseIpPrefix(text)).toEqual(x);
        const judged = x.family === 4 ? IPv4CidrRange.fromCidr(text) : IPv6CidrRange.fromCidr(text);
        expect(judged.getFirst().getValue()).toBe(x.value);
        expect(judged.getLast().getValue()).toBe(lastAddress(x));
      }),
      { numRuns: 500 },
    );
  });

  test('contains exactly what lies between its first and last address', () => {
    fc.assert(
      fc.property(prefix, address, (x, inner) => {
        const expected = inner.family === x.family && inner.value >= x.value && inner.value <= lastAddress(x);
        expect(prefixContains(x, inner)).toBe(expected);
        expect(prefixContains(x, hostPrefix(inner))).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a wider prefix is never inside a narrower one', () => {
    expect(prefixContains(parseIpPrefix('10.0.0.0/16'), parseIpPrefix('10.0.0.0/8'))).toBe(false);
    expect(prefixContains(parseIpPrefix('10.0.0.0/8'), parseIpPrefix('10.0.0.0/16'))).toBe(true);
  });

  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatIpPrefix(parseIpPrefix(text))).toBe(canonical);
  });

  test.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8', '/8', '10.0.0/8'])(
    '%j is no prefix',
    (text) => {
      expect(tryParseIpPrefix(text)).toBeUndefined();
      expect(() => parseIpPrefix(text)).toThrow(expect.objectContaining({ code: 'prefix.invalid' }));
    },
  );
});

test.each([
  ['0.0.0.1', false],
  ['1.0.0.0', true],
  ['126.255.255.255', true],
  ['127.0.0.1', false],
  ['128.0.0.0', true],
  ['169.253.255.255', true],
  ['169.254.0.1', false],
  ['169.255.0.0', true],
  ['223.255.255.255', true],
  ['224.0.0.0', false],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', false],
  ['::2', true],
  ['fe7f::1', true],
  ['fe80::1', false],
  ['febf::1', false],
  ['fec0::1', true],
  ['feff::1', true],
  ['ff00::', false],
  ['2001:db8::1', true],
])('%s can be routed to: %s', (text, expected) => {
  expect(isRoutableUnicast(parseIpAddress(text))).toBe(expected);
});

test.each([
  ['52-54-00-AB-cd-01', '52:54:00:ab:cd:01'],
  ['52:54:00:00:00:01', '52:54:00:00:00:01'],
  ['5254.0000.0001', undefined],
  ['52:54:00:00:00', undefined],
  ['52:54:00:00:00:0g', undefined],
])('MAC %s reads as %s', (text, expected) => {
  expect(tryParseMacAddress(text)).toBe(expected);
});
