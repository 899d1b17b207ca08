import { type BgpWatchEvent, FakeClock, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { EventStream } from '../../src/observe/event-stream.ts';
import { ObserverHub } from '../../src/observe/observer-hub.ts';
import { watchStream } from '../../src/observe/watch-stream.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

let clock: FakeClock;
let host: LabHost;
let tor: LabHost;

beforeEach(async () => {
  clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  host = new LabHost(clock, network, { name: 'h', address: '192.0.2.1', asNumber: 64_601 });
  tor = new LabHost(clock, network, { name: 't', address: '192.0.2.11', asNumber: 65_001 });
  const spec = { families: ['ipv4-unicast'] };
  await host.prepare();
  await tor.prepare();
  host.addPeer('t', '192.0.2.11', 65_001, spec);
  tor.addPeer('h', '192.0.2.1', 64_601, { ...spec, passive: true });
  await tor.start();
  await host.start();
});

/** Collects what a watch of `host` tells until it is disposed of. */
async function watch(only?: string): Promise<{ readonly events: BgpWatchEvent[]; stop(): Promise<void> }> {
  const life = new AbortController();
  const events: BgpWatchEvent[] = [];
  const { observers, neighbors } = host.speaker;
  const stream = watchStream(
    { observers, clock, peers: neighbors.values(), ...(only === undefined ? {} : { only }) },
    life.signal,
  );
  const done = (async () => {
    for await (const event of stream) events.push(event);
  })();
  await clock.advanceAsync(0);
  return {
    events,
    async stop() {
      life.abort();
      await done;
    },
  };
}

function summary(events: readonly BgpWatchEvent[]): readonly string[] {
  return events.map((event) => {
    switch (event.type) {
      case 'session':
        return `${event.peer}: ${event.before ?? 'is'} ${event.state}${event.reason === undefined ? '' : ` (${event.reason})`}`;
      case 'best':
        return `best ${event.prefix}: ${event.routes.map(({ source }) => source).join(' ')}`;
      case 'lost':
        return `lost ${event.events}`;
      default:
        return `${event.type} ${event.peer} ${event.prefix} ${event.route === undefined ? 'withdrawn' : `via ${event.route.nextHop} path ${event.route.asPath}`}${'rejected' in event ? `: ${event.rejected}` : ''}`;
    }
  });
}

describe('watch', () => {
  it('tells how sessions stand, and how they come up and go down, and why', async () => {
    const { events, stop } = await watch();
    await clock.advanceAsync(5000);
    tor.removePeer('h');
    await clock.advanceAsync(100);
    await stop();
    expect(summary(events)).toEqual([
      't: is Connect',
      't: Connect OpenSent',
      't: OpenSent OpenConfirm',
      't: OpenConfirm Established',
      't: Established Idle (received Cease/Hard Reset (6/9): Cease/Peer De-configured (6/3))',
    ]);
    expect(host.speaker.observers.active).toBe(false);
  });

  it('tells of routes in, out and best', async () => {
    await clock.advanceAsync(5000);
    const { events, stop } = await watch('t');
    tor.addInstance('198.51.100.0/24');
    tor.addInstance('127.0.0.0/8');
    host.addInstance('203.0.113.10/32');
    await clock.advanceAsync(1000);
    await tor.removeInstance('198.51.100.0/24');
    await host.removeInstance('203.0.113.10/32');
    await clock.advanceAsync(1000);
    await stop();
    expect(summary(events).toSorted()).toEqual(
      [
        't: is Established',
        'received t 198.51.100.0/24 via 192.0.2.11 path 65001',
        'best 198.51.100.0/24: t',
        'received t 127.0.0.0/8 via 192.0.2.11 path 65001: martian prefix',
        'sent t 203.0.113.10/32 via 192.0.2.1 path 64601',
        'received t 198.51.100.0/24 withdrawn',
        'sent t 203.0.113.10/32 withdrawn',
      ].toSorted(),
    );
  });
});

describe('EventStream', () => {
  it('leaves out what a slow reader has no room for, and says how much', async () => {
    const stream = new EventStream<number>(3);
    for (let index = 0; index < 10; index += 1) stream.push(index);
    const life = new AbortController();
    const read = stream.read(life.signal);
    const seen: unknown[] = [];
    for (let index = 0; index < 4; index += 1) seen.push((await read.next()).value);
    stream.push(10);
    seen.push((await read.next()).value);
    expect(seen).toEqual([0, 1, 2, { type: 'lost', events: 7 }, 10]);
    life.abort();
    expect(await read.next()).toEqual({ done: true, value: undefined });
  });
});

describe('ObserverHub', () => {
  it('removes an observer that fails, and tells the others', () => {
    const hub = new ObserverHub(silentLogger);
    const told: string[] = [];
    hub.add({
      onBestChanged: () => {
        throw new Error('bug');
      },
    });
    using _other = hub.add({ onBestChanged: (key) => void told.push(String(key)) });
    hub.bestChanged(1, []);
    hub.bestChanged(2, []);
    expect(told).toEqual(['1', '2']);
  });
});
