import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAddress } from '../src/netlink/address-message.ts';
import { readLink } from '../src/netlink/link-message.ts';
import { readNeighbour } from '../src/netlink/neighbour-message.ts';
import { readNetconf } from '../src/netlink/netconf-message.ts';
import {
  LITTLE_ENDIAN,
  messagesIn,
  type Octets,
  octetsOf,
  readAcknowledgement,
  readDumpEnd,
} from '../src/netlink/netlink-message.ts';
import { readNotification } from '../src/netlink/notification.ts';
import { type RouteMessage, readRoute } from '../src/netlink/route-message.ts';
import { RouteReader } from '../src/netlink/route-reader.ts';
import * as recorded from './netlink-recordings.ts';

const RECORDED = new Map(Object.entries(recorded));

type Reader<Message> = (octets: Octets, start: number, end: number) => Message | undefined;

function read<Message>(reader: Reader<Message>, hex: string): Message | undefined {
  const octets = octetsOf(Buffer.from(hex, 'hex'));
  const [frame] = messagesIn(octets, octets.bytes.length);
  if (frame === undefined) throw new Error('the recording has no message');
  return reader(octets, frame.start, frame.end);
}

describe.runIf(LITTLE_ENDIAN)('recorded messages', () => {
  test('settings', () => {
    expect(read(readNetconf, recorded.SETTINGS_OF_NEW_LINK)).toEqual({
      family: 4,
      interfaceIndex: 3,
      values: [
        ['forwarding', 0],
        ['rp_filter', 0],
        ['proxy_arp', 0],
      ],
    });
    const one = (family: number, interfaceIndex: number | 'all', name: string) => ({
      family,
      interfaceIndex,
      values: [[name, 1]],
    });
    expect(read(readNetconf, recorded.REVERSE_PATH_FILTER)).toEqual(one(4, 3, 'rp_filter'));
    expect(read(readNetconf, recorded.PROXY_NDP)).toEqual(one(6, 3, 'proxy_ndp'));
    expect(read(readNetconf, recorded.FORWARDING_OF_ALL)).toEqual(one(4, 'all', 'forwarding'));
    expect(read(readNetconf, recorded.FORWARDING_OF_FUTURE_LINKS)).toBeUndefined();
  });

  const main = { table: 254, protocol: 135, scope: 0, type: 1 };

  test.each<[string, RouteMessage]>([
    [
      'ON_LINK',
      {
        ...main,
        family: 2,
        prefix: '10.0.0.1/32',
        protocol: 133,
        scope: 253,
        nextHops: [{ interfaceIndex: 3, weight: 1 }],
      },
    ],
    [
      'DEFAULT_WITH_SOURCE',
      {
        ...main,
        family: 2,
        prefix: '0.0.0.0/0',
        metric: 77,
        source: '192.0.2.1',
        nextHops: [{ gateway: '192.0.2.9', interfaceIndex: 3, weight: 1 }],
      },
    ],
    [
      'IPV4_VIA_IPV6',
      { ...main, family: 2, prefix: '10.3.0.0/16', nextHops: [{ gateway: 'fe80::9', interfaceIndex: 3, weight: 1 }] },
    ],
    [
      'IPV4_MULTIPATH',
      {
        ...main,
        family: 2,
        prefix: '10.4.0.0/16',
        nextHops: [
          { gateway: '192.0.2.9', interfaceIndex: 3, weight: 1 },
          { gateway: 'fe80::9', interfaceIndex: 5, weight: 3 },
        ],
      },
    ],
    ['IPV4_BLACKHOLE', { ...main, family: 2, prefix: '10.2.0.0/16', type: 6, nextHops: [] }],
    [
      'IPV6_UNREACHABLE',
      {
        ...main,
        family: 10,
        prefix: '2001:db8:72::/48',
        type: 7,
        metric: 1024,
        nextHops: [{ interfaceIndex: 1, weight: 1 }],
      },
    ],
    [
      'IPV6_LOCAL',
      {
        family: 10,
        prefix: '2001:db8:70::1/128',
        table: 255,
        protocol: 134,
        scope: 0,
        type: 2,
        metric: 1024,
        nextHops: [{ interfaceIndex: 1, weight: 1 }],
      },
    ],
    [
      'IPV6_MULTIPATH',
      {
        ...main,
        family: 10,
        prefix: '2001:db8:74::/64',
        metric: 1024,
        nextHops: [
          { gateway: '2001:db8:a::9', interfaceIndex: 3, weight: 1 },
          { gateway: '2001:db8:b::9', interfaceIndex: 5, weight: 1 },
        ],
      },
    ],
    [
      'OTHER_TABLE',
      {
        ...main,
        table: 1000,
        family: 10,
        prefix: '2001:db8:75::/64',
        metric: 1024,
        nextHops: [{ interfaceIndex: 3, weight: 1 }],
      },
    ],
  ])('route %s', (name, route) => {
    expect(read(readRoute, RECORDED.get(name) ?? '')).toEqual(route);
  });

  test('neighbours', () => {
    const mac = '52:54:00:00:00:77';
    expect(read(readNeighbour, recorded.PERMANENT_NEIGHBOUR)).toEqual({
      interfaceIndex: 3,
      address: '10.0.0.1',
      mac,
      permanent: true,
    });
    expect(read(readNeighbour, recorded.STALE_NEIGHBOUR)).toEqual({
      interfaceIndex: 3,
      address: '2001:db8::1',
      mac,
      permanent: false,
      router: true,
    });
    expect(read(readNeighbour, recorded.FAILED_NEIGHBOUR)).toEqual({
      interfaceIndex: 3,
      address: '10.0.0.1',
      permanent: false,
    });
  });

  test('addresses are those of the interface, not of the peer', () => {
    expect(read(readAddress, recorded.IPV4_ADDRESS)).toEqual({ interfaceIndex: 3, address: '192.0.2.1/24' });
    expect(read(readAddress, recorded.PEER_ADDRESS)).toEqual({ interfaceIndex: 5, address: '198.51.100.1/32' });
    expect(read(readAddress, recorded.IPV6_ADDRESS)).toEqual({ interfaceIndex: 3, address: 'fe80::1/64' });
  });

  test('links; the end of being a bridge port is not the end of a link', () => {
    expect(read(readLink, recorded.LINK)).toEqual({
      index: 3,
      name: 'tap1',
      up: false,
      carrier: false,
      mac: '52:54:00:00:00:01',
      mtu: 1400,
    });
    expect(read(readLink, recorded.BRIDGE_PORT)).toBeUndefined();
  });

  test('answers', () => {
    const answerIn = (hex: string, reader: typeof readAcknowledgement) => {
      const octets = octetsOf(Buffer.from(hex, 'hex'));
      const [frame] = messagesIn(octets, octets.bytes.length);
      return frame === undefined ? undefined : { sequence: frame.sequence, ...reader(octets, frame) };
    };
    expect(answerIn(recorded.REFUSED, readAcknowledgement)).toEqual({
      sequence: 7,
      errno: 101,
      message: 'Nexthop has invalid gateway',
    });
    expect(answerIn(recorded.REFUSED_WITHOUT_WORDS, readAcknowledgement)).toEqual({ sequence: 8, errno: 3 });
    expect(answerIn(recorded.DONE, readAcknowledgement)).toEqual({ sequence: 9, errno: 0 });
    expect(answerIn(recorded.NO_TABLE, readDumpEnd)).toEqual({
      sequence: 10,
      errno: 2,
      message: 'ipv4: FIB table does not exist',
    });
    expect(answerIn(recorded.DUMP_END, readDumpEnd)).toEqual({ sequence: 11, errno: 0 });
  });

  test('several messages in one buffer', () => {
    const octets = octetsOf(Buffer.from(recorded.DUMP + recorded.IPV4_BLACKHOLE + recorded.DUMP_END, 'hex'));
    const frames = [...messagesIn(octets, octets.bytes.length)];
    expect(frames.map(({ type }) => type)).toEqual([24, 24, 3]);
    expect(frames.slice(0, 2).map(({ start, end }) => readRoute(octets, start, end)?.prefix)).toEqual([
      '10.0.0.1/32',
      '10.2.0.0/16',
    ]);
  });

  test('what is cut off or damaged gives less, and never throws or runs on', () => {
    const octet = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(...RECORDED.values()),
        fc.nat(),
        fc.array(octet, { maxLength: 4 }),
        (hex, cut, damage) => {
          const bytes = Buffer.from(hex, 'hex');
          const kept = bytes.subarray(0, bytes.length - (cut % bytes.length));
          for (const { at, value } of damage) kept[at % kept.length] = value;
          const octets = octetsOf(kept);
          for (const frame of messagesIn(octets, kept.length)) {
            expect(frame.end).toBeLessThanOrEqual(kept.length);
            readNotification(octets, frame, () => 'tap1', new RouteReader(() => 'tap1'));
            readAcknowledgement(octets, frame);
            readDumpEnd(octets, frame);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
