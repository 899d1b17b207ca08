import { FabricError, hasErrorCode, type PacketTraceEvent, type PacketTraceFilter } from '@slash32/shared';
import { describe, expect, it, vi } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { PING, REFUSED_UDP, SPOOFED } from './recorded-packet-traces.ts';
import { baseResources, instance } from './resources.ts';

const TABLE = 'inet slash32-trace';

/** A watcher that keeps what it gets. */
class Watch implements AsyncDisposable {
  readonly events: PacketTraceEvent[] = [];
  failure: unknown;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(harness: AgentHarness, name: string, filter: PacketTraceFilter = {}) {
    const handler = harness.agent.handlers['agent.trace'];
    const stream = handler({ instance: `default/${name}`, filter }, { signal: this.#abort.signal });
    this.#done = this.#read(stream);
  }

  get packets(): PacketTraceEvent[] {
    return this.events.filter(({ type }) => type === 'packet');
  }

  async started(): Promise<this> {
    await vi.waitFor(() => expect(this.events[0]).toMatchObject({ type: 'started' }));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #read(stream: AsyncIterable<PacketTraceEvent>): Promise<void> {
    try {
      for await (const event of stream) this.events.push(event);
    } catch (error) {
      this.failure = error;
    }
  }
}

const twoInstances = () =>
  AgentHarness.start([...baseResources(), instance(2), instance(3)], { taps: ['tap2', 'tap3'] });

async function rules(harness: AgentHarness): Promise<Record<string, string[]> | undefined> {
  const table = (await harness.kernel.nft.list([TABLE])).get(TABLE);
  if (table === undefined) return undefined;
  return Object.fromEntries([...table.chains].map(([name, chain]) => [name, chain.rules.map(({ text }) => text)]));
}

describe('agent.trace', () => {
  it('marks packets of what is watched, and only while it is', async () => {
    await using harness = await twoInstances();
    {
      await using _watch = await new Watch(harness, 'vm2').started();
      const limit = 'limit rate 50/second burst 50 packets meta nftrace set 1';
      const to = [`ip daddr { 10.70.0.2 } ${limit}`, `ip6 daddr { 2001:db8:70::2 } ${limit}`];
      expect(await rules(harness)).toEqual({ prerouting: [`iifname "tap2" ${limit}`, ...to], output: to });
      {
        await using _other = await new Watch(harness, 'vm3').started();
        expect((await rules(harness))?.prerouting).toHaveLength(6);
      }
      expect((await rules(harness))?.prerouting).toHaveLength(3);
      expect(harness.kernel.packetTraces.watchers).toBe(1);
    }
    expect(await rules(harness)).toBeUndefined();
    expect(harness.kernel.packetTraces.watchers).toBe(0);
  });

  it('gives each watcher the packets of its instance', async () => {
    await using harness = await twoInstances();
    await using sender = await new Watch(harness, 'vm2').started();
    await using receiver = await new Watch(harness, 'vm3').started();
    harness.kernel.packetTraces.tell(REFUSED_UDP);
    harness.kernel.packetTraces.tell(SPOOFED.replaceAll('10.70.0.3', '10.70.0.99'));
    await harness.advance(100);
    expect(sender.packets).toMatchObject([{ destinationPort: 9 }, { source: '10.70.0.222' }]);
    expect(receiver.packets).toMatchObject([{ destinationPort: 9 }]);
  });

  it('lets the kernel filter, and filters what other watchers let through', async () => {
    await using harness = await twoInstances();
    await using all = await new Watch(harness, 'vm2').started();
    const filter = { source: '10.70.0.2', destination: '10.70.0.3', protocol: 17, port: 9 };
    await using some = await new Watch(harness, 'vm3', filter).started();
    expect((await rules(harness))?.prerouting?.[3]).toBe(
      'iifname "tap3" ip saddr 10.70.0.2 ip daddr 10.70.0.3 meta l4proto 17 th dport 9 limit rate 50/second burst 50 packets meta nftrace set 1',
    );
    harness.kernel.packetTraces.tell(PING + REFUSED_UDP);
    await harness.advance(100);
    expect(all.packets).toHaveLength(2);
    expect(some.packets).toMatchObject([{ protocol: 17 }]);
  });

  it.each<[string, PacketTraceFilter]>([
    ['an address that is nft text', { source: '10.0.0.1 accept' }],
    ['two families', { source: '10.0.0.1', destination: '2001:db8::1' }],
    ['ICMP of another family', { source: '2001:db8::1', protocol: 1 }],
    ['a port without a protocol', { port: 80 }],
    ['a port of ICMP', { protocol: 1, port: 80 }],
    ['a fraction', { protocol: 6.5 }],
    ['a type without ICMP', { icmpType: 8 }],
    ['a code without a type', { protocol: 1, icmpCode: 0 }],
  ])('refuses a filter with %s', async (_what, filter) => {
    await using harness = await twoInstances();
    expect(() => new Watch(harness, 'vm2', filter)).toThrow(expect.objectContaining({ code: 'trace.bad-filter' }));
    expect(() => new Watch(harness, 'nobody')).toThrow(expect.objectContaining({ code: 'endpoint.unknown' }));
    expect(await rules(harness)).toBeUndefined();
  });

  it('leaves policy alone, sends nothing else, and counts no drift', async () => {
    await using harness = await twoInstances();
    const before = harness.kernel.journal.length;
    {
      await using _watch = await new Watch(harness, 'vm2').started();
      await harness.advance(120_000);
    }
    const sent = harness.kernel.journal.slice(before);
    expect(
      sent.flatMap((each) => (each.kind === 'nft' ? each.changes.map(({ table }) => table) : [each.kind])),
    ).toEqual(Array.from({ length: 9 }, () => TABLE));
    expect(harness.agent.dataplane.drift.total).toBe(0);
  });

  it('follows an instance that gets other addresses or another interface', async () => {
    await using harness = await twoInstances();
    await using watch = await new Watch(harness, 'vm2').started();
    harness.kernel.network.putInterface('tap55');
    await harness.put(instance(2, { interface: 'tap55', addresses: ['10.70.0.55'] }));
    await harness.advance(100);
    const limit = 'limit rate 50/second burst 50 packets meta nftrace set 1';
    expect((await rules(harness))?.prerouting).toEqual([
      `iifname "tap55" ${limit}`,
      `ip daddr { 10.70.0.55 } ${limit}`,
    ]);
    harness.kernel.packetTraces.tell(SPOOFED.replaceAll('"tap2"', '"tap55"'));
    await vi.waitFor(() => expect(watch.packets).toHaveLength(1));
    expect(watch.failure).toBeUndefined();
    await harness.datastore.delete('Instance/default/vm2');
    await vi.waitFor(() => expect(hasErrorCode(watch.failure, 'endpoint.unknown')).toBe(true));
    await vi.waitFor(async () => expect(await rules(harness)).toBeUndefined());
  });

  it('puts its table back when somebody flushes the ruleset', async () => {
    await using harness = await twoInstances();
    await using _watch = await new Watch(harness, 'vm2').started();
    harness.kernel.nft.flushForeign();
    await harness.advance(300);
    expect((await rules(harness))?.prerouting).toHaveLength(3);
  });

  it('tells a slow watcher how many packets it missed', async () => {
    await using harness = await twoInstances();
    const stream = harness.agent.handlers['agent.trace'](
      { instance: 'default/vm2' },
      { signal: AbortSignal.timeout(30_000) },
    )[Symbol.asyncIterator]();
    await stream.next();
    for (let packet = 0; packet < 1_200; packet += 1) harness.kernel.packetTraces.tell(SPOOFED);
    for (let packet = 0; packet < 1_000; packet += 1) await stream.next();
    harness.kernel.packetTraces.tell(SPOOFED);
    expect((await stream.next()).value).toEqual({ type: 'skipped', packets: 200 });
    expect((await stream.next()).value).toMatchObject({ type: 'packet' });
    await stream.return?.();
    expect(await rules(harness)).toBeUndefined();
  });

  it('ends with the error when nft ends, and starts again for the next watcher', async () => {
    await using harness = await twoInstances();
    await using first = await new Watch(harness, 'vm2').started();
    harness.kernel.packetTraces.end(new FabricError('nft.unavailable', 'gone'));
    await vi.waitFor(() => expect(hasErrorCode(first.failure, 'nft.unavailable')).toBe(true));
    await using _second = await new Watch(harness, 'vm2').started();
    expect(harness.kernel.packetTraces.watchers).toBe(1);
  });

  it('removes what a killed agent left, and its own when it stops', async () => {
    await using harness = await twoInstances();
    harness.kernel.nft.applyForeign([{ op: 'add-table', table: TABLE }]);
    expect(await rules(harness)).toEqual({});
    await harness.restart();
    expect(await rules(harness)).toBeUndefined();
    const watch = await new Watch(harness, 'vm2').started();
    await harness.restart();
    expect(await rules(harness)).toBeUndefined();
    await watch[Symbol.asyncDispose]();
  });
});
