import { describe, expect, test } from 'vitest';
import { matchConnections } from '../src/conntrack/match-connections.ts';
import { parseLinkListing, readLinkRecord } from '../src/link/parse-link.ts';
import { parseNeighbourListing, parseNeighbourRecord } from '../src/neighbour/parse-neighbour.ts';
import { LineSplitter } from '../src/process/line-splitter.ts';

// Recorded from iproute2 6.1 and conntrack 1.4.7.
describe('links', () => {
  test.each([
    [
      '3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group 0 \\    link/[1] 22:67:eb:60:97:d3 brd ff:ff:ff:ff:ff:ff',
      { name: 'v0', index: 3, up: true, carrier: true, mac: '22:67:eb:60:97:d3', mtu: 1500 },
    ],
    [
      '5: w0@NONE: <BROADCAST,MULTICAST> mtu 9000 qdisc noqueue state DOWN group 0 \\    link/[1] 1e:00:9d:69:71:98 brd ff:ff:ff:ff:ff:ff',
      { name: 'w0', index: 5, up: false, carrier: false, mac: '1e:00:9d:69:71:98', mtu: 9000 },
    ],
    [
      '7: z0@@z1: <BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noop state DOWN group 0 \\    link/[1] b2:23:fb:b0:4f:ba brd ff:ff:ff:ff:ff:ff',
      { name: 'z0@', index: 7, up: false, carrier: false, mac: 'b2:23:fb:b0:4f:ba', mtu: 1500 },
    ],
    [
      '9: tun0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1400 qdisc noqueue state UNKNOWN group 0 \\    link/[65534] ',
      { name: 'tun0', index: 9, up: true, carrier: true, mtu: 1400 },
    ],
  ])('record %#', (text, link) => {
    expect(readLinkRecord(text)).toEqual(link);
  });

  test('what is no link record is none', () => {
    expect(readLinkRecord('')).toBeUndefined();
    expect(readLinkRecord('3: v0: <UP>')).toBeUndefined();
  });

  test('a listing, with the empty objects that ip prints for what it left out', () => {
    const json =
      '[{},{"ifindex":3,"link":"v1","ifname":"v0","flags":["BROADCAST","UP","LOWER_UP"],"mtu":1500,"address":"22:67:eb:60:97:d3"}]';
    expect(parseLinkListing(json)).toEqual([
      { name: 'v0', index: 3, up: true, carrier: true, mac: '22:67:eb:60:97:d3', mtu: 1500 },
    ]);
  });
});

describe('neighbours', () => {
  test.each([
    [
      '10.0.0.1 dev v0 lladdr 52:54:00:00:00:01 PERMANENT ',
      { device: 'v0', address: '10.0.0.1', mac: '52:54:00:00:00:01', permanent: true },
    ],
    [
      '2001:db8::1 dev v0 lladdr 52:54:00:00:00:01 router STALE ',
      { device: 'v0', address: '2001:db8::1', mac: '52:54:00:00:00:01', permanent: false },
    ],
    ['10.0.0.1 dev v0  FAILED ', { device: 'v0', address: '10.0.0.1', permanent: false }],
    ['10.0.0.1 dev v0 proxy', undefined],
    ['dev a.b lladdr 06:7d:e4:8d:f8:9e PERMANENT ', undefined],
  ])('record "%s"', (text, record) => {
    expect(parseNeighbourRecord(text)).toEqual(record);
  });

  test('a listing', () => {
    const json =
      '[{"dst":"10.0.0.1","dev":"v0","lladdr":"52:54:00:00:00:01","state":["PERMANENT"]},{"dst":"10.0.0.2","dev":"v0","state":["FAILED"]}]';
    expect(parseNeighbourListing(json)).toEqual([{ device: 'v0', address: '10.0.0.1', mac: '52:54:00:00:00:01' }]);
  });
});

describe('connections', () => {
  const listing = [
    'tcp      6 99 ESTABLISHED src=10.0.0.1 dst=10.1.0.1 sport=1000 dport=80 [UNREPLIED] src=10.1.0.1 dst=192.0.2.7 sport=80 dport=1000 mark=0 use=1',
    'udp      17 99 src=2001:db8::1 dst=2001:db8::2 sport=1 dport=2 src=2001:db8::2 dst=2001:db8::1 sport=2 dport=1 mark=0 use=1',
    'icmp     1 29 src=10.0.0.2 dst=10.0.0.1 type=8 code=0 id=1 src=10.0.0.1 dst=10.0.0.2 type=0 code=0 id=1 mark=0 use=1',
    '',
  ].join('\n');

  test('counts connections once and tells where each address stands', () => {
    expect(matchConnections(listing, new Set(['10.0.0.1']))).toEqual({
      connections: 2,
      matches: [
        { position: 0, address: '10.0.0.1' },
        { position: 1, address: '10.0.0.1' },
        { position: 2, address: '10.0.0.1' },
      ],
    });
    expect(matchConnections(listing, new Set(['192.0.2.7'])).matches).toEqual([{ position: 3, address: '192.0.2.7' }]);
    expect(matchConnections(listing, new Set(['10.0.0.11'])).connections).toBe(0);
  });
});

test('lines that come in pieces', () => {
  const splitter = new LineSplitter();
  expect(splitter.push('one\ntw')).toEqual(['one']);
  expect(splitter.push('')).toEqual([]);
  expect(splitter.push('o\n\nthree')).toEqual(['two', '']);
  expect(splitter.push('\n')).toEqual(['three']);
});
