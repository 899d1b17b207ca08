import { makeIpPrefix, parseIpAddress, prefixContains } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchPeer } from '../../src/peers/peer-match.ts';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '192.0.2.1', '2001:db8::1', '2001:db8::2'];

describe('whose a connection is', () => {
  it.each([
    ['10.0.0.1', 'router'],
    ['10.0.0.2', 'rack'],
    ['10.0.1.1', 'site'],
    ['192.0.2.1', undefined],
    ['2001:db8::1', undefined],
  ])('%s: %s', (address, name) => {
    const places = [
      { name: 'site', address: '10.0.0.0', prefixLength: 16 },
      { name: 'rack', address: '10.0.0.0', prefixLength: 24 },
      { name: 'router', address: '10.0.0.1' },
    ];
    expect(matchPeer(places, address, undefined)?.name).toBe(name);
    expect(matchPeer(places.toReversed(), address, undefined)?.name).toBe(name);
  });

  it('is that of the interface it came in by, for a router without address of its own', () => {
    const places = [
      { name: 'left', address: 'fe80::1', device: 'eth0' },
      { name: 'right', address: 'fe80::1', device: 'eth1' },
    ];
    expect(matchPeer(places, 'fe80::1', 'eth1')?.name).toBe('right');
    expect(matchPeer(places, 'fe80::1', 'eth2')).toBeUndefined();
  });

  it('is of no range on a link', () => {
    const places = [{ name: 'all', address: '::', prefixLength: 0 }];
    expect(matchPeer(places, 'fe80::1', 'eth1')).toBeUndefined();
    expect(matchPeer(places, '2001:db8::1', undefined)?.name).toBe('all');
  });

  it('is never a shorter range’s while a longer one has the address, and an address comes before all', () => {
    const place = fc.constantFrom(...ADDRESSES).chain((address) =>
      fc.option(fc.integer({ min: 0, max: address.includes(':') ? 128 : 32 }), { nil: undefined }).map((length) => ({
        address,
        ...(length === undefined ? {} : { prefixLength: length }),
      })),
    );
    fc.assert(
      fc.property(fc.array(place), fc.constantFrom(...ADDRESSES), (places, address) => {
        const caller = parseIpAddress(address);
        const has = (each: { address: string; prefixLength?: number }): boolean =>
          each.prefixLength === undefined
            ? each.address === address
            : prefixContains(makeIpPrefix(parseIpAddress(each.address), each.prefixLength), caller);
        const lengthOf = ({ prefixLength = 129 }: { prefixLength?: number }) => prefixLength;
        const found = matchPeer(places, address, undefined);
        const best = Math.max(-1, ...places.filter(has).map(lengthOf));
        expect(found === undefined ? -1 : lengthOf(found)).toBe(best);
        if (found !== undefined) expect(has(found)).toBe(true);
      }),
    );
  });
});
