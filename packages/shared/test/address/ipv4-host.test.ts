import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tryParseIpPrefix } from '../../src/address/ip-prefix.ts';
import { ipv4HostNumber, ipv4HostText } from '../../src/address/ipv4-host.ts';

const octet = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '00', '01', '1e1', '-1', ' 1', 'a'));
const nearly = fc
  .tuple(fc.array(octet, { minLength: 3, maxLength: 5 }), fc.constantFrom('/32', '/32', '/31', '', '/032', '/3'))
  .map(([octets, length]) => octets.join('.') + length);

describe('ipv4HostNumber', () => {
  it('reads what the parser of all prefixes reads as a host prefix of IPv4, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.constantFrom('::/32', '::1.2.3.4/32', '/32')), (text) => {
        const prefix = text.endsWith('/32') ? tryParseIpPrefix(text) : undefined;
        expect(ipv4HostNumber(text)).toBe(prefix?.family === 4 ? Number(prefix.value) | 0 : undefined);
      }),
    );
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (address) => {
        expect(ipv4HostNumber(ipv4HostText(address))).toBe(address);
      }),
    );
    expect(ipv4HostText(-1)).toBe('255.255.255.255/32');
    expect(ipv4HostNumber('10.0.0.1/32')).toBe(0x0a00_0001);
  });
});
