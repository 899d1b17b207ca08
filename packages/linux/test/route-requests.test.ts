import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageWriter } from '../src/netlink/message-writer.ts';
import { messagesIn, octetsOf } from '../src/netlink/netlink-message.ts';
import type { Prepare } from '../src/netlink/request-channel.ts';
import { readRoute } from '../src/netlink/route-message.ts';
import { routeRequests } from '../src/route/route-requests.ts';
import type { KernelNextHop, RouteChange } from '../src/route/route-table.ts';

const hop = fc.record(
  { gateway: fc.constantFrom('192.0.2.1', '2001:db8::1'), device: fc.constantFrom('tap1', 'tap2', 'absent') },
  { requiredKeys: [] },
);
/** Shared, as the next hops of a table are. */
const SETS: readonly (readonly KernelNextHop[])[] = fc.sample(fc.array(hop, { minLength: 1, maxLength: 2 }), {
  numRuns: 8,
  seed: 1,
});
const change: fc.Arbitrary<RouteChange> = fc.record({
  op: fc.constantFrom('replace', 'replace', 'delete'),
  route: fc.record(
    {
      family: fc.constantFrom(4, 4, 4, 6),
      prefix: fc.constantFrom('10.0.0.1/32', '10.0.0.2/32', '10.0.0.300/32', '10.0.0.0/24', '2001:db8::1/128', 'x'),
      type: fc.constantFrom('unicast', 'unicast', 'blackhole'),
      protocol: fc.constantFrom(133, 135),
      metric: fc.constantFrom(32, 33),
      scope: fc.constantFrom('link', 'global'),
      source: fc.constantFrom('192.0.2.9', 'x'),
      nextHops: fc.constantFrom(...SETS),
    },
    { requiredKeys: ['family', 'prefix', 'type', 'protocol', 'nextHops'] },
  ),
});

const indexOf = (name: string) => (name === 'absent' ? undefined : Number(name.slice(3)));

/** What would be sent: the request as it is read again, or why there is none. */
function outcome(prepare: Prepare<RouteChange>, each: RouteChange, lookup = indexOf): unknown {
  const request = prepare(each, lookup);
  if (request === undefined || typeof request === 'string') return request;
  const writer = new MessageWriter();
  writer.begin(request.type, request.flags, 0);
  request.write(writer);
  writer.end();
  const octets = octetsOf(writer.bytes.slice());
  return [...messagesIn(octets, octets.bytes.length)].map(({ type, flags, start, end }) => ({
    ...{ type, flags },
    octets: Buffer.from(octets.bytes).toString('hex'),
    route: readRoute(octets, start, end),
  }));
}

describe('requests for route changes', () => {
  test('are what they would be if each were the only one', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const prepare = routeRequests();
        for (const each of changes) expect(outcome(prepare, each)).toEqual(outcome(routeRequests(), each));
      }),
      { numRuns: 500 },
    );
  });

  test('look interfaces up anew for each chunk', () => {
    const prepare = routeRequests();
    const [nextHops] = [[{ device: 'tap1' }]];
    const each = (prefix: string): RouteChange => ({
      op: 'replace',
      route: { family: 4, prefix, type: 'unicast', protocol: 133, nextHops },
    });
    const interfaceIndex = 9;
    expect(outcome(prepare, each('10.0.0.1/32'))).toMatchObject([{ route: { nextHops: [{ interfaceIndex: 1 }] } }]);
    expect(outcome(prepare, each('10.0.0.2/32'), () => interfaceIndex)).toMatchObject([
      { route: { prefix: '10.0.0.2/32', nextHops: [{ interfaceIndex }] } },
    ]);
  });
});
