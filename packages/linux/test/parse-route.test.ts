import { describe, expect, test } from 'vitest';
import { type KernelRoute, routesEqual } from '../src/index.ts';
import { parseRouteListing, parseRouteRecord, recordPrefix } from '../src/route/parse-route.ts';
import { renderRouteChange } from '../src/route/render-route.ts';

// Recorded from iproute2 6.1 with `ip -j -N` and `ip -N -oneline monitor`.
const LISTING4 = `[{"dst":"default","gateway":"192.0.2.9","dev":"v0","protocol":"135","prefsrc":"192.0.2.1","flags":[]},
{"dst":"10.0.0.1","dev":"v0","protocol":"133","scope":"253","flags":["linkdown"]},
{"dst":"10.0.0.9","via":{"family":"inet6","host":"fe80::9"},"dev":"v0","protocol":"135","flags":[]},
{"dst":"10.1.0.0/16","protocol":"135","flags":[],"nexthops":[{"gateway":"192.0.2.9","dev":"v0","weight":1,"flags":[]},{"via":{"family":"inet6","host":"fe80::7"},"dev":"w0","weight":3,"flags":[]}]},
{"type":"6","dst":"10.2.0.0/16","protocol":"135","flags":[]},
{"type":"3","dst":"10.2.255.255","dev":"v0","protocol":"2","scope":"253","flags":[]}]`;

describe('ip route listings', () => {
  test('IPv4: default, host, multipath, gateway of the other family, blackhole; broadcast is left out', () => {
    expect(parseRouteListing(LISTING4, 4)).toEqual([
      {
        family: 4,
        prefix: '0.0.0.0/0',
        type: 'unicast',
        protocol: 135,
        source: '192.0.2.1',
        nextHops: [{ gateway: '192.0.2.9', device: 'v0' }],
      },
      { family: 4, prefix: '10.0.0.1/32', type: 'unicast', protocol: 133, scope: 'link', nextHops: [{ device: 'v0' }] },
      {
        family: 4,
        prefix: '10.0.0.9/32',
        type: 'unicast',
        protocol: 135,
        nextHops: [{ gateway: 'fe80::9', device: 'v0' }],
      },
      {
        family: 4,
        prefix: '10.1.0.0/16',
        type: 'unicast',
        protocol: 135,
        nextHops: [
          { gateway: '192.0.2.9', device: 'v0' },
          { gateway: 'fe80::7', device: 'w0', weight: 3 },
        ],
      },
      { family: 4, prefix: '10.2.0.0/16', type: 'blackhole', protocol: 135, nextHops: [] },
    ]);
  });

  test('a listing by protocol leaves the protocol out', () => {
    const json = '[{"dst":"::/0","gateway":"fe80::1","dev":"v0","metric":77,"flags":[],"pref":"medium"}]';
    expect(parseRouteListing(json, 6, 135)).toMatchObject([{ prefix: '::/0', protocol: 135, metric: 77 }]);
    expect(parseRouteListing('', 6, 135)).toEqual([]);
  });

  test('protocol boot is not printed', () => {
    expect(parseRouteListing('[{"dst":"10.9.0.0/16","dev":"v0","scope":"253","flags":[]}]', 4)).toMatchObject([
      { protocol: 3 },
    ]);
  });

  test('IPv6 routes that lead nowhere hang on lo, which is no next hop', () => {
    const json = '[{"type":"7","dst":"2001:db8:72::/64","dev":"lo","protocol":"135","metric":1024,"flags":[]}]';
    expect(parseRouteListing(json, 6)).toMatchObject([{ type: 'unreachable', nextHops: [] }]);
  });
});

