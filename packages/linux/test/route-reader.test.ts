import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageWriter } from '../src/netlink/message-writer.ts';
import { messagesIn, octetsOf } from '../src/netlink/netlink-message.ts';
import { type RouteMessage, readRoute, writeRoute } from '../src/netlink/route-message.ts';
import { RouteReader } from '../src/netlink/route-reader.ts';
import { toKernelRoute } from '../src/route/route-translation.ts';

const nameOf = (index: number) => `tap${index}`;
const hop = fc.record({
  gateway: fc.constantFrom('192.0.2.1', '2001:db8::1'),
  interfaceIndex: fc.constantFrom(1, 2),
  weight: fc.constantFrom(1, 2),
});
/** Few different values, so that neighbours are often alike in all but one. */
const route: fc.Arbitrary<RouteMessage> = fc
  .record({
    family: fc.constantFrom(2, 10),
    host: fc.nat(3),
    whole: fc.boolean(),
    table: fc.constantFrom(254, 254, 255, 1000),
    protocol: fc.constantFrom(133, 135),
    scope: fc.constantFrom(0, 253),
    type: fc.constantFrom(1, 1, 6, 9),
    metric: fc.constantFrom(undefined, 32, 33),
    nextHops: fc.array(hop, { maxLength: 2 }),
  })
  .map(({ host, whole, metric, ...rest }) => {
    const prefix =
      rest.family === 2 ? `10.0.0.${host}/${whole ? 32 : 24 + host}` : `2001:db8::${host}/${whole ? 128 : 64}`;
    const wanted = host === 3 && !whole ? (rest.family === 2 ? '0.0.0.0/0' : '::/0') : prefix;
    return { ...rest, prefix: wanted, ...(metric === undefined ? {} : { metric }) };
  });

describe('RouteReader', () => {
  test('reads any sequence of routes as if each were the first', () => {
    fc.assert(
      fc.property(fc.array(route, { maxLength: 30 }), fc.array(fc.boolean(), { maxLength: 30 }), (routes, cuts) => {
        const writer = new MessageWriter();
        for (const each of routes) {
          writer.begin(24, 0, 0);
          writeRoute(writer, each);
          writer.end();
        }
        const octets = octetsOf(writer.bytes);
        const reader = new RouteReader(nameOf);
        for (const [index, { start, end }] of [...messagesIn(octets, octets.bytes.length)].entries()) {
          // Also some that are cut off.
          const until = cuts[index] === true ? end - 4 : end;
          const message = readRoute(octets, start, until);
          const wanted = message === undefined ? undefined : toKernelRoute(message, nameOf);
          expect(reader.read(octets, start, until)).toEqual(wanted);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('asks for the names of interfaces again once it has forgotten', () => {
    const writer = new MessageWriter();
    writer.begin(24, 0, 0);
    writeRoute(writer, {
      ...{ family: 2, prefix: '10.0.0.1/32', table: 254, protocol: 133, scope: 253, type: 1 },
      nextHops: [{ interfaceIndex: 7, weight: 1 }],
    });
    writer.end();
    const octets = octetsOf(writer.bytes);
    let name = 'tap7';
    const reader = new RouteReader(() => name);
    const device = () => reader.read(octets, 16, octets.bytes.length)?.nextHops[0]?.device;
    expect(device()).toBe('tap7');
    name = 'tap8';
    expect(device()).toBe('tap7');
    reader.forget();
    expect(device()).toBe('tap8');
  });
});
