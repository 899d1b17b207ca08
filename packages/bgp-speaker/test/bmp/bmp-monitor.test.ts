import { FakeClock, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { BmpMonitor, type BmpMonitorOptions } from '../../src/bmp/bmp-monitor.ts';
import type { BmpView } from '../../src/bmp/reported-table.ts';
import { type DecodedUpdate, decodeUpdate, initialContext, prefixKeyToText } from '../../src/codec/index.ts';
import type { BgpConnection } from '../../src/session/transport.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';
import { BmpReader, type ReadBmp, type ReadPeerHeader } from './bmp-reader.ts';

const HOST = '192.0.2.1';
const TOR = '192.0.2.11';
const COLLECTOR = '192.0.2.99';
const IPV4_IN_16 = (last: string) => `${'00'.repeat(12)}c00002${last}`;

let clock: FakeClock;
let network: MemoryNetwork;
let host: LabHost;
let tor: LabHost;

beforeEach(async () => {
  clock = new FakeClock();
  network = new MemoryNetwork(clock);
  const families = ['ipv4-unicast', 'ipv6-unicast'];
  host = new LabHost(clock, network, { name: 'h', address: HOST, address6: '2001:db8::1', asNumber: 64_601 });
  tor = new LabHost(clock, network, { name: 't', address: TOR, address6: '2001:db8::11', asNumber: 4_200_000_001 });
  await host.prepare();
  await tor.prepare();
  host.addPeer('t', TOR, 4_200_000_001, { families });
  tor.addPeer('h', HOST, 64_601, { families, passive: true });
  tor.addInstance('198.51.100.0/24');
  tor.addInstance('2001:db8:100::/48');
  tor.addInstance('127.0.0.0/8');
  await tor.start();
  await host.start();
});

/** A collector that keeps what it reads of each connection. */
class TestCollector {
  readonly sessions: { readonly messages: ReadBmp[]; readonly connection: BgpConnection; closed: boolean }[] = [];

  listen(): void {
    network.listen(COLLECTOR, (incoming) => {
      const reader = new BmpReader();
      const messages: ReadBmp[] = [];
      const session = {
        messages,
        closed: false,
        connection: incoming.accept({
          onConnected: () => undefined,
          onData: (chunk) => void messages.push(...reader.push(chunk)),
          onWritten: () => undefined,
          onClosed: () => {
            session.closed = true;
          },
        }),
      };
      this.sessions.push(session);
    });
  }

  get messages(): readonly ReadBmp[] {
    return this.sessions.at(-1)?.messages ?? [];
  }
}

function monitor(
  views: readonly BmpView[] = ['pre-policy'],
  options: Pick<BmpMonitorOptions, 'locRib'> = {},
): Disposable {
  const stack = new DisposableStack();
  const bmp = stack.use(
    new BmpMonitor({
      collectors: [{ host: COLLECTOR, port: 11_019 }],
      views,
      ...options,
      sysName: 'h',
      sysDescr: 'slash32',
      clock,
      random: () => 0.5,
      logger: silentLogger,
      transport: network.transport(HOST),
    }),
  );
  stack.use(host.speaker.observers.add(bmp));
  bmp.start();
  return stack;
}

function decoded(update: Uint8Array): DecodedUpdate {
  return decodeUpdate(update, {
    ...initialContext('ebgp'),
    fourOctetAs: true,
    families: new Set(['ipv4-unicast', 'ipv6-unicast']),
  });
}

/** By Peer Type and Peer Flags. */
function viewOf({ type, flags }: ReadPeerHeader): string {
  if (type === 3) return 'loc';
  return flags === 0x50 ? 'out' : flags === 0x40 ? 'post' : 'pre';
}

/** One word and what matters, per message. */
function summary(messages: readonly ReadBmp[]): readonly string[] {
  return messages.map((message) => {
    switch (message.type) {
      case 'route-monitoring': {
        const { endOfRib, withdrawn, reachable, errors } = decoded(message.update);
        expect(errors).toEqual([]);
        const texts = (blocks: DecodedUpdate['withdrawn']) =>
          blocks.flatMap(({ prefixes }) => prefixes.map(prefixKeyToText)).toSorted();
        return [
          viewOf(message.peer),
          ...(endOfRib === undefined ? [] : [`end ${endOfRib}`]),
          ...texts(withdrawn).map((prefix) => `-${prefix}`),
          ...texts(reachable).map((prefix) => `+${prefix}`),
        ].join(' ');
      }
      case 'peer-down':
        return `peer-down ${message.reason}`;
      default:
        return message.type;
    }
  });
}

describe('BMP', () => {
  it('tells a collector that comes late everything, then what changes', async () => {
    const collector = new TestCollector();
    using _monitor = monitor();
    await clock.advanceAsync(5000);
    collector.listen();
    await clock.advanceAsync(10_000);
    expect(summary(collector.messages)).toEqual([
      'initiation',
      'peer-up',
      'pre +127.0.0.0/8 +198.51.100.0/24',
      'pre +2001:db8:100::/48',
      'pre end ipv4-unicast',
      'pre end ipv6-unicast',
    ]);
    const before = collector.messages.length;
    tor.addInstance('198.51.101.0/24');
    await tor.removeInstance('198.51.100.0/24');
    await clock.advanceAsync(1000);
    expect(summary(collector.messages.slice(before))).toEqual(['pre -198.51.100.0/24', 'pre +198.51.101.0/24']);
  });

  it('tells who and whose', async () => {
    const collector = new TestCollector();
    collector.listen();
    using _monitor = monitor();
    await clock.advanceAsync(5000);
    const [initiation, up, first] = collector.messages;
    if (initiation?.type !== 'initiation' || up?.type !== 'peer-up' || first?.type !== 'route-monitoring') {
      throw new Error(summary(collector.messages).join(', '));
    }
    expect(initiation.tlvs.map(([type, value]) => [type, value.toString()])).toEqual([
      [1, 'slash32'],
      [2, 'h'],
    ]);
    const peer = { type: 0, flags: 0, address: IPV4_IN_16('0b'), asNumber: 4_200_000_001, routerId: TOR };
    expect(up).toMatchObject({ peer, localAddress: IPV4_IN_16('01') });
    expect(up.opens.map((open) => [open.readUInt8(18), open.readUInt16BE(20), open.toString('hex', 24, 28)])).toEqual([
      [1, 64_601, 'c0000201'],
      [1, 23_456, 'c000020b'],
    ]);
    expect(first.peer).toMatchObject(peer);
    expect(first.peer.wallMs).toBeLessThanOrEqual(clock.wallMs());
    expect(decoded(first.update)).toMatchObject({
      attributes: { origin: 'igp', asPath: [{ type: 'sequence', asNumbers: [4_200_000_001] }] },
      reachable: [{ nextHop: { address: TOR } }],
    });
  });

  it('hears of End-of-RIB when the peer sends it', async () => {
    const collector = new TestCollector();
    collector.listen();
    using _monitor = monitor();
    await clock.advanceAsync(5000);
    expect(summary(collector.messages).filter((text) => text.startsWith('pre end'))).toEqual([
      'pre end ipv4-unicast',
      'pre end ipv6-unicast',
    ]);
  });

  it('leaves refused routes out of the view behind the policy, and marks both', async () => {
    const collector = new TestCollector();
    using _monitor = monitor(['pre-policy', 'post-policy']);
    await clock.advanceAsync(5000);
    collector.listen();
    await clock.advanceAsync(10_000);
    expect(summary(collector.messages).filter((text) => /^(pre|post) [+-]/.test(text))).toEqual([
      'pre +127.0.0.0/8 +198.51.100.0/24',
      'pre +2001:db8:100::/48',
      'post -127.0.0.0/8',
      'post +198.51.100.0/24',
      'post +2001:db8:100::/48',
    ]);
  });

  it('says why a session ended, with the NOTIFICATION', async () => {
    const collector = new TestCollector();
    collector.listen();
    using _monitor = monitor();
    await clock.advanceAsync(5000);
    tor.removePeer('h');
    await clock.advanceAsync(1000);
    const down = collector.messages.at(-1);
    expect(down).toMatchObject({ type: 'peer-down', reason: 3 });
    expect(down?.type === 'peer-down' && down.data.toString('hex', 18)).toBe('0306090603');
    tor.addPeer('h', HOST, 64_601, { passive: true, families: ['ipv4-unicast', 'ipv6-unicast'] });
    await clock.advanceAsync(60_000);
    tor.kill();
    await clock.advanceAsync(1000);
    expect(summary(collector.messages).at(-1)).toBe('peer-down 4');
    await tor.start();
    await clock.advanceAsync(60_000);
    host.removePeer('t');
    await clock.advanceAsync(1000);
    expect(collector.messages.at(-1)).toMatchObject({ type: 'peer-down', reason: 1 });
  });

  it('tells what the router was told, at once and later', async () => {
    host.putPolicy('out', { action: 'accept', set: { med: 7 } });
    host.addPeer('t', TOR, 4_200_000_001, { families: ['ipv4-unicast'], export: ['out'] });
    host.addInstance('203.0.113.10/32');
    const early = new TestCollector();
    early.listen();
    using _monitor = monitor(['sent']);
    await clock.advanceAsync(5000);
    expect(summary(early.messages)).toEqual(['initiation', 'peer-up', 'out +203.0.113.10/32', 'out end ipv4-unicast']);
    const [, , told] = early.messages;
    expect(told?.type === 'route-monitoring' && decoded(told.update).attributes).toMatchObject({
      med: 7,
      asPath: [{ asNumbers: [64_601] }],
    });
    host.addInstance('203.0.113.11/32');
    await host.removeInstance('203.0.113.10/32');
    await clock.advanceAsync(1000);
    early.sessions[0]?.connection.close();
    await clock.advanceAsync(1000);
    expect(summary(early.sessions[0]?.messages ?? []).slice(4)).toEqual([
      'out -203.0.113.10/32',
      'out +203.0.113.11/32',
    ]);
    await clock.advanceAsync(10_000);
    expect(summary(early.messages)).toEqual(['initiation', 'peer-up', 'out +203.0.113.11/32', 'out end ipv4-unicast']);
  });

  it('tells what is chosen, as a table of its own with 4-octet AS numbers', async () => {
    host.addInstance('203.0.113.10/32');
    host.addInstance('2001:db8:1::10/128');
    const collector = new TestCollector();
    collector.listen();
    const { locRib } = host.speaker;
    using _monitor = monitor([], { locRib: { locRib, identity: () => ({ asNumber: 64_601, routerId: HOST }) } });
    await clock.advanceAsync(5000);
    const up = collector.messages.find((message) => message.type === 'peer-up' && message.peer.type === 3);
    if (up?.type !== 'peer-up') throw new Error(summary(collector.messages).join(', '));
    expect(up).toMatchObject({ localAddress: '00'.repeat(16), localPort: 0, remotePort: 0 });
    expect(up.peer).toMatchObject({ flags: 0, address: '00'.repeat(16), asNumber: 64_601, routerId: HOST });
    expect(up.opens[0]).toEqual(up.opens[1]);
    expect(up.tlvs.map(([type, value]) => [type, value.toString()])).toEqual([[3, 'global']]);
    const table = new Set<string>();
    const apply = (): void => {
      for (const message of collector.messages) {
        if (message.type !== 'route-monitoring') continue;
        for (const { prefixes } of decoded(message.update).withdrawn)
          for (const key of prefixes) table.delete(prefixKeyToText(key));
        for (const { prefixes } of decoded(message.update).reachable)
          for (const key of prefixes) table.add(prefixKeyToText(key));
      }
    };
    apply();
    expect([...table].toSorted()).toEqual([
      '198.51.100.0/24',
      '2001:db8:100::/48',
      '2001:db8:1::10/128',
      '203.0.113.10/32',
    ]);
    await host.removeInstance('203.0.113.10/32');
    await host.removeInstance('2001:db8:1::10/128');
    await tor.removeInstance('198.51.100.0/24');
    await clock.advanceAsync(60_000);
    table.clear();
    apply();
    expect([...table]).toEqual(['2001:db8:100::/48']);
    const report = collector.messages.find((message) => message.type === 'statistics' && message.peer.type === 3);
    expect(report?.type === 'statistics' && report.statistics).toEqual([
      [8, '0000000000000001'],
      [10, '0001010000000000000000'],
      [10, '0002010000000000000001'],
    ]);
  });

  it('reports how many routes there are, every minute', async () => {
    const collector = new TestCollector();
    collector.listen();
    using _monitor = monitor();
    host.addInstance('203.0.113.10/32');
    await clock.advanceAsync(61_000);
    const reports = collector.messages.filter((message) => message.type === 'statistics');
    expect(reports.map(({ statistics }) => statistics)).toEqual([
      [
        [7, '0000000000000003'],
        [9, '0001010000000000000002'],
        [9, '0002010000000000000001'],
        [15, '0000000000000001'],
      ],
    ]);
  });

  it('connects again with growing pauses, and tells everything anew', async () => {
    const collector = new TestCollector();
    using _monitor = monitor();
    await clock.advanceAsync(35_000);
    collector.listen();
    await clock.advanceAsync(60_000);
    expect(collector.sessions.length).toBe(1);
    const first = summary(collector.messages).filter((text) => text !== 'statistics');
    collector.sessions[0]?.connection.close();
    await clock.advanceAsync(5000);
    expect(collector.sessions.length).toBe(2);
    expect(summary(collector.messages)).toEqual(first);
  });

  it('gives up a collector that takes nothing for a minute', async () => {
    const collector = new TestCollector();
    collector.listen();
    using _monitor = monitor();
    await clock.advanceAsync(5000);
    network.partitioned = true;
    // Statistics are written at 60 s, and a minute later they still wait.
    await clock.advanceAsync(110_000);
    network.partitioned = false;
    await clock.advanceAsync(2000);
    expect(collector.sessions.map(({ closed }) => closed)).toEqual([false]);
    network.partitioned = true;
    await clock.advanceAsync(130_000);
    network.partitioned = false;
    await clock.advanceAsync(130_000);
    expect(collector.sessions.map(({ closed }) => closed)).toEqual([true, false]);
    expect(summary(collector.messages)).toContain('pre +127.0.0.0/8 +198.51.100.0/24');
  });

  it('sends messages of up to 4,096 octets, whatever the session has agreed on', async () => {
    for (let index = 0; index < 5000; index += 1) tor.addInstance(`10.0.${index >> 8}.${index & 255}/32`);
    const collector = new TestCollector();
    collector.listen();
    using _monitor = monitor();
    await clock.advanceAsync(5000);
    const lengths = collector.messages.map((message) =>
      message.type === 'route-monitoring' ? message.update.length : 0,
    );
    expect(Math.max(...lengths)).toBeGreaterThan(4080);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(4096);
    expect(summary(collector.messages).flatMap((text) => text.match(/\+10\./g) ?? []).length).toBe(5000);
  });

  it('says goodbye', async () => {
    const collector = new TestCollector();
    collector.listen();
    const running = monitor();
    await clock.advanceAsync(5000);
    running[Symbol.dispose]();
    await clock.advanceAsync(600_000);
    const last = collector.messages.at(-1);
    expect(last?.type === 'termination' && last.tlvs.map(([type, value]) => [type, value.toString('hex')])).toEqual([
      [1, '0000'],
      [0, Buffer.from('bgp-speaker stops').toString('hex')],
    ]);
    expect(collector.sessions.length).toBe(1);
    expect(collector.sessions[0]?.closed).toBe(true);
    expect(host.speaker.observers.active).toBe(false);
  });
});
