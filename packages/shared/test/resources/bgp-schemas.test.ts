import { describe, expect, test } from 'vitest';
import { messagesOf, normalised, type RefusedFields, term } from '../support/schema-check.ts';

test('communities have one spelling, and built-in policies keep their names', () => {
  const communities = ['no-export', '65001:07', '65001:*'];
  expect(normalised('RoutePolicy', term({ match: { communities } }))).toEqual({
    terms: [{ match: { communities: ['NO_EXPORT', '65001:7', '65001:*'] }, action: 'accept' }],
  });
  expect(messagesOf('RoutePolicy', {}, { name: 'default-export' })).toEqual([
    '`metadata.name` is the name of a built-in policy; choose another',
  ]);
});

describe('what is refused of BGP', () => {
  test.each<RefusedFields>([
    [
      'BGPPeer',
      { hosts: 'rack' },
      [expect.stringMatching(/^`spec\.hosts`: selector has its end after label rack.*\(column 5\)$/)],
    ],
    ['BGPPeer', { families: [] }, ['`spec.families` must have at least 1 entry']],
    [
      'BGPPeer',
      { families: ['vpnv4'] },
      ['`spec.families[0]` must be ipv4-unicast or ipv6-unicast, not the text "vpnv4"'],
    ],
    ['BGPPeer', { holdTimeSeconds: 2 }, ['`spec.holdTimeSeconds` must be 0 (never expires) or 3–65535 (RFC 4271 4.2)']],
    [
      'BGPPeer',
      { asNumber: 'any' },
      ['`spec.asNumber` must be an AS number, external (any but ours), internal (ours), or a list of AS numbers'],
    ],
    ['BGPPeer', { asNumber: 0 }, ['`spec.asNumber` must be at least 1: AS 0 is reserved (RFC 7607)']],
    [
      'BGPPeer',
      { asNumber: [64_901, 23_456] },
      ['`spec.asNumber[1]` is reserved (RFC 6793, RFC 7300); choose another'],
    ],
    [
      'BGPPeer',
      { asOverride: true },
      [
        '`spec.asOverride` is for a route server client: to other routers goes no foreign AS_PATH over AS borders; leave it out',
      ],
    ],
    [
      'BGPPeer',
      { routeServerClient: true, removePrivateAs: 'some' },
      ['`spec.removePrivateAs` must be only, all or replace, not the text "some"'],
    ],
    ['BGPPeer', { multihopTtl: 0 }, ['`spec.multihopTtl` must be at least 1']],
    [
      'BGPPeer',
      { address: undefined },
      ['`spec.address` is required, unless interface names the link to the router, or range where routers call from'],
    ],
    [
      'BGPPeer',
      { address: undefined, range: 'fe80::/10' },
      ['`spec.range` cannot be of link-local addresses; name the link as interface'],
    ],
    [
      'BGPPeer',
      { range: '10.0.0.0/8' },
      ['`spec.address`: excludes range: the routers of a range call us; leave it out'],
    ],
    [
      'BGPPeer',
      { address: undefined, range: '10.0.0.0/33' },
      ['`spec.range`: "10.0.0.0/33" is not a prefix; write it like 192.0.2.0/24 or 2001:db8::/32'],
    ],
    [
      'BGPPeer',
      { maxDynamicPeers: 5 },
      ['`spec.maxDynamicPeers` is for a range; leave it out, or give range instead of address'],
    ],
    [
      'BGPPeer',
      { interface: 'eth1' },
      ['`spec.interface`: excludes address: the router at the other end is found by itself; leave one of them out'],
    ],
    ['BGPPeer', { ttlSecurity: { hops: 0 } }, ['`spec.ttlSecurity.hops` must be at least 1']],
    ['BGPPeer', { ttlSecurity: { hops: 255 } }, ['`spec.ttlSecurity.hops` must be at most 254']],
    [
      'BGPPeer',
      { ttlSecurity: { hops: 2 }, multihopTtl: 2 },
      [
        '`spec.multihopTtl`: excludes ttlSecurity, which sends TTL 255; leave it out, and give the distance as ttlSecurity.hops',
      ],
    ],
    [
      'BGPPeer',
      { address: undefined, interface: 'eth1', multihopTtl: 2, localAddress: '192.0.2.1' },
      [
        '`spec.multihopTtl`: excludes interface: the router is on that link; leave it out',
        '`spec.localAddress`: excludes interface: the link-local address of that interface is used; leave it out',
      ],
    ],
    ['BGPPeer', { passwordFile: 'tor.password' }, ['`spec.passwordFile` must be an absolute path']],
    ['BGPPeer', { bfd: { minTxMs: 9 } }, ['`spec.bfd.minTxMs` must be at least 10']],
    ['BGPPeer', { bfd: { minRxMs: 60_001 } }, ['`spec.bfd.minRxMs` must be at most 60000']],
    ['BGPPeer', { bfd: { minRxMs: 0.5 } }, ['`spec.bfd.minRxMs` must be a whole number, not the number 0.5']],
    [
      'BGPPeer',
      { bfd: { multiplier: 0, minTxMs: '50' } },
      ['`spec.bfd.multiplier` must be at least 1', '`spec.bfd.minTxMs` must be a number, not the text "50"'],
    ],
    ['BGPPeer', { bfd: { multiplier: 256 } }, ['`spec.bfd.multiplier` must be at most 255']],
    ['BGPPeer', { bfd: { minTx: 50 } }, ['unknown field `spec.bfd.minTx`; known here: minTxMs, minRxMs, multiplier']],
    ['BGPPeer', { bfd: { minTxMS: 50 } }, ['unknown field `spec.bfd.minTxMS`; did you mean `minTxMs`?']],
    ['BGPPeer', { bfd: 50 }, ['`spec.bfd` must be true, false, or a mapping of minTxMs, minRxMs and multiplier']],
    ['BGPPeer', { bfd: 'yes' }, ['`spec.bfd` must be true, false, or a mapping of minTxMs, minRxMs and multiplier']],
    ['BGPPeer', { sendHoldSeconds: 90 }, ['`spec.sendHoldSeconds` must be more than holdTimeSeconds, 90 (RFC 9687 4)']],
    [
      'BGPPeer',
      { gracefulRestart: { restartTimeSeconds: 4096 } },
      ['`spec.gracefulRestart.restartTimeSeconds` must be at most 4095'],
    ],
    ['BGPPeer', { import: [] }, ['`spec.import` must have at least 1 entry']],
    [
      'BGPPeer',
      { maxPrefixes: { 'ipv4-unicast': { limit: 0 } } },
      ['`spec.maxPrefixes.ipv4-unicast.limit` must be at least 1'],
    ],
    ['BGPPeer', { localAsNumber: 23_456 }, ['`spec.localAsNumber` is reserved (RFC 6793, RFC 7300); choose another']],
    [
      'RoutePolicy',
      term({ match: { prefixes: [{ cidr: '10.0.0.0/8', ge: 7 }] } }),
      ['`spec.terms[0].match.prefixes[0].ge` must be at least 8, the length of 10.0.0.0/8'],
    ],
    [
      'RoutePolicy',
      term({ match: { prefixes: [{ cidr: '10.0.0.0/8', le: 33 }] } }),
      ['`spec.terms[0].match.prefixes[0].le` must be at most 32'],
    ],
    [
      'RoutePolicy',
      term({ match: { prefixes: [{ cidr: '2001:db8::/32', ge: 64, le: 48 }] } }),
      ['`spec.terms[0].match.prefixes[0].le` must be at least 64'],
    ],
    [
      'RoutePolicy',
      term({ match: { communities: ['65536:1'] } }),
      [
        '`spec.terms[0].match.communities[0]`: "65536:1" is not a community; write it like 65001:100, 65001:* or NO_EXPORT',
      ],
    ],
    [
      'RoutePolicy',
      term({ set: { communities: { add: ['65001:*'] } } }),
      ['`spec.terms[0].set.communities.add[0]`: "65001:*" is not a community; write it like 65001:100 or NO_EXPORT'],
    ],
    [
      'RoutePolicy',
      term({ set: { communities: { set: [], remove: ['*:*'] } } }),
      ['`spec.terms[0].set.communities.remove` has no meaning beside set; leave one of them out'],
    ],
    [
      'RoutePolicy',
      term({ action: 'reject', set: { med: 1 } }),
      ['`spec.terms[0].set` has no effect on a rejected route; leave it out'],
    ],
    ['RoutePolicy', term({ action: 'next' }), ['`spec.terms[0].set` is missing: action next without it does nothing']],
    [
      'RoutePolicy',
      term({ match: { metric: { ge: 2, le: 1 } } }),
      ['`spec.terms[0].match.metric.le` must not be less than ge'],
    ],
    [
      'RoutePolicy',
      term({ match: { asPath: { pattern: '65001 (65002' } } }),
      [
        '`spec.terms[0].match.asPath.pattern`: "65001 (65002" has a "(" without a ")"; write it like "65001 .* (65010|65020)"',
      ],
    ],
    ['RoutePolicy', term({ set: { prepend: 33 } }), ['`spec.terms[0].set.prepend` must be at most 32']],
  ])('%s %j', (kind, spec, messages) => {
    expect(messagesOf(kind, spec)).toEqual(messages);
  });
});
