import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readControlMessages } from '../../src/udp/control-message.ts';
import { decodeSocketAddress, encodeSocketAddress } from '../../src/udp/socket-address.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('readControlMessages', () => {
  it('reads what a kernel said about an IPv4 datagram', () => {
    const recorded = octets(
      '1c00000000000000 00000000 08000000 01000000 7f000001 7f000001 00000000 1400000000000000 00000000 02000000 40000000 00000000',
    );
    expect(readControlMessages(recorded)).toEqual({ interfaceIndex: 1, localAddress: '127.0.0.1', hopLimit: 64 });
  });

  it('reads IPv6 facts and passes over what it does not know', () => {
    const unknown = '1400000000000000 01000000 1d000000 ffffffff 00000000';
    const hopLimit = '1400000000000000 29000000 34000000 ff000000 00000000';
    const destination = '2400000000000000 29000000 32000000 20010db8000000000000000000000001 07000000 00000000';
    expect(readControlMessages(octets(unknown + hopLimit + destination))).toEqual({
      hopLimit: 255,
      localAddress: '2001:db8::1',
      interfaceIndex: 7,
    });
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { hopLimit } = readControlMessages(bytes);
        expect(hopLimit === undefined || Number.isInteger(hopLimit)).toBe(true);
      }),
    );
    // A length below the header's would never advance.
    expect(readControlMessages(octets('0000000000000000 00000000 02000000 40000000'))).toEqual({});
  });
});

describe('socket addresses', () => {
  it.each([
    [{ address: '192.0.2.1', port: 3784, scope: 0 }, '0200 0ec8 c0000201 0000000000000000'],
    [{ address: 'fe80::1', port: 3784, scope: 3 }, '0a00 0ec8 00000000 fe800000000000000000000000000001 03000000'],
  ])('are what the kernel reads: %j', (address, hex) => {
    expect(encodeSocketAddress(address)).toEqual(octets(hex));
    expect(decodeSocketAddress(octets(hex))).toEqual(address);
  });

  it('are refused when cut off or of another family', () => {
    expect(decodeSocketAddress(octets('0a00 0ec8 00000000 fe80000000000000'))).toBeUndefined();
    expect(decodeSocketAddress(octets('0200 0ec8'))).toBeUndefined();
    expect(decodeSocketAddress(octets('1000 0000 00000000 0000000000000000'))).toBeUndefined();
  });
});
