import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BFD_STATES,
  type BfdPacket,
  decodeBfdPacket,
  encodeBfdPacket,
  formatDiagnostic,
} from '../../src/bfd/bfd-packet.ts';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

const anyPacket: fc.Arbitrary<BfdPacket> = fc
  .record({
    diagnostic: fc.integer({ min: 0, max: 31 }),
    state: fc.constantFrom(...BFD_STATES),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    demand: fc.boolean(),
    detectMultiplier: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
    yourDiscriminator: uint32,
    desiredMinTxIntervalUs: uint32,
    requiredMinRxIntervalUs: uint32,
    requiredMinEchoRxIntervalUs: uint32,
  })
  .filter(({ state, yourDiscriminator }) => yourDiscriminator !== 0 || state === 'Down' || state === 'AdminDown');

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** Up, poll, multiplier 3, 100 ms both ways; laid out by hand from RFC 5880 4.1. */
const POLL = '20 e0 03 18 00000011 00000022 000186a0 000186a0 00000000';

function withOctet(index: number, value: number): Uint8Array {
  const changed = octets(POLL);
  changed[index] = value;
  return changed;
}

describe('BFD control packets', () => {
  it('are read as RFC 5880 4.1 lays them out', () => {
    const packet: BfdPacket = {
      diagnostic: 0,
      state: 'Up',
      poll: true,
      final: false,
      controlPlaneIndependent: false,
      demand: false,
      detectMultiplier: 3,
      myDiscriminator: 0x11,
      yourDiscriminator: 0x22,
      desiredMinTxIntervalUs: 100_000,
      requiredMinRxIntervalUs: 100_000,
      requiredMinEchoRxIntervalUs: 0,
    };
    expect(decodeBfdPacket(octets(POLL))).toEqual({ ok: true, packet });
    expect(encodeBfdPacket(packet)).toEqual(octets(POLL));
  });

  it('have their flags where the RFC has them', () => {
    const flags = (octet: number) => {
      const decoding = decodeBfdPacket(withOctet(1, octet));
      return decoding.ok ? decoding.packet : undefined;
    };
    expect(flags(0x50)).toMatchObject({ state: 'Down', poll: false, final: true });
    expect(flags(0x88)).toMatchObject({ state: 'Init', controlPlaneIndependent: true, demand: false });
    expect(flags(0x02)).toMatchObject({ state: 'AdminDown', controlPlaneIndependent: false, demand: true });
  });

  it('survive the round trip', () => {
    fc.assert(
      fc.property(anyPacket, (packet) => {
        expect(decodeBfdPacket(encodeBfdPacket(packet))).toEqual({ ok: true, packet });
      }),
    );
  });

  it.each([
    ['bad version', withOctet(0, 0x00)],
    ['bad version', withOctet(0, 0x40)],
    ['bad length', octets(POLL).subarray(0, 23)],
    ['bad length', new Uint8Array(0)],
    ['bad length', withOctet(3, 23)],
    ['bad length', withOctet(3, 25)],
    ['bad length', withOctet(1, 0xc4)],
    ['zero detect multiplier', withOctet(2, 0)],
    ['multipoint', withOctet(1, 0xc1)],
    ['zero discriminator', withOctet(7, 0)],
    ['no discriminator in a session', withOctet(11, 0)],
    ['authentication', octets('20 c4 03 1a 00000011 00000022 000186a0 000186a0 00000000 0100')],
  ])('are refused: %s', (fault, bytes) => {
    expect(decodeBfdPacket(bytes)).toEqual({ ok: false, fault });
  });

  it('may be followed by octets that are not theirs', () => {
    expect(decodeBfdPacket(octets(`${POLL} ffff`))).toMatchObject({ ok: true });
  });

  it('are told from any octets without a crash, and what is read was meant', () => {
    const mutated = fc
      .tuple(anyPacket, fc.array(fc.tuple(fc.nat(23), fc.nat(255)), { maxLength: 4 }))
      .map(([packet, changes]) => {
        const bytes = encodeBfdPacket(packet);
        for (const [index, value] of changes) bytes[index] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), (bytes) => {
        const decoding = decodeBfdPacket(bytes);
        if (decoding.ok) expect(encodeBfdPacket(decoding.packet).subarray(4)).toEqual(bytes.subarray(4, 24));
      }),
      { numRuns: 5000 },
    );
  });

  it('name their diagnostics', () => {
    expect([0, 1, 3, 7, 8, 9].map(formatDiagnostic)).toEqual([
      'No Diagnostic',
      'Control Detection Time Expired',
      'Neighbor Signaled Session Down',
      'Administratively Down',
      'Reverse Concatenated Path Down',
      'diagnostic 9',
    ]);
  });
});
