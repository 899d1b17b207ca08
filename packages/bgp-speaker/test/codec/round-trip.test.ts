import type { BgpFamily } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attributesKey,
  type CodecContext,
  decodeOpen,
  decodeUpdate,
  encodeOpen,
  type NextHop,
  packUpdates,
  packWithdrawals,
} from '../../src/codec/index.ts';
import {
  forEbgp,
  ibgpAttributes,
  ipv4NextHops,
  ipv6NextHops,
  opens,
  prefixKeys,
  symmetricContexts,
} from './arbitraries.ts';

/** A family, prefixes of it, and Path Identifiers if the session has them. */
function blocks(family: BgpFamily, context: CodecContext) {
  return prefixKeys(family).chain((prefixes) =>
    context.addPathSend.has(family)
      ? fc
          .array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: prefixes.length, maxLength: prefixes.length })
          .map((pathIds) => ({ family, prefixes, pathIds }))
      : fc.constant({ family, prefixes }),
  );
}

function nextHops(family: BgpFamily, context: CodecContext): fc.Arbitrary<NextHop> {
  if (family === 'ipv6-unicast') return ipv6NextHops;
  return context.extendedNextHop.has(family) ? fc.oneof(ipv4NextHops, ipv6NextHops) : ipv4NextHops;
}

const sessions = fc
  .tuple(symmetricContexts, fc.constantFrom<BgpFamily>('ipv4-unicast', 'ipv6-unicast'))
  .chain(([context, family]) =>
    fc.record({
      context: fc.constant(context),
      block: blocks(family, context),
      nextHop: nextHops(family, context),
      attributes: ibgpAttributes,
    }),
  );

describe('decode(encode(x)) = x', () => {
  it('for OPEN', () => {
    fc.assert(
      fc.property(opens, (open) => {
        expect(decodeOpen(encodeOpen(open))).toEqual({ ok: true, value: open });
      }),
    );
  });

  it('for announcements, in every kind of session', () => {
    fc.assert(
      fc.property(sessions, ({ context, block, nextHop, attributes }) => {
        const messages = [...packUpdates({ ...block, nextHop }, attributes, context)];
        const updates = messages.map((octets) => decodeUpdate(octets, context));
        const expected = context.peerType === 'ibgp' ? attributes : forEbgp(attributes);
        for (const update of updates) {
          expect(update.errors).toEqual([]);
          expect(update.attributes).toEqual(expected);
          expect(update.reachable.map((one) => one.nextHop)).toEqual([nextHop]);
        }
        const read = updates.flatMap(({ reachable }) => reachable);
        expect(read.flatMap(({ prefixes }) => prefixes)).toEqual(block.prefixes);
        if ('pathIds' in block) expect(read.flatMap(({ pathIds }) => pathIds)).toEqual(block.pathIds);
      }),
      { numRuns: 60 },
    );
  });

  it('for withdrawals', () => {
    fc.assert(
      fc.property(sessions, ({ context, block }) => {
        const updates = [...packWithdrawals(block, context)].map((octets) => decodeUpdate(octets, context));
        expect(updates.every(({ errors, endOfRib }) => errors.length === 0 && endOfRib === undefined)).toBe(true);
        const read = updates.flatMap(({ withdrawn }) => withdrawn);
        expect(read.flatMap(({ prefixes }) => prefixes)).toEqual(block.prefixes);
        if ('pathIds' in block) expect(read.flatMap(({ pathIds }) => pathIds)).toEqual(block.pathIds);
      }),
      { numRuns: 60 },
    );
  });
});

describe('attributesKey', () => {
  it('is equal exactly for equal sets', () => {
    fc.assert(
      fc.property(ibgpAttributes, ibgpAttributes, (left, right) => {
        expect(attributesKey(left)).toBe(attributesKey(structuredClone(left)));
        expect(attributesKey(left) === attributesKey(right)).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
    );
  });
});