describe('ip monitor records', () => {
  test.each<readonly [string, Partial<KernelRoute> | undefined]>([
    [
      '10.0.0.1 dev v0 proto 133 scope 253 ',
      { family: 4, prefix: '10.0.0.1/32', type: 'unicast', protocol: 133, scope: 'link', nextHops: [{ device: 'v0' }] },
    ],
    ['10.0.0.9 via inet6 fe80::9 dev v0 proto 135 ', { nextHops: [{ gateway: 'fe80::9', device: 'v0' }] }],
    [
      '10.1.0.0/16 proto 135 \\\tnexthop via 192.0.2.9 dev v0 weight 1 \\\tnexthop via inet6 fe80::7 dev w0 weight 3 ',
      {
        prefix: '10.1.0.0/16',
        nextHops: [
          { gateway: '192.0.2.9', device: 'v0' },
          { gateway: 'fe80::7', device: 'w0', weight: 3 },
        ],
      },
    ],
    ['6 10.2.0.0/16 proto 135 ', { family: 4, type: 'blackhole', prefix: '10.2.0.0/16', nextHops: [] }],
    ['7 2001:db8:72::/64 dev lo proto 135 metric 1024 pref medium', { family: 6, type: 'unreachable', nextHops: [] }],
    [
      '2 10.70.0.1 dev lo table 255 proto 134 scope 254 ',
      { type: 'local', prefix: '10.70.0.1/32', protocol: 134, scope: 'host', nextHops: [{ device: 'lo' }] },
    ],
    [
      'default via 192.0.2.9 dev v0 proto 135 src 192.0.2.1 ',
      { family: 4, prefix: '0.0.0.0/0', source: '192.0.2.1', nextHops: [{ gateway: '192.0.2.9', device: 'v0' }] },
    ],
    ['default via fe80::1 dev v0 proto 135 metric 1024 pref medium', { family: 6, prefix: '::/0', metric: 1024 }],
    ['10.0.0.1 dev v0 proto 133 scope 253 linkdown', { nextHops: [{ device: 'v0' }] }],
    ['10.9.0.0/16 dev v0 scope 253 ', { prefix: '10.9.0.0/16', protocol: 3 }],
    ['10.0.0.1 dev v0 table 42 proto 133 scope 253 ', undefined],
    ['5 ff00::/8 dev v0 table 255 proto 2 metric 256 pref medium', undefined],
    ['3 192.0.2.255 dev v0 table 255 proto 2 scope 253 src 192.0.2.1 ', undefined],
    ['', undefined],
  ])('%s', (text, route) => {
    if (route === undefined) expect(parseRouteRecord(text)).toBeUndefined();
    else expect(parseRouteRecord(text)).toMatchObject(route);
  });

  test('the prefix alone', () => {
    expect(recordPrefix('10.0.0.1 dev v0 proto 133 ')).toBe('10.0.0.1/32');
    expect(recordPrefix('6 10.2.0.0/16 proto 135 ')).toBe('10.2.0.0/16');
    expect(recordPrefix('2001:db8::1 dev v0 proto 133 ')).toBe('2001:db8::1/128');
    expect(recordPrefix('default via 192.0.2.9 ')).toBeUndefined();
  });
});

describe('lines of ip -batch', () => {
  const route: KernelRoute = {
    family: 4,
    prefix: '10.1.0.0/16',
    type: 'unicast',
    protocol: 135,
    metric: 20,
    source: '192.0.2.1',
    nextHops: [{ gateway: '192.0.2.9', device: 'v0' }],
  };

  test('one next hop stands in the line, several in nexthop clauses', () => {
    expect(renderRouteChange({ op: 'replace', route })).toBe(
      'route replace unicast 10.1.0.0/16 table main proto 135 metric 20 src 192.0.2.1 via inet 192.0.2.9 dev v0',
    );
    const nextHops = [...route.nextHops, { gateway: 'fe80::7', device: 'w0', weight: 3 }];
    expect(renderRouteChange({ op: 'replace', route: { ...route, nextHops } })).toContain(
      'nexthop via inet 192.0.2.9 dev v0 weight 1 nexthop via inet6 fe80::7 dev w0 weight 3',
    );
  });

  test('a deletion names what identifies the route and nothing else', () => {
    expect(renderRouteChange({ op: 'delete', route })).toBe(
      'route del unicast 10.1.0.0/16 table main proto 135 metric 20',
    );
  });
});

describe('routesEqual', () => {
  const route: KernelRoute = {
    family: 4,
    prefix: '10.0.0.1/32',
    type: 'unicast',
    protocol: 133,
    nextHops: [{ device: 'v0' }],
  };

  test('defaults count as written, the order of next hops does not count', () => {
    expect(routesEqual(route, { ...route, scope: 'link', metric: 0, nextHops: [{ device: 'v0', weight: 1 }] })).toBe(
      true,
    );
    const hops = [{ gateway: '192.0.2.9' }, { gateway: '192.0.2.8', weight: 2 }];
    expect(routesEqual({ ...route, nextHops: hops }, { ...route, nextHops: hops.toReversed() })).toBe(true);
  });

  test.each<Partial<KernelRoute>>([
    { protocol: 134 },
    { metric: 1 },
    { scope: 'global' },
    { source: '192.0.2.1' },
    { type: 'local' },
    { nextHops: [{ device: 'v1' }] },
    { nextHops: [{ device: 'v0' }, { device: 'v1' }] },
  ])('%o makes another route', (change) => {
    expect(routesEqual(route, { ...route, ...change })).toBe(false);
  });
});
