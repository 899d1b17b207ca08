import { describe, expect, it } from 'vitest';
import {
  type CodecContext,
  decodeUpdate,
  encodeEndOfRib,
  ipv4PrefixKey,
  type NextHop,
  type PathAttributes,
  type PrefixKey,
  packUpdates,
  packWithdrawals,
  prefixesPerUpdate,
  prefixKeyFromText,
  reachFrame,
} from '../../src/codec/index.ts';
import { prefixTexts, sessionContext, toHex, update } from './message-fixtures.ts';

const CONTEXT = sessionContext();
const EXTENDED = sessionContext({ extendedMessages: true });
const ATTRIBUTES: PathAttributes = { origin: 'igp', asPath: [{ type: 'sequence', asNumbers: [65_001] }] };
const HOP: NextHop = { address: '10.0.0.1' };
const HOP6: NextHop = { address: '2001:db8::1' };

const TABLE4: readonly PrefixKey[] = Array.from({ length: 100_000 }, (_, index) =>
  ipv4PrefixKey(0x0a00_0000 + index, 32),
);
const TABLE6: readonly PrefixKey[] = Array.from({ length: 100_000 }, (_, index) =>
  prefixKeyFromText(`2001:db8::${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}`),
);

function total(messages: readonly Uint8Array[]): number {
  return messages.reduce((sum, { length }) => sum + length, 0);
}

function readBack(
  messages: readonly Uint8Array[],
  context: CodecContext,
  field: 'reachable' | 'withdrawn',
): PrefixKey[] {
  return messages.flatMap((octets) => decodeUpdate(octets, context)[field].flatMap(({ prefixes }) => prefixes));
}

