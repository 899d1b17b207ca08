import { readFile, stat } from 'node:fs/promises';
import type { BgpCaptureEvent, BgpWatchEvent } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { serveSpeaker } from './test-daemons.ts';

const AT = '2026-11-25T10:00:00.000Z';
const ROUTE = { nextHop: '192.0.2.1', asPath: '64901 65001', origin: 'igp', med: 5, communities: ['64901:1'] };

const EVENTS: readonly BgpWatchEvent[] = [
  { at: AT, type: 'session', peer: 'tor-a', address: '192.0.2.1', state: 'Established' },
  { at: AT, type: 'received', peer: 'tor-a', prefix: '10.70.0.5/32', route: ROUTE },
  { at: AT, type: 'received', peer: 'tor-a', prefix: '127.0.0.0/8', route: ROUTE, rejected: 'martian prefix' },
  { at: AT, type: 'best', prefix: '10.70.0.5/32', routes: [{ source: 'tor-a', ...ROUTE, communities: [] }] },
  { at: AT, type: 'best', prefix: '10.70.0.6/32', routes: [] },
  { at: AT, type: 'sent', peer: 'tor-a', prefix: '203.0.113.10/32' },
  { at: AT, type: 'received', peer: 'tor-a', prefix: '10.70.0.7/32', pathId: 2 },
  { at: AT, type: 'lost', events: 12 },
  {
    at: AT,
    type: 'session',
    peer: 'tor-a',
    address: '192.0.2.1',
    state: 'Idle',
    before: 'Established',
    reason: 'hold timer expired',
  },
];

/** An UPDATE, End-of-RIB; 23 octets. */
const END_OF_RIB = Buffer.from(`${'ff'.repeat(16)}00170200000000`, 'hex');

const CAPTURE: readonly BgpCaptureEvent[] = [
  { type: 'started', peer: 'tor-a', address: '192.0.2.1', state: 'Established' },
  {
    type: 'message',
    wallMs: Date.parse(AT) + 1.5,
    peer: 'tor-a',
    direction: 'received',
    message: 'UPDATE',
    fields: [
      { name: 'End-of-RIB', values: ['ipv4-unicast'] },
      { name: 'X', values: Array.from({ length: 12 }, (_, index) => String(index)) },
    ],
    octets: END_OF_RIB.toString('base64'),
    connection: {
      localAddress: '192.0.2.11',
      remoteAddress: '192.0.2.1',
      localPort: 40_000,
      remotePort: 179,
      initiator: 'local',
    },
  },
];

describe('fabricctl bgp watch', () => {
  it('prints a line per event, until the speaker ends the stream', async () => {
    await using fabric = await TestFabric.create();
    const asked: unknown[] = [];
    await using _speaker = await serveSpeaker(fabric.at('speaker.sock'), {
      watch: EVENTS,
      onQuestion: (method, question) => asked.push([method, question]),
    });
    const { code, out, err } = await fabric.run(['bgp', 'watch', 'tor-a']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replaceAll(AT, 'AT').split('\n')).toEqual([
      'AT session  tor-a Established',
      'AT received tor-a 10.70.0.5/32 via 192.0.2.1 path 64901 65001 med 5 communities 64901:1',
      'AT received tor-a 127.0.0.0/8 via 192.0.2.1 path 64901 65001 med 5 communities 64901:1 rejected: martian prefix',
      'AT best     10.70.0.5/32 tor-a via 192.0.2.1 path 64901 65001 med 5',
      'AT best     10.70.0.6/32 unreachable',
      'AT sent     tor-a 203.0.113.10/32 withdrawn',
      'AT received tor-a 10.70.0.7/32 path-id 2 withdrawn',
      'AT lost     12 events: too many to print as fast as they came',
      'AT session  tor-a Idle (was Established): hold timer expired',
      '',
    ]);
    expect(asked).toEqual([['speaker.watch', { peer: 'tor-a' }]]);
  });

  it('ends after --count, and prints a JSON object per line', async () => {
    await using fabric = await TestFabric.create();
    await using _speaker = await serveSpeaker(fabric.at('speaker.sock'), { watch: EVENTS });
    const { code, out } = await fabric.run(['bgp', 'watch', '--count', '2', '-o', 'json']);
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(EVENTS.slice(0, 2).map((event) => ({ host: 'compute-a1', ...event })));
    expect((await fabric.run(['bgp', 'watch', '--count', 'x'])).code).toBe(2);
  });

  it('names the host where there are several speakers, and goes on without one that does not answer', async () => {
    await using fabric = await TestFabric.create();
    await using _speaker = await serveSpeaker(fabric.at('speaker.sock'), { watch: EVENTS.slice(0, 1) });
    const sockets = ['--speaker-socket', fabric.at('speaker.sock'), '--speaker-socket', fabric.at('none.sock')];
    const { code, out, err } = await fabric.run(['bgp', 'watch', ...sockets]);
    expect(out).toBe(`${AT} compute-a1 session  tor-a Established\n`);
    expect(err).toContain('none.sock');
    expect(code).toBe(4);
  });

  it('fails if no speaker answers', async () => {
    await using fabric = await TestFabric.create();
    const { code, err } = await fabric.run(['bgp', 'watch']);
    expect(code).toBe(4);
    expect(err).toContain('bgp-speaker: no daemon answers');
  });
});

describe('fabricctl bgp capture', () => {
  it('prints messages with their fields', async () => {
    await using fabric = await TestFabric.create();
    await using _speaker = await serveSpeaker(fabric.at('speaker.sock'), { capture: CAPTURE });
    const { code, out, err } = await fabric.run(['bgp', 'capture', 'tor-a']);
    expect(code).toBe(0);
    expect(err).toBe('capturing tor-a (192.0.2.1, Established) on compute-a1\n');
    expect(out).toBe(
      [
        '2026-11-25T10:00:00.001Z tor-a received UPDATE, 23 octets',
        '    End-of-RIB  ipv4-unicast',
        '    X           0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more',
        '',
      ].join('\n'),
    );
  });

  it('writes a pcap file', async () => {
    await using fabric = await TestFabric.create();
    await using _speaker = await serveSpeaker(fabric.at('speaker.sock'), { capture: CAPTURE });
    const path = fabric.at('tor-a.pcap');
    const { code, out } = await fabric.run(['bgp', 'capture', 'tor-a', '-w', path]);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    const file = await readFile(path);
    expect(file.length).toBe(24 + 16 + 20 + 20 + END_OF_RIB.length);
    expect(file.readUInt32BE(20)).toBe(101);
    expect(file.readUInt32BE(24)).toBe(Date.parse(AT) / 1000);
    expect(file.readUInt32BE(28)).toBe(1500);
    expect(file.subarray(-END_OF_RIB.length)).toEqual(END_OF_RIB);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('fabricctl bgp dump', () => {
  it('writes the file whole, or not at all', async () => {
    await using fabric = await TestFabric.create();
    const path = fabric.at('table.mrt');
    expect((await fabric.run(['bgp', 'dump', path])).code).toBe(4);
    await expect(stat(`${path}.part`)).rejects.toThrow('ENOENT');
    await using _speaker = await serveSpeaker(fabric.at('speaker.sock'), { tableDump: ['AQI=', 'Aw=='] });
    const { code, out } = await fabric.run(['bgp', 'dump', path]);
    expect({ code, out }).toEqual({ code: 0, out: `1 prefixes, 3 octets in ${path}\n` });
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    await expect(stat(`${path}.part`)).rejects.toThrow('ENOENT');
  });
});
