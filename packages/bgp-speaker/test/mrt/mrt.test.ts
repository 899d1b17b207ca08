import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeKeepalive, prefixKeyFromText } from '../../src/codec/index.ts';
import { concatOctets } from '../../src/codec/octets.ts';
import { encodeMessage, encodeStateChange } from '../../src/mrt/bgp4mp-record.ts';
import { dumpStream } from '../../src/mrt/dump-stream.ts';
import { type DumpSources, dumpTables } from '../../src/mrt/dump-tables.ts';
import { encodeRibAttributes, encodeRibRecord } from '../../src/mrt/table-dump-record.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';
import { readMrt, readPeerIndex, readRib } from './mrt-reader.ts';

const SESSION = {
  peerAsNumber: 4_200_000_001,
  localAsNumber: 64_601,
  peerAddress: '192.0.2.1',
  localAddress: '192.0.2.11',
} as const;
const WALL_MS = 1_767_225_600_123;
const KEEPALIVE = `${'ff'.repeat(16)}001304`;

describe('BGP4MP records', () => {
  it('of a state change', () => {
    const [record] = readMrt(encodeStateChange(SESSION, WALL_MS, 'OpenConfirm', 'Established'));
    expect(record).toMatchObject({ seconds: 1_767_225_600, microseconds: 123_000, type: 17, subtype: 5 });
    expect(record?.body.toString('hex')).toBe('fa56ea010000fc5900000001c0000201c000020b00050006');
  });

  it('of messages, by direction, width of AS numbers and ADD-PATH', () => {
    const subtypes = [];
    for (const direction of ['received', 'sent'] as const) {
      for (const addPath of [false, true]) {
        for (const fourOctetAs of [false, true]) {
          const message = { session: SESSION, wallMs: WALL_MS, direction, fourOctetAs, addPath };
          const [record] = readMrt(encodeMessage({ ...message, octets: encodeKeepalive() }));
          subtypes.push(record?.subtype);
          expect(record?.body.toString('hex')).toBe(
            `${fourOctetAs ? 'fa56ea010000fc59' : '5ba0fc59'}00000001c0000201c000020b${KEEPALIVE}`,
          );
        }
      }
    }
    expect(subtypes).toEqual([1, 4, 8, 9, 6, 7, 10, 11]);
  });

  it('of IPv6 sessions, and before the local address is known', () => {
    const session = { ...SESSION, peerAddress: '2001:db8::1', localAddress: '' };
    const [record] = readMrt(encodeStateChange(session, 0, 'Idle', 'Active'));
    expect(record?.body.toString('hex')).toBe(
      `fa56ea010000fc5900000002${'20010db8000000000000000000000001'}${'00'.repeat(16)}00010003`,
    );
  });
});

describe('RIB records', () => {
  const attributes = encodeRibAttributes({ origin: 'igp', asPath: [] }, { address: '192.0.2.1' });

  it('have Path Identifiers if a route has one, 0 for those without', () => {
    const entries = [
      { peerIndex: 0, attributes },
      { peerIndex: 1, pathId: 7, attributes },
      { peerIndex: 1, pathId: 0xffff_ffff, attributes },
    ];
    const records = readMrt(
      concatOctets(
        ['198.51.100.0/24', '2001:db8::/32'].map((prefix) => encodeRibRecord(0, 5, prefixKeyFromText(prefix), entries)),
      ),
    );
    expect(records.map(({ subtype }) => subtype)).toEqual([8, 10]);
    for (const { body } of records) {
      const rib = readRib(body, true);
      expect(rib.sequence).toBe(5);
      expect(rib.entries.map(({ peer, pathId }) => [peer, pathId])).toEqual([
        [0, 0],
        [1, 7],
        [1, 0xffff_ffff],
      ]);
      expect(new Set(rib.entries.map((entry) => entry.attributes.get(3)))).toEqual(new Set(['c0000201']));
    }
  });

  it('have none otherwise', () => {
    const record = encodeRibRecord(0, 0, prefixKeyFromText('198.51.100.0/24'), [{ peerIndex: 0, attributes }]);
    const [read] = readMrt(record);
    expect(read?.subtype).toBe(2);
    expect(read && readRib(read.body).entries).toHaveLength(1);
  });
});

