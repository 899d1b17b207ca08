import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BgpCapturedMessage, BgpFamily } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BGP_FAMILIES, decodeMessage, initialContext, messageType } from '../../src/codec/index.ts';
import { BmpReader, type ReadBmp } from '../bmp/bmp-reader.ts';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { dissect } from '../lab/tshark.ts';
import { COMPLAINTS, FIELD_NAMES, fieldsOf } from '../lab/tshark-fields.ts';
import { itWithOtherUsers } from '../lab/unprivileged.ts';
import { waitUntil } from '../lab/wait-until.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../../..');
const FABRICCTL = join(ROOT, 'bin/fabricctl');
const NODE = join(ROOT, 'node_modules/.bin/node');
const COLLECTOR = join(import.meta.dirname, '../lab/bmp-collector-main.ts');

const MANIFESTS = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-1 }
spec: { hosts: 'all()', asNumber: 65000, address: 192.0.2.254 }
`;

let stack: AsyncDisposableStack;
let host: Namespace;
let speaker: SpeakerProcess;
let directory: string;
let bmp: ReadBmp[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  directory = await mkdtemp(join(tmpdir(), 'visibility-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const rack = stack.use(await Rack.create('vis', { ipv6: true }));
  host = rack.host;
  await addTap(host, ['203.0.113.10/32']);
  const bird = stack.use(await BirdRouter.create(rack.tor));
  bmp = [];
  let listening = false;
  const reader = new BmpReader();
  rack.tor.spawn(NODE, [COLLECTOR, '192.0.2.254', '11019'], (text) => {
    listening = true;
    for (const line of text.split('\n')) bmp.push(...reader.push(Buffer.from(line, 'hex')));
  });
  await waitUntil('the collector listens', () => listening);
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  const wire = join(directory, 'bmp.pcap');
  let capturing = false;
  host.spawn('tcpdump', ['-U', '-i', 'eth0', '-w', wire, 'tcp', 'port', '11019'], (text) => {
    capturing ||= text.includes('listening');
  });
  await waitUntil('tcpdump listens', () => capturing);
  speaker.start([
    ...['--bmp', '192.0.2.254:11019', '--bmp-ribs', 'in,out,loc'],
    ...['--mrt-updates', join(directory, 'updates.mrt')],
  ]);
  await bird.start(birdConfiguration({ ...TOR, originates: ['0.0.0.0/0', '::/0'] }));
  await speaker.established('tor-1');
  await waitUntil('routes', async () => (await speaker.routes('0.0.0.0/0')).length === 1);
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function fabricctl(...args: readonly string[]): Promise<string> {
  return (await run(FABRICCTL, ['--speaker-socket', speaker.controlSocket, ...args])).stdout;
}

/** Lines of bgpdump's one-line format, without the time. */
async function bgpdump(path: string): Promise<readonly string[]> {
  const { stdout } = await run('bgpdump', ['-m', path]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/\|\d+(\.\d+)?\|/, '|'));
}

describe('what others read of what the speaker shows', () => {
  it('a watch, line by line', async () => {
    const watch = spawn(FABRICCTL, ['--speaker-socket', speaker.controlSocket, 'bgp', 'watch', '--count', '4']);
    let lines = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      lines += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => watch.once('exit', resolve));
    await waitUntil('the watch has begun', () => lines.includes('session  tor-1 Established'));
    await host.ip('route del 203.0.113.10/32 dev tap0 proto 133');
    await waitUntil('the withdrawal', () => lines.includes('sent     tor-1 203.0.113.10/32 withdrawn'));
    await host.ip('route add 203.0.113.11/32 dev tap0 proto 133');
    expect(await ended).toBe(0);
    const events = lines
      .trim()
      .split('\n')
      .map((line) => line.slice('2026-01-01T00:00:00.000Z '.length));
    expect(events.slice(1)).toEqual([
      'best     203.0.113.10/32 unreachable',
      'sent     tor-1 203.0.113.10/32 withdrawn',
      'best     203.0.113.11/32 local',
    ]);
  });

  it('a table dump, by bgpdump', async () => {
    const path = join(directory, 'table.mrt');
    expect(await fabricctl('bgp', 'dump', path)).toMatch(/^3 prefixes, /);
    expect((await bgpdump(path)).toSorted()).toEqual([
      'TABLE_DUMP2|B|0.0.0.0|64601|203.0.113.10/32||IGP|0.0.0.0|0|0||NAG||',
      'TABLE_DUMP2|B|192.0.2.254|65000|0.0.0.0/0|65000|IGP|192.0.2.254|0|0||NAG||',
      expect.stringMatching(/^TABLE_DUMP2\|B\|192\.0\.2\.254\|65000\|::\/0\|65000\|IGP\|2001:db8:a::fe\|/),
    ]);
  });

  it('the log of messages, by bgpdump', async () => {
    const path = join(directory, 'updates.mrt');
    const lines = await waitUntil('a log with the route', async () => {
      const all = await bgpdump(path);
      return all.some((line) => line.includes('|0.0.0.0/0|')) ? all : undefined;
    });
    expect(lines).toContain('BGP4MP_ET|STATE|192.0.2.254|65000|5|6');
    expect(lines).toContain('BGP4MP_ET|A|192.0.2.254|65000|0.0.0.0/0|65000|IGP|192.0.2.254|0|0||NAG||');
  });

  it('BMP, by a collector', async () => {
    const kinds = () => bmp.map(({ type }) => type);
    await waitUntil(
      () => `End-of-RIB at the collector: ${kinds().join(' ')}`,
      () => bmp.filter(({ type }) => type === 'route-monitoring').length >= 4,
    );
    expect(kinds()[0]).toBe('initiation');
    const up = bmp.find((message) => message.type === 'peer-up' && message.peer.type === 0);
    expect(up).toMatchObject({ peer: { asNumber: 65_000, routerId: '192.0.2.254' } });
    if (up?.type === 'peer-up') expect([up.localPort, up.remotePort]).toContain(179);
    const updates = bmp.flatMap((message) =>
      message.type === 'route-monitoring' ? [message.update.toString('hex')] : [],
    );
    // The NLRI of 0.0.0.0/0 is one octet behind the attributes.
    expect(updates.some((update) => update.endsWith('400304c00002fe00'))).toBe(true);
    // What it was told (203.0.113.10/32), and what is chosen of both.
    const flagsOf = (type: number) =>
      bmp.flatMap((message) =>
        message.type === 'route-monitoring' && message.peer.type === type ? [message.peer.flags] : [],
      );
    await waitUntil('Adj-RIB-Out and Loc-RIB', () => flagsOf(0).includes(0x50) && flagsOf(3).length > 2);
    await speaker.stop('SIGTERM');
    await waitUntil('goodbye', () => bmp.at(-1)?.type === 'termination');
    const wire = ['-r', join(directory, 'bmp.pcap'), '-d', 'tcp.port==11019,bmp'];
    const read = (...words: string[]) => host.exec('tshark', [...wire, ...words]);
    await waitUntil('tshark has the goodbye', async () => (await read('-Y', 'bmp.type == 5')) !== '');
    // This tshark takes the table's name behind the OPENs of Loc-RIB (RFC 9069 4.4) for another BGP message.
    const known = 'bmp.type == 3 && bmp.peer.type == 3';
    expect(await read('-Y', `_ws.malformed && !(${known})`)).toBe('');
    expect(
      await read('-Y', 'bmp.peer.type == 3', '-T', 'fields', '-e', 'bgp.update.path_attribute.next_hop'),
    ).toContain('192.0.2.254');
  });

  it('a capture, by tshark: every message of a session, as we decode it', async () => {
    const path = join(directory, 'tor-1.pcap');
    const captures = [
      ['-w', path],
      ['-o', 'json'],
    ].map((options) => {
      const child = spawn(FABRICCTL, [
        ...['--speaker-socket', speaker.controlSocket],
        ...['bgp', 'capture', 'tor-1', '--count', '13', ...options],
      ]);
      const output = { text: '', notes: '' };
      child.stdout.on('data', (chunk: Buffer) => {
        output.text += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        output.notes += chunk.toString();
      });
      return { output, ended: new Promise<number | null>((resolve) => child.once('exit', resolve)) };
    });
    await waitUntil('both captures have begun', () =>
      captures.every(({ output }) => output.notes.includes('capturing tor-1')),
    );
    await fabricctl('bgp', 'clear', 'tor-1');
    await speaker.established('tor-1');
    await host.ip('route add 2001:db8:1::10/128 dev tap0 proto 133');
    await host.ip('route add 203.0.113.12/32 dev tap0 proto 133');
    await host.ip('route del 2001:db8:1::10/128 dev tap0 proto 133');
    expect(await Promise.all(captures.map(({ ended }) => ended))).toEqual([0, 0]);
    const captured = (captures[1]?.output.text ?? '')
      .trim()
      .split('\n')
      .map((line): BgpCapturedMessage => JSON.parse(line));
    const context = { ...initialContext('ebgp'), fourOctetAs: true, families: new Set<BgpFamily>(BGP_FAMILIES) };
    const read = await dissect(path, [...COMPLAINTS, ...FIELD_NAMES], { asOctets: 4 });
    expect(read).toHaveLength(captured.length);
    const names = new Set<string>();
    for (const [index, { octets, message: name, fields }] of captured.entries()) {
      const message = Buffer.from(octets, 'base64');
      const decoded = decodeMessage({ type: messageType(message), octets: message }, context);
      if (!decoded.ok) throw new Error(decoded.reason);
      expect({ name, fields: read[index] }).toEqual({
        name,
        fields: new Map([...COMPLAINTS.map((field) => [field, []] as const), ...fieldsOf(decoded.value, context)]),
      });
      names.add(fields.some((field) => field.name === 'End-of-RIB') ? 'End-of-RIB' : name);
    }
    expect(names).toEqual(new Set(['NOTIFICATION', 'OPEN', 'KEEPALIVE', 'UPDATE', 'End-of-RIB']));
  });

  itWithOtherUsers('a capture, by tcpdump', async () => {
    const path = join(directory, 'tor-1.pcap');
    const capture = spawn(FABRICCTL, [
      ...['--speaker-socket', speaker.controlSocket],
      ...['bgp', 'capture', 'tor-1', '--count', '5', '-w', path],
    ]);
    let notes = '';
    capture.stderr.on('data', (chunk: Buffer) => {
      notes += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => capture.once('exit', resolve));
    await waitUntil('the capture has begun', () => notes.includes('capturing tor-1 (192.0.2.254, Established) on h1'));
    await fabricctl('bgp', 'clear', 'tor-1');
    expect(await ended).toBe(0);
    const { stdout } = await run('tcpdump', ['-n', '-vv', '-r', path]);
    for (const text of [
      'Notification Message (3)',
      'Open Message (1)',
      'Keepalive Message (4)',
      'Administrative Reset',
    ]) {
      expect(stdout).toContain(text);
    }
    expect(stdout).not.toMatch(/incorrect|bad cksum|\[\|BGP/);
  });
});
