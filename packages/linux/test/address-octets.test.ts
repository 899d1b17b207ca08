import { ipAddressToBytes, tryParseIpAddress } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOctets, addressText, macOctets, macText, prefixOctets } from '../src/netlink/address-octets.ts';
import { anyAddress } from './arbitrary-addresses.ts';

describe('addresses as octets', () => {
  test('text and back', () => {
    fc.assert(
      fc.property(anyAddress, (text) => {
        const octets = addressOctets(text) ?? new Uint8Array();
        expect(addressText(octets, 0, octets.length)).toBe(text);
        expect(prefixOctets(text)).toEqual({ octets, length: octets.length * 8 });
      }),
    );
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1..3.4',
    '1.2.3.',
    '.2.3.4',
    '1.2.3.4 ',
    'x',
    '::x',
    '1.2.3.-4',
  ])('"%s" is no address', (text) => {
    expect(addressOctets(text)).toBeUndefined();
  });

  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/01', '::/129', '/8', '10.0.0.0/-1', '10.0.0.0/8/8'])(
    '"%s" is no prefix',
    (text) => {
      expect(prefixOctets(text)).toBeUndefined();
    },
  );

  test('reads exactly what the one of shared reads', () => {
    const pieces = fc.constantFrom('0', '1', 'ff', '2001', 'ABCD', '12345', ':', '::', '.', '1.2.3.4', 'g', ' ', '');
    const texts = fc.oneof(
      anyAddress,
      fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, fc.nat(), fc.constantFrom(':', '.', '0', ''), (text, at, change) => {
        const cut = at % (text.length + 1);
        for (const candidate of [text, text.slice(0, cut) + change + text.slice(cut + 1)]) {
          const address = tryParseIpAddress(candidate);
          const octets = address === undefined ? undefined : ipAddressToBytes(address);
          expect(addressOctets(candidate), candidate).toEqual(octets);
          expect(addressOctets(`${candidate}/64`, candidate.length), candidate).toEqual(octets);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test('other lengths are no address, and no MAC address', () => {
    expect(addressText(new Uint8Array(20), 0, 5)).toBeUndefined();
    expect(macText(new Uint8Array(20), 0, 20)).toBeUndefined();
    expect(macOctets('52:54:00:00:00')).toBeUndefined();
  });
});
