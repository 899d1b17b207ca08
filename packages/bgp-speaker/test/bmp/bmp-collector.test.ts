import { FakeClock, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { BmpCollector } from '../../src/bmp/bmp-collector.ts';
import { BmpFeed } from '../../src/bmp/bmp-feed.ts';
import type { BgpConnection, ConnectionListener, Transport } from '../../src/session/transport.ts';

/** A connection whose far end reads only when told. */
class StubbornConnection implements BgpConnection {
  readonly localAddress = '192.0.2.1';
  readonly remoteAddress = '192.0.2.99';
  readonly listener: ConnectionListener;
  bufferedOctets = 0;
  written = 0;
  aborted = false;

  constructor(listener: ConnectionListener) {
    this.listener = listener;
  }

  write(octets: Uint8Array): void {
    this.bufferedOctets += octets.length;
    this.written += octets.length;
  }

  read(octets: number): void {
    this.bufferedOctets -= octets;
    this.listener.onWritten();
  }

  close(): void {
    this.aborted = true;
  }

  abort(): void {
    this.aborted = true;
  }
}

let clock: FakeClock;
let connections: StubbornConnection[];
let collector: BmpCollector;

beforeEach(() => {
  clock = new FakeClock();
  connections = [];
  const transport: Transport = {
    connect: (_target, listener) => {
      const connection = new StubbornConnection(listener);
      connections.push(connection);
      return connection;
    },
  };
  collector = new BmpCollector({
    address: '2001:db8::9',
    port: 11_019,
    clock,
    random: () => 0,
    logger: silentLogger,
    transport,
    newFeed: () => new BmpFeed({ views: ['pre-policy'], sysName: 'h', sysDescr: 'd'.repeat(1000) }),
  });
  collector.start();
});

/** The connection that is open now. */
function connect(): StubbornConnection {
  const connection = connections.at(-1);
  if (connection === undefined) throw new Error('nobody connects');
  connection.listener.onConnected();
  return connection;
}

describe('BmpCollector', () => {
  it('is named by address and port', () => {
    expect(collector.name).toBe('[2001:db8::9]:11019');
  });

  it('writes no more while enough waits to be read, and goes on when it is', () => {
    const connection = connect();
    const before = connection.written;
    connection.bufferedOctets = 262_144;
    collector.feed?.terminate(0, 'x'.repeat(60_000));
    collector.wake();
    clock.advance(1000);
    expect(connection.written).toBe(before);
    connection.read(1000);
    expect(connection.written).toBeGreaterThan(before + 60_000);
  });

  it('is given up when what cannot be left out piles up', () => {
    const connection = connect();
    connection.bufferedOctets = 262_144;
    for (let index = 0; index < 70; index += 1) {
      collector.feed?.terminate(0, 'x'.repeat(60_000));
      collector.wake();
    }
    expect(connection.aborted).toBe(true);
    expect(collector.feed).toBeUndefined();
    clock.advance(1000);
    expect(connections.length).toBe(2);
  });

  it('is given up when it takes nothing for a minute, but not when it takes a little', () => {
    const connection = connect();
    clock.advance(59_000);
    connection.read(1);
    clock.advance(59_000);
    expect(connection.aborted).toBe(false);
    clock.advance(1000);
    expect(connection.aborted).toBe(true);
  });

  it('is called again after pauses that double, up to two minutes', () => {
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      connections.at(-1)?.listener.onClosed('connect ECONNREFUSED');
      pauses.push((clock.nextTimerMs ?? 0) / 1000);
      clock.advance(clock.nextTimerMs ?? 0);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 120, 120, 120]);
  });

  it('does not come back once it is closed', () => {
    const connection = connect();
    collector.close();
    connection.listener.onClosed('closed by the peer');
    expect(clock.pendingTimers).toBe(0);
    expect(connections.length).toBe(1);
  });
});
