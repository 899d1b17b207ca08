import { describe, expect, it } from 'vitest';
import { initialContext } from '../../src/codec/index.ts';
import { chooseLocalNextHops, extendNextHops } from '../../src/session/local-next-hops.ts';

const ADDRESSES = [
  { device: 'lo', address: '127.0.0.1/8' },
  { device: 'eth0', address: '192.0.2.1/24' },
  { device: 'eth0', address: 'fe80::1/64' },
  { device: 'eth0', address: '2001:db8:a::1/64' },
  { device: 'eth1', address: '198.51.100.1/24' },
  { device: 'eth1', address: 'fe80::2/64' },
];

describe('local next hops', () => {
  it('are the addresses of the session’s interface, with the link-local one for a neighbour on the link', () => {
    expect(chooseLocalNextHops(ADDRESSES, { localAddress: '192.0.2.1', onLink: true })).toEqual({
      device: 'eth0',
      nextHops: {
        'ipv4-unicast': { address: '192.0.2.1' },
        'ipv6-unicast': { address: '2001:db8:a::1', linkLocal: 'fe80::1' },
      },
    });
  });

  it('have no link-local address for a peer that is not on the link', () => {
    const { nextHops } = chooseLocalNextHops(ADDRESSES, { localAddress: '192.0.2.1', onLink: false });
    expect(nextHops['ipv6-unicast']).toEqual({ address: '2001:db8:a::1' });
  });

  it('fall back to the Host’s IPv6 address, and to none', () => {
    const question = { localAddress: '198.51.100.1', onLink: true };
    expect(chooseLocalNextHops(ADDRESSES, question).nextHops['ipv6-unicast']).toBeUndefined();
    expect(
      chooseLocalNextHops(ADDRESSES, { ...question, hostAddress6: '2001:db8:ffff::1' }).nextHops['ipv6-unicast'],
    ).toEqual({ address: '2001:db8:ffff::1', linkLocal: 'fe80::2' });
  });

  it('find an IPv4 address for a session over IPv6', () => {
    expect(chooseLocalNextHops(ADDRESSES, { localAddress: '2001:db8:a::1', onLink: true }).nextHops).toMatchObject({
      'ipv4-unicast': { address: '192.0.2.1' },
      'ipv6-unicast': { address: '2001:db8:a::1' },
    });
  });

  it('are the session’s own address where no interface has it', () => {
    expect(chooseLocalNextHops([], { localAddress: '192.0.2.1', onLink: true })).toEqual({
      nextHops: { 'ipv4-unicast': { address: '192.0.2.1' } },
    });
  });

  it('are the link-local address alone on an unnumbered link, and what IPv4 address there is', () => {
    const question = { localAddress: 'fe80::2', onLink: true, device: 'eth1', hostAddress6: '2001:db8::9' };
    expect(chooseLocalNextHops(ADDRESSES, question)).toEqual({
      device: 'eth1',
      nextHops: { 'ipv4-unicast': { address: '198.51.100.1' }, 'ipv6-unicast': { address: 'fe80::2' } },
    });
  });
});

describe('IPv6 next hops of IPv4 routes', () => {
  const context = { ...initialContext('ebgp'), extendedNextHop: new Set(['ipv4-unicast' as const]) };
  const ipv6 = { address: '2001:db8::1', linkLocal: 'fe80::1' };
  const both = { 'ipv4-unicast': { address: '192.0.2.1' }, 'ipv6-unicast': ipv6 };

  it('are used where there is no IPv4 address, and on unnumbered links', () => {
    expect(extendNextHops({ 'ipv6-unicast': ipv6 }, { context, isUnnumbered: false })['ipv4-unicast']).toBe(ipv6);
    expect(extendNextHops(both, { context, isUnnumbered: true })['ipv4-unicast']).toBe(ipv6);
    expect(extendNextHops(both, { context, isUnnumbered: false })).toBe(both);
  });

  it('are not used unless the peer understands them', () => {
    const nextHops = { 'ipv6-unicast': ipv6 };
    expect(extendNextHops(nextHops, { context: initialContext('ebgp'), isUnnumbered: true })).toBe(nextHops);
  });
});
