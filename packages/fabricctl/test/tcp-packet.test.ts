import { describe, expect, it } from 'vitest';
import { ConnectionPackets } from '../src/capture/connection-packets.ts';
import { encodeTcpPacket } from '../src/capture/tcp-packet.ts';

/** The ones' complement sum of 16-bit words, 0xffff over data with a right checksum in it (RFC 1071). */
function wordSum(...parts: readonly Uint8Array[]): number {
  const octets = Buffer.concat(parts);
  let sum = 0;
  for (let index = 0; index < octets.length; index += 2) {
    sum += index + 1 < octets.length ? octets.readUInt16BE(index) : octets.readUInt8(index) << 8;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

describe('encodeTcpPacket', () => {
  it('makes an IPv4 packet with right lengths and checksums, of odd length too', () => {
    const packet = encodeTcpPacket({
      from: { address: '192.0.2.11', port: 40_000 },
      to: { address: '192.0.2.1', port: 179 },
      sequence: 0xffff_fff0,
      acknowledgement: 7,
      payload: Uint8Array.of(1, 2, 3),
    });
    const octets = Buffer.from(packet);
    expect(octets.length).toBe(43);
    expect(octets.readUInt16BE(2)).toBe(43);
    expect(octets.subarray(12, 20)).toEqual(Buffer.from([192, 0, 2, 11, 192, 0, 2, 1]));
    expect([octets.readUInt16BE(20), octets.readUInt16BE(22)]).toEqual([40_000, 179]);
    expect(octets.readUInt32BE(24)).toBe(0xffff_fff0);
    expect(wordSum(octets.subarray(0, 20))).toBe(0xffff);
    const pseudoHeader = Buffer.from([0, 6, 0, 23]);
    expect(wordSum(octets.subarray(12, 20), pseudoHeader, octets.subarray(20))).toBe(0xffff);
  });

  it('makes an IPv6 packet', () => {
    const octets = Buffer.from(
      encodeTcpPacket({
        from: { address: '2001:db8::1', port: 179 },
        to: { address: '2001:db8::2', port: 50_000 },
        sequence: 1,
        acknowledgement: 1,
        payload: Uint8Array.of(0xff, 0xfe),
      }),
    );
    expect(octets.length).toBe(62);
    expect(octets.readUInt16BE(4)).toBe(22);
    expect(wordSum(octets.subarray(8, 40), Buffer.from([0, 0, 0, 22, 0, 0, 0, 6]), octets.subarray(40))).toBe(0xffff);
  });
});

describe('ConnectionPackets', () => {
  const connection = { localAddress: '192.0.2.11', remoteAddress: '192.0.2.1', initiator: 'remote' } as const;
  const message = (direction: 'sent' | 'received', length: number) =>
    ({
      type: 'message',
      wallMs: 0,
      peer: 'p',
      direction,
      message: 'UPDATE',
      fields: [],
      octets: Buffer.alloc(length).toString('base64'),
      connection,
    }) as const;

  it('counts octets of both directions, cuts long messages, and knows the port of BGP', () => {
    const packets = new ConnectionPackets();
    const all = [message('sent', 19), message('received', 40_000), message('sent', 23)]
      .flatMap((each) => packets.packetsOf(each))
      .map((packet) => Buffer.from(packet));
    expect(
      all.map((packet) => [
        packet.readUInt16BE(20),
        packet.readUInt16BE(22),
        packet.readUInt32BE(24),
        packet.readUInt32BE(28),
        packet.length - 40,
      ]),
    ).toEqual([
      [179, 65_535, 1, 1, 19],
      [65_535, 179, 1, 20, 32_768],
      [65_535, 179, 32_769, 20, 7232],
      [179, 65_535, 20, 40_001, 23],
    ]);
  });
});
