import { parseIpAddress, parseIpPrefix, prefixContains } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hopLimitFilter, type NearPeer } from '../../src/tcp/hop-limit-filter.ts';
import { encodeMd5Signature } from '../../src/tcp/md5-signature-option.ts';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const KEY = new TextEncoder().encode('secret');

describe('struct tcp_md5sig', () => {
  it('has address, length and key where the kernel reads them', () => {
    const octets = encodeMd5Signature({ address: '192.0.2.1' }, KEY, false);
    expect(octets).toHaveLength(216);
    expect(hex(octets.subarray(0, 8))).toBe('02000000c0000201');
    expect(hex(octets.subarray(128, 144))).toBe('00000600000000007365637265740000');
  });

  it('names IPv4 peers of a socket for both families by their mapped address, with IPv4 prefix lengths', () => {
    const octets = encodeMd5Signature({ address: '192.0.2.0', prefixLength: 24 }, KEY, true);
    expect(hex(octets.subarray(0, 28))).toBe('0a0000000000000000000000000000000000ffffc000020000000000');
    expect([...octets.subarray(128, 132)]).toEqual([1, 24, 6, 0]);
  });
});

interface Packet {
  readonly source: Uint8Array;
  readonly hopLimit: number;
}

/** Runs a filter as the kernel does, on the network header alone. */
function passes(filter: Uint8Array, packet: Packet): boolean {
  const header = new Uint8Array(40);
  if (packet.source.length === 4) {
    header[0] = 0x45;
    header[8] = packet.hopLimit;
    header.set(packet.source, 12);
  } else {
    header[0] = 0x60;
    header[7] = packet.hopLimit;
    header.set(packet.source, 8);
  }
  const program = new DataView(filter.buffer);
  const network = new DataView(header.buffer);
  let accumulator = 0;
  for (let at = 0; ; at += 8) {
    const operand = program.getUint32(at + 4, true);
    const jump = (taken: boolean) => {
      at += 8 * program.getUint8(at + (taken ? 2 : 3));
    };
    switch (program.getUint16(at, true)) {
      case 0x20:
        accumulator = network.getUint32(operand - 0xfff00000);
        break;
      case 0x30:
        accumulator = network.getUint8(operand - 0xfff00000);
        break;
      case 0x54:
        accumulator = (accumulator & operand) >>> 0;
        break;
      case 0x74:
        accumulator >>>= operand;
        break;
      case 0x05:
        at += 8 * operand;
        break;
      case 0x15:
        jump(accumulator === operand);
        break;
      case 0x35:
        jump(accumulator >= operand);
        break;
      case 0x06:
        return operand !== 0;
      default:
        throw new Error(`no such operation at ${at}`);
    }
  }
}

/** Few addresses, so that packets often meet a peer, or differ from one in the last word only. */
const SOURCES = ['192.0.2.1', '192.0.2.2', '198.51.100.1', '2001:db8::1', '2001:db8::2', 'fe80::1'];
const octetsOf = (address: string) => {
  const octets = encodeMd5Signature({ address }, KEY, false);
  return address.includes(':') ? octets.slice(8, 24) : octets.slice(4, 8);
};

describe('the filter of TTL security', () => {
  it('drops what comes from a peer’s address from too far away, and nothing else', () => {
    const peers = fc.uniqueArray(
      fc.record<NearPeer>({ address: fc.constantFrom(...SOURCES), minHopLimit: fc.integer({ min: 1, max: 255 }) }),
      { selector: ({ address }) => address },
    );
    fc.assert(
      fc.property(peers, fc.constantFrom(...SOURCES), fc.integer({ min: 0, max: 255 }), (near, address, hopLimit) => {
        const filter = hopLimitFilter(near);
        if (filter === undefined) throw new Error('too long');
        const required = near.find((peer) => peer.address === address)?.minHopLimit ?? 0;
        expect(passes(filter, { source: octetsOf(address), hopLimit })).toBe(hopLimit >= required);
      }),
    );
  });

  it('takes prefixes, of which the first that the address is in counts', () => {
    const peers = fc.array(
      fc.constantFrom(...SOURCES).chain((address) =>
        fc.record({
          address: fc.constant(address),
          prefixLength: fc.integer({ min: 0, max: address.includes(':') ? 128 : 32 }),
          minHopLimit: fc.integer({ min: 0, max: 255 }),
        }),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(peers, fc.constantFrom(...SOURCES), fc.integer({ min: 0, max: 255 }), (near, address, hopLimit) => {
        const filter = hopLimitFilter(near);
        if (filter === undefined) throw new Error('too long');
        const first = near.find((peer) =>
          prefixContains(parseIpPrefix(`${peer.address}/${peer.prefixLength}`), parseIpAddress(address)),
        );
        expect(passes(filter, { source: octetsOf(address), hopLimit })).toBe(hopLimit >= (first?.minHopLimit ?? 0));
      }),
    );
  });

  it('is refused where the kernel would refuse it', () => {
    const peers = Array.from({ length: 700 }, (_, index) => ({
      address: `10.0.${index >>> 8}.${index & 255}`,
      minHopLimit: 255,
    }));
    expect(hopLimitFilter(peers.slice(0, 680))?.length).toBeLessThanOrEqual(4096 * 8);
    expect(hopLimitFilter(peers)).toBeUndefined();
  });
});