describe('table dumps', () => {
  let clock: FakeClock;
  let host: LabHost;

  beforeEach(async () => {
    clock = new FakeClock();
    const network = new MemoryNetwork(clock);
    const families = ['ipv4-unicast', 'ipv6-unicast'];
    host = new LabHost(clock, network, { name: 'h', address: '192.0.2.1', address6: '2001:db8::1', asNumber: 64_601 });
    await host.prepare();
    for (const [name, address, address6, asNumber] of [
      ['t1', '192.0.2.11', '2001:db8::11', 65_001],
      ['t2', '192.0.2.12', '2001:db8::12', 4_200_000_002],
    ] as const) {
      const tor = new LabHost(clock, network, { name, address, address6, asNumber });
      await tor.prepare();
      host.addPeer(name, address, asNumber, { families });
      tor.addPeer('h', '192.0.2.1', 64_601, { families, passive: true });
      await tor.start();
      tor.addInstance('198.51.100.0/24');
      tor.addInstance('2001:db8:100::/48');
      if (name === 't1') tor.addInstance('127.0.0.0/8');
    }
    host.addInstance('203.0.113.10/32');
    host.addInstance('2001:db8:1::10/128');
    await host.start();
    await clock.advanceAsync(5000);
  });

  function sources(): DumpSources {
    const { plan, neighbors, locRib } = host.speaker;
    return {
      asNumber: plan.asNumber ?? 0,
      routerId: plan.routerId ?? '',
      peers: [...neighbors.values()],
      local: locRib.localRoutes,
      wallMs: clock.wallMs(),
    };
  }

  it('have the peers, and every route of every peer and of this host', () => {
    const [index, ...ribs] = readMrt(concatOctets([...dumpTables(sources())]));
    expect(index).toMatchObject({ type: 13, subtype: 1, seconds: Math.floor(clock.wallMs() / 1000) });
    expect(readPeerIndex(index?.body ?? Buffer.alloc(0))).toEqual({
      collector: '192.0.2.1',
      peers: [
        { routerId: '192.0.2.1', address: '0.0.0.0', asNumber: 64_601 },
        { routerId: '192.0.2.11', address: '192.0.2.11', asNumber: 65_001 },
        { routerId: '192.0.2.12', address: '192.0.2.12', asNumber: 4_200_000_002 },
      ],
    });
    const read = ribs.map(({ subtype, body }) => ({ subtype, ...readRib(body) }));
    expect(read.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4]);
    const routes = read.flatMap(({ subtype, prefix, length, entries }) =>
      entries.map(({ peer, attributes }) =>
        [subtype, `${prefix}/${length}`, peer, attributes.get(2), attributes.get(3) ?? attributes.get(14)].join(' '),
      ),
    );
    expect(routes.toSorted()).toEqual(
      [
        '2 cb00710a/32 0  00000000',
        '2 c63364/24 1 02010000fde9 c000020b',
        '2 c63364/24 2 0201fa56ea02 c000020c',
        '2 7f/8 1 02010000fde9 c000020b',
        `4 20010db8000100000000000000000010/128 0  10${'00'.repeat(16)}`,
        '4 20010db80100/48 1 02010000fde9 1020010db8000000000000000000000011',
        '4 20010db80100/48 2 0201fa56ea02 1020010db8000000000000000000000012',
      ].toSorted(),
    );
  });

  it('come in pieces of whole records, counted, and end when nobody wants them any more', async () => {
    for (let index = 0; index < 3000; index += 1) host.addInstance(`10.0.${index >> 8}.${index & 255}/32`);
    await clock.advanceAsync(1000);
    const pieces: { readonly octets: string; readonly prefixes: number }[] = [];
    for await (const piece of dumpStream(sources(), new AbortController().signal)) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    const records = pieces.flatMap(({ octets }) => readMrt(Buffer.from(octets, 'base64')));
    expect(records.length).toBe(3006);
    expect(pieces.at(-1)?.prefixes).toBe(3005);
    const life = new AbortController();
    life.abort();
    let count = 0;
    for await (const _piece of dumpStream(sources(), life.signal)) count += 1;
    expect(count).toBe(1);
  });
});