describe('a table of 100,000 host routes', () => {
  it('goes into 124 messages of IPv4, 505,332 octets', () => {
    const messages = [...packUpdates({ family: 'ipv4-unicast', prefixes: TABLE4, nextHop: HOP }, ATTRIBUTES, CONTEXT)];
    expect(messages).toHaveLength(124);
    expect(total(messages)).toBe(505_332);
    expect(Math.max(...messages.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    expect(readBack(messages, CONTEXT, 'reachable')).toEqual(TABLE4);
  });

  it.each([
    { family: 'ipv4-unicast', table: TABLE4, nextHop: HOP, context: CONTEXT },
    { family: 'ipv4-unicast', table: TABLE4, nextHop: HOP, context: EXTENDED },
    { family: 'ipv6-unicast', table: TABLE6, nextHop: HOP6, context: CONTEXT },
  ] as const)(
    'fills the first message with as many as foretold: $family, extended messages $context.extendedMessages',
    (each) => {
      const { family, table, nextHop, context } = each;
      const [first] = packUpdates({ family, prefixes: table, nextHop }, ATTRIBUTES, context);
      const packed = first === undefined ? [] : readBack([first], context, 'reachable');
      const frame = reachFrame({ family, nextHop }, ATTRIBUTES, context);
      expect(packed).toHaveLength(prefixesPerUpdate(frame, family, context));
    },
  );

  it('goes into 8 extended messages', () => {
    const messages = [...packUpdates({ family: 'ipv4-unicast', prefixes: TABLE4, nextHop: HOP }, ATTRIBUTES, EXTENDED)];
    expect(messages).toHaveLength(8);
    expect(readBack(messages, EXTENDED, 'reachable')).toEqual(TABLE4);
  });

  it('goes into 422 messages of IPv6', () => {
    const messages = [...packUpdates({ family: 'ipv6-unicast', prefixes: TABLE6, nextHop: HOP6 }, ATTRIBUTES, CONTEXT)];
    expect(messages).toHaveLength(422);
    expect(Math.max(...messages.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    expect(readBack(messages, CONTEXT, 'reachable')).toEqual(TABLE6);
  });

  it('is withdrawn by 123 messages of IPv4', () => {
    const messages = [...packWithdrawals({ family: 'ipv4-unicast', prefixes: TABLE4 }, CONTEXT)];
    expect(messages).toHaveLength(123);
    expect(readBack(messages, CONTEXT, 'withdrawn')).toEqual(TABLE4);
  });

  it('is withdrawn from IPv6 likewise', () => {
    const messages = [...packWithdrawals({ family: 'ipv6-unicast', prefixes: TABLE6 }, CONTEXT)];
    expect(messages).toHaveLength(Math.ceil(100_000 / Math.floor((4096 - 19 - 4 - 7) / 17)));
    expect(readBack(messages, CONTEXT, 'withdrawn')).toEqual(TABLE6);
  });
});

describe('packUpdates', () => {
  it('fills the last octet of a message, and no more', () => {
    // Header and fields take 43 octets: 4,053 are left; 810 host routes and one /8 (2 octets) leave one unused.
    const prefixes = [
      ...TABLE4.slice(0, 810),
      prefixKeyFromText('11.0.0.0/8'),
      prefixKeyFromText('0.0.0.0/0'),
      prefixKeyFromText('0.0.0.0/0'),
    ];
    const messages = [...packUpdates({ family: 'ipv4-unicast', prefixes, nextHop: HOP }, ATTRIBUTES, CONTEXT)];
    expect(messages.map(({ length }) => length)).toEqual([4096, 44]);
  });

  it('has the octets of RFC 4271 for one IPv4 route', () => {
    const [octets] = packUpdates(
      { family: 'ipv4-unicast', prefixes: [prefixKeyFromText('10.1.0.0/17')], nextHop: HOP },
      ATTRIBUTES,
      CONTEXT,
    );
    const expected = update({ attributes: '40010100 40020602010000fde9 4003040a000001', nlri: '110a0100' });
    expect(octets && toHex(octets)).toBe(toHex(expected));
  });

  it('puts MP_REACH_NLRI first (RFC 7606 section 5.1), with both next hops (RFC 2545)', () => {
    const nextHop = { address: '2001:db8::1', linkLocal: 'fe80::1' };
    const [octets] = packUpdates(
      { family: 'ipv6-unicast', prefixes: [prefixKeyFromText('2001:db8:1::/48')], nextHop },
      ATTRIBUTES,
      CONTEXT,
    );
    const hops = '20010db8000000000000000000000001 fe800000000000000000000000000001';
    const expected = update({
      attributes: `900e002c 0002 01 20 ${hops} 00 3020010db80001 40010100 40020602010000fde9`,
    });
    expect(octets && toHex(octets)).toBe(toHex(expected));
  });

  it('sends IPv4 routes with an IPv6 next hop in MP_REACH_NLRI (RFC 8950)', () => {
    const context = sessionContext({ extendedNextHop: new Set(['ipv4-unicast']) });
    const reachable = { family: 'ipv4-unicast', prefixes: [prefixKeyFromText('10.0.0.1')], nextHop: HOP6 } as const;
    const [octets] = packUpdates(reachable, ATTRIBUTES, context);
    expect(octets && decodeUpdate(octets, context).reachable).toEqual([reachable]);
  });

  it('gives each NLRI its Path Identifier, or refuses', () => {
    const context = sessionContext({
      addPathSend: new Set(['ipv4-unicast']),
      addPathReceive: new Set(['ipv4-unicast']),
    });
    const block = { family: 'ipv4-unicast', prefixes: TABLE4.slice(0, 1000), nextHop: HOP } as const;
    const pathIds = block.prefixes.map((_, index) => index * 3);
    const messages = [...packUpdates({ ...block, pathIds }, ATTRIBUTES, context)];
    expect(messages).toHaveLength(Math.ceil(1000 / Math.floor(4053 / 9)));
    expect(messages.flatMap((octets) => decodeUpdate(octets, context).reachable.flatMap((one) => one.pathIds))).toEqual(
      pathIds,
    );
    expect(() => [...packUpdates(block, ATTRIBUTES, context)]).toThrow(/give a Path Identifier/);
    expect(() => [...packUpdates({ ...block, pathIds }, ATTRIBUTES, CONTEXT)]).toThrow(/leave out/);
  });

  it('refuses attributes that leave no room, unless the message may be extended', () => {
    const attributes = { ...ATTRIBUTES, communities: Array.from({ length: 1100 }, (_, index) => index) };
    const reachable = { family: 'ipv4-unicast', prefixes: TABLE4.slice(0, 1), nextHop: HOP } as const;
    expect(() => [...packUpdates(reachable, attributes, CONTEXT)]).toThrow(/the session allows 4096/);
    expect([...packUpdates(reachable, attributes, EXTENDED)]).toHaveLength(1);
  });

  it('makes no message of no prefixes: that would be an End-of-RIB', () => {
    expect([...packUpdates({ family: 'ipv4-unicast', prefixes: [], nextHop: HOP }, ATTRIBUTES, CONTEXT)]).toEqual([]);
    expect([...packWithdrawals({ family: 'ipv4-unicast', prefixes: [] }, CONTEXT)]).toEqual([]);
  });

  it('takes no more memory than a single route needs', () => {
    const [octets] = packUpdates(
      { family: 'ipv4-unicast', prefixes: TABLE4.slice(0, 1), nextHop: HOP },
      ATTRIBUTES,
      EXTENDED,
    );
    expect(octets?.buffer.byteLength).toBe(48);
  });
});

describe('packWithdrawals', () => {
  it('has the octets of RFC 4271 and RFC 4760', () => {
    const [legacy] = packWithdrawals({ family: 'ipv4-unicast', prefixes: [prefixKeyFromText('10.0.0.1')] }, CONTEXT);
    expect(legacy && toHex(legacy)).toBe(toHex(update({ withdrawn: '200a000001' })));
    const [mp] = packWithdrawals({ family: 'ipv6-unicast', prefixes: [prefixKeyFromText('2001:db8::/32')] }, CONTEXT);
    expect(mp && toHex(mp)).toBe(toHex(update({ attributes: '900f0008 0002 01 2020010db8' })));
    expect(mp && prefixTexts(decodeUpdate(mp, CONTEXT).withdrawn)).toEqual(['2001:db8::/32']);
  });
});

describe('encodeEndOfRib', () => {
  it.each([
    ['ipv4-unicast', update({})],
    ['ipv6-unicast', update({ attributes: '800f03000201' })],
  ] as const)('%s (RFC 4724 section 2)', (family, expected) => {
    expect(toHex(encodeEndOfRib(family))).toBe(toHex(expected));
    expect(decodeUpdate(encodeEndOfRib(family), CONTEXT).endOfRib).toBe(family);
  });
});
