import {
  BatchQueue,
  type BGPPeer,
  bgpPeerSchema,
  type Datastore,
  type DatastoreEvent,
  FakeClock,
  hostSchema,
  instanceSchema,
  keyOf,
  type Resource,
  silentLogger,
} from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import type { SpeakerResources } from '../../src/peers/peer-plan.ts';
import { ResourceFollower } from '../../src/peers/resource-follower.ts';

function peer(name: string): BGPPeer {
  return bgpPeerSchema.parse({
    apiVersion: 'slash32.dev/v1',
    kind: 'BGPPeer',
    metadata: { name },
    spec: { hosts: 'all()', address: '192.0.2.254', asNumber: 65_000 },
  });
}

function host(name: string, blocks: readonly string[] = []): Resource {
  return hostSchema.parse({
    apiVersion: 'slash32.dev/v1',
    kind: 'Host',
    metadata: { name },
    spec: { address: '192.0.2.1', asNumber: 64_601, blocks },
  });
}

function instance(name: string, of: string, ...addresses: readonly string[]): Resource {
  return instanceSchema.parse({
    apiVersion: 'slash32.dev/v1',
    kind: 'Instance',
    metadata: { name },
    spec: { host: of, interface: `tap${name}`, mac: '52:54:00:00:00:01', network: 'n', addresses },
  });
}

const put = (resource: Resource): DatastoreEvent => ({
  type: 'put',
  entry: { key: keyOf(resource), resource, revision: '1' },
});
const inSync: DatastoreEvent = { type: 'in-sync' };

/** A datastore that says what the test says, one queue per watch. */
class ScriptedDatastore implements Datastore {
  readonly description = 'script:';
  readonly watches: BatchQueue<readonly DatastoreEvent[]>[] = [];

  async *watch(signal: AbortSignal): AsyncGenerator<readonly DatastoreEvent[]> {
    const queue = new BatchQueue<readonly DatastoreEvent[]>().endOn(signal);
    this.watches.push(queue);
    for await (const batches of queue) yield* batches;
  }

  list(): never {
    throw new Error('not asked');
  }

  get(): never {
    throw new Error('not asked');
  }

  put(): never {
    throw new Error('not asked');
  }

  delete(): never {
    throw new Error('not asked');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function follow() {
  const clock = new FakeClock();
  const datastore = new ScriptedDatastore();
  const seen: SpeakerResources[] = [];
  const life = new AbortController();
  const follower = new ResourceFollower({
    host: 'h1',
    datastore,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    onResources: (resources) => seen.push(resources),
  });
  const done = follower.follow(life.signal);
  return { clock, datastore, seen, life, follower, done };
}

describe('resource follower', () => {
  it('says nothing before it is in sync, then everything, and only what concerns this host', async () => {
    const { clock, datastore, seen, life, follower, done } = follow();
    datastore.watches[0]?.push([put(peer('a')), put(host('h2'))]);
    await clock.advanceAsync(0);
    expect(seen).toEqual([]);
    expect(follower.inSync).toBe(false);
    datastore.watches[0]?.push([put(host('h1')), inSync]);
    await clock.advanceAsync(0);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.host?.metadata.name).toBe('h1');
    expect([...(seen[0]?.peers.keys() ?? [])]).toEqual(['a']);
    datastore.watches[0]?.push([put(host('h2'))]);
    await clock.advanceAsync(0);
    expect(seen).toHaveLength(1);
    datastore.watches[0]?.push([{ type: 'delete', key: 'BGPPeer/a' }]);
    await clock.advanceAsync(0);
    expect(seen[1]?.peers.size).toBe(0);
    life.abort();
    await done;
  });

  it('keeps the last state while the datastore is lost, and until the next watch is in sync', async () => {
    const { clock, datastore, seen, life, follower, done } = follow();
    datastore.watches[0]?.push([put(host('h1')), put(peer('a')), inSync]);
    await clock.advanceAsync(0);
    datastore.watches[0]?.fail(new Error('lost'));
    await clock.advanceAsync(1000);
    expect(follower.inSync).toBe(false);
    expect(datastore.watches).toHaveLength(2);
    datastore.watches[1]?.push([put(host('h1'))]);
    await clock.advanceAsync(0);
    expect(seen).toHaveLength(1);
    datastore.watches[1]?.push([put(peer('b')), inSync]);
    await clock.advanceAsync(0);
    expect([...(seen[1]?.peers.keys() ?? [])]).toEqual(['b']);
    life.abort();
    await done;
  });

  it('is not in sync while the datastore cannot be read, though the watch stands', async () => {
    const { clock, datastore, seen, life, follower, done } = follow();
    datastore.watches[0]?.push([put(host('h1')), inSync]);
    await clock.advanceAsync(0);
    expect(follower.inSync).toBe(true);
    datastore.watches[0]?.push([
      { type: 'problems', problems: [{ code: 'datastore.unreachable', message: '/fabric cannot be read' }] },
    ]);
    await clock.advanceAsync(0);
    expect(follower.inSync).toBe(false);
    datastore.watches[0]?.push([
      { type: 'problems', problems: [{ code: 'manifest.unknown-field', message: 'a typo' }] },
    ]);
    await clock.advanceAsync(0);
    expect(follower.inSync).toBe(true);
    expect(seen).toHaveLength(1);
    life.abort();
    await done;
  });

  it('sees all once more when the host has other blocks, and then which of their addresses are elsewhere', async () => {
    const { clock, datastore, seen, life, done } = follow();
    const all = [
      put(instance('here', 'h1', '10.0.0.1')),
      put(instance('away', 'h2', '10.0.0.2', '2001:db8::2')),
      put(instance('other', 'h2', '10.0.1.2')),
    ];
    datastore.watches[0]?.push([...all, put(host('h1')), inSync]);
    await clock.advanceAsync(0);
    expect(seen.map(({ elsewhere }) => elsewhere)).toEqual([[]]);
    datastore.watches[0]?.push([put(instance('more', 'h2', '10.0.0.9'))]);
    await clock.advanceAsync(0);
    expect(seen).toHaveLength(1);
    datastore.watches[0]?.push([put(host('h1', ['10.0.0.0/26']))]);
    await clock.advanceAsync(0);
    expect(datastore.watches).toHaveLength(2);
    expect(seen.map(({ elsewhere }) => elsewhere)).toEqual([[], undefined]);
    datastore.watches[1]?.push([...all, put(host('h1', ['10.0.0.0/26'])), inSync]);
    await clock.advanceAsync(0);
    expect(seen.at(-1)?.elsewhere).toEqual(['10.0.0.2']);
    expect(seen).toHaveLength(3);
    datastore.watches[1]?.push([put(instance('other', 'h2', '10.0.1.3'))]);
    await clock.advanceAsync(0);
    expect(seen).toHaveLength(3);
    datastore.watches[1]?.push([put(instance('here', 'h3', '10.0.0.1'))]);
    await clock.advanceAsync(0);
    expect(seen.at(-1)?.elsewhere).toEqual(['10.0.0.1', '10.0.0.2']);
    datastore.watches[1]?.push([
      put(instance('away', 'h1', '10.0.0.2')),
      { type: 'delete', key: 'Instance/default/here' },
    ]);
    await clock.advanceAsync(0);
    expect(seen.at(-1)?.elsewhere).toEqual([]);
    expect(datastore.watches).toHaveLength(2);
    life.abort();
    await done;
  });
});
