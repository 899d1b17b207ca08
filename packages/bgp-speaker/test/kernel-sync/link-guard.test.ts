import { formatIpAddress, parseIpPrefix, prefixContains, tryParseIpAddress } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefixKeyFromText, prefixKeyToText } from '../../src/codec/index.ts';
import { LinkGuard } from '../../src/kernel-sync/link-guard.ts';

const LINK = { device: 'eth0', subnets: ['192.0.2.1/29', '2001:db8::1/126', 'fe80::1/64'] };
const texts = (keys: Iterable<Parameters<typeof prefixKeyToText>[0]>) => [...keys].map(prefixKeyToText).sort();

function guarded(): LinkGuard {
  const guard = new LinkGuard();
  guard.setLink('tor', '192.0.2.6', LINK);
  return guard;
}

describe('links that learned routes must not take', () => {
  it('are guarded where a prefix contains the router and is as specific as its subnet, or more', () => {
    const guard = new LinkGuard();
    expect(texts(guard.setLink('tor', '192.0.2.6', LINK))).toEqual([
      '192.0.2.0/29',
      '192.0.2.4/30',
      '192.0.2.6/31',
      '192.0.2.6/32',
    ]);
    for (const prefix of ['192.0.2.0/29', '192.0.2.4/30', '192.0.2.6/32']) {
      expect(guard.faultOf(prefixKeyFromText(prefix))).toBe('contains tor, which is on eth0');
    }
    for (const harmless of ['0.0.0.0/0', '192.0.2.0/28', '192.0.2.0/30', '192.0.2.7/32', '192.0.2.1/32', '::/0']) {
      expect(guard.faultOf(prefixKeyFromText(harmless))).toBeUndefined();
    }
  });

  it('are so for IPv6, and by the widest of several subnets; a link-local router needs none', () => {
    const guard = new LinkGuard();
    expect(guard.setLink('tor', '2001:db8::2', LINK).size).toBe(3);
    expect(guard.faultOf(prefixKeyFromText('2001:db8::/126'))).toBeDefined();
    guard.setLink('tor', '192.0.2.6', { device: 'eth0', subnets: ['192.0.2.1/30', '192.0.2.4/30', '192.0.2.6/32'] });
    expect(guard.faultOf(prefixKeyFromText('2001:db8::/126'))).toBeUndefined();
    expect(guard.faultOf(prefixKeyFromText('192.0.2.4/30'))).toBeDefined();
    expect(guard.faultOf(prefixKeyFromText('192.0.2.0/30'))).toBeUndefined();
    expect(guard.setLink('tor', 'fe80::2', LINK).size).toBe(3);
    expect(guard.faultOf(prefixKeyFromText('fe80::/64'))).toBeUndefined();
  });

  it('are no matter for a router that is not on them', () => {
    const guard = new LinkGuard();
    expect(guard.setLink('far', '203.0.113.9', LINK).size).toBe(0);
    expect(guard.setLink('unknown', '192.0.2.6', {}).size).toBe(0);
    expect(guard.faultsAround('203.0.113.9').size).toBe(0);
  });

  it('have every other next hop on them guarded, against its own routes', () => {
    const guard = guarded();
    expect(texts(guard.faultsAround('192.0.2.3').keys())).toEqual([
      '192.0.2.0/29',
      '192.0.2.0/30',
      '192.0.2.2/31',
      '192.0.2.3/32',
    ]);
    expect(guard.faultsAround('192.0.2.3').get(prefixKeyFromText('192.0.2.0/30'))).toBe(
      'contains its next hop 192.0.2.3, which is on eth0',
    );
    // Of the router itself, all is said already.
    expect(guard.faultsAround('192.0.2.6').size).toBe(0);
  });

  it('tell what has another answer when they come, change and go', () => {
    const guard = guarded();
    expect(guard.setLink('tor', '192.0.2.6', LINK).size).toBe(0);
    expect(texts(guard.setLink('other', '192.0.2.5', LINK))).toContain('192.0.2.5/32');
    expect(guard.setLink('tor', '192.0.2.6', { ...LINK, device: 'eth9' }).size).toBeGreaterThan(0);
    expect(texts(guard.removePeer('other'))).toContain('192.0.2.5/32');
    expect(texts(guard.removePeer('tor'))).toContain('192.0.2.6/32');
    expect(guard.removePeer('tor').size).toBe(0);
    expect(guard.faultOf(prefixKeyFromText('192.0.2.6/32'))).toBeUndefined();
  });

  it('are what the words say, whatever the addresses', () => {
    const address = fc.nat(255).map((low) => `192.0.2.${low}`);
    const prefix = fc.tuple(address, fc.integer({ min: 20, max: 32 })).map(([text, length]) => {
      const { value } = parseIpPrefix(`${text}/${length}`);
      return `${formatIpAddress({ family: 4, value })}/${length}`;
    });
    fc.assert(
      fc.property(address, fc.array(prefix, { maxLength: 3 }), prefix, (router, subnets, route) => {
        const guard = new LinkGuard();
        guard.setLink('tor', router, { device: 'eth0', subnets });
        const contains = (text: string) => {
          const parsed = tryParseIpAddress(router);
          return parsed !== undefined && prefixContains(parseIpPrefix(text), parsed);
        };
        const lengths = subnets.filter(contains).map((text) => parseIpPrefix(text).length);
        const isFault = contains(route) && lengths.some((length) => parseIpPrefix(route).length >= length);
        expect(guard.faultOf(prefixKeyFromText(route)) !== undefined).toBe(isFault);
      }),
    );
  });
});
