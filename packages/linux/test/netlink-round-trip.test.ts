import { formatIpAddress, formatIpPrefix, type IpAddress, makeIpPrefix } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAddress, writeAddress } from '../src/netlink/address-message.ts';
import { addressOctets, macOctets, macText } from '../src/netlink/address-octets.ts';
import { MessageWriter } from '../src/netlink/message-writer.ts';
import { readNeighbour, writeNeighbour } from '../src/netlink/neighbour-message.ts';
import { messagesIn, type Octets, octetsOf } from '../src/netlink/netlink-message.ts';
import { type RouteMessage, readRoute, writeRoute } from '../src/netlink/route-message.ts';
import { anyAddress, ipv4, ipv6 } from './arbitrary-addresses.ts';

type Reader<Message> = (octets: Octets, start: number, end: number) => Message | undefined;

function roundTrip<Message>(reader: Reader<Message>, write: (writer: MessageWriter) => void): Message | undefined {
  const writer = new MessageWriter();
  writer.begin(1, 2, 3);
  write(writer);
  writer.end();
  const octets = octetsOf(writer.bytes);
  const frames = [...messagesIn(octets, octets.bytes.length)];
  expect(frames).toMatchObject([{ type: 1, flags: 2, sequence: 3 }]);
  return frames.map(({ start, end }) => reader(octets, start, end))[0];
}

describe('writing and reading again', () => {
  const interfaceIndex = fc.integer({ min: 1, max: 0x7fff_ffff });
  const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });

  test('routes', () => {
    const hop = fc.record({
      gateway: optional(anyAddress),
      interfaceIndex,
      weight: fc.integer({ min: 1, max: 256 }),
    });
    const prefix = (family: 4 | 6) =>
      fc
        .tuple<[IpAddress, number]>(family === 4 ? ipv4 : ipv6, fc.integer({ min: 0, max: family === 4 ? 32 : 128 }))
        .map(([address, length]) => formatIpPrefix(makeIpPrefix(address, length)));
    const route = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
      fc.record({
        family: fc.constant(family === 4 ? 2 : 10),
        prefix: prefix(family),
        table: fc.constantFrom(254, 255, 1000),
        protocol: fc.integer({ min: 0, max: 255 }),
        scope: fc.constantFrom(0, 253, 254),
        type: fc.constantFrom(1, 2, 6, 7),
        metric: optional(fc.integer({ min: 0, max: 0xffff_ffff })),
        source: optional((family === 4 ? ipv4 : ipv6).map(formatIpAddress)),
        nextHops: fc.array(hop, { maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(route, (given) => {
        // The weight of an only next hop is not written.
        const nextHops =
          given.nextHops.length === 1 ? given.nextHops.map((only) => ({ ...only, weight: 1 })) : given.nextHops;
        const message = JSON.parse(JSON.stringify({ ...given, nextHops })) as RouteMessage;
        expect(roundTrip(readRoute, (writer) => writeRoute(writer, message))).toEqual(message);
      }),
    );
  });

  test('neighbours', () => {
    const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(interfaceIndex, anyAddress, mac, (index, address, octets) => {
        const entry = { interfaceIndex: index, address: addressOctets(address) ?? octets, mac: octets };
        expect(roundTrip(readNeighbour, (writer) => writeNeighbour(writer, entry))).toEqual({
          interfaceIndex: index,
          address,
          mac: macText(octets, 0, 6),
          permanent: true,
        });
        expect(macOctets(macText(octets, 0, 6) ?? '')).toEqual(octets);
      }),
    );
  });

  test('addresses', () => {
    fc.assert(
      fc.property(interfaceIndex, anyAddress, fc.integer({ min: 0, max: 32 }), (index, address, length) => {
        const octets = addressOctets(address) ?? new Uint8Array();
        const written = { interfaceIndex: index, octets, length };
        expect(roundTrip(readAddress, (writer) => writeAddress(writer, written))).toEqual({
          interfaceIndex: index,
          address: `${address}/${length}`,
        });
      }),
    );
  });

  test('a message larger than the first memory', () => {
    const nextHops = Array.from({ length: 900 }, (_, at) => ({
      gateway: formatIpAddress({ family: 6, value: BigInt(at) << 100n }),
      interfaceIndex: at + 1,
      weight: 1,
    }));
    const route: RouteMessage = {
      family: 10,
      prefix: '2001:db8::/32',
      table: 254,
      protocol: 1,
      scope: 0,
      type: 1,
      nextHops,
    };
    const writer = new MessageWriter();
    for (let sequence = 0; sequence < 5; sequence += 1) {
      writer.begin(24, 0, sequence);
      writeRoute(writer, route);
      writer.end();
    }
    const octets = octetsOf(writer.bytes);
    const frames = [...messagesIn(octets, octets.bytes.length)];
    expect(frames.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4]);
    for (const { start, end } of frames) expect(readRoute(octets, start, end)).toEqual(route);
  });
});
