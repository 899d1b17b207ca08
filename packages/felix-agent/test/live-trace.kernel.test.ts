import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AgentMethods,
  connectControl,
  type PacketTraceFilter,
  serveControl,
  silentLogger,
  type TracedPacket,
} from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelLab, plugInstance, sh, waitUntil } from './kernel-lab.ts';
import { HOST_NAME, instance, resource } from './resources.ts';
import { TrafficProcess } from './traffic-process.ts';

/** Packets of an instance, as the agent's control socket tells them. */
class PacketWatch implements AsyncDisposable {
  readonly packets: TracedPacket[] = [];
  #isStarted = false;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  private constructor(lab: KernelLab, number: number, filter: PacketTraceFilter) {
    this.#done = this.#read(lab, number, filter);
  }

  static async start(lab: KernelLab, number: number, filter: PacketTraceFilter = {}): Promise<PacketWatch> {
    const watch = new PacketWatch(lab, number, filter);
    await waitUntil('packets are traced', () => watch.#isStarted);
    return watch;
  }

  /** The first that fits, once it has come. */
  async first(fields: Partial<TracedPacket>): Promise<TracedPacket> {
    const fits = (packet: TracedPacket): boolean =>
      Object.entries(fields).every(([name, value]) => packet[name as keyof TracedPacket] === value);
    await waitUntil(`a packet with ${JSON.stringify(fields)}`, () => this.packets.some(fits));
    const packet = this.packets.find(fits);
    if (packet === undefined) throw new Error('packets do not go away');
    return packet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #read(lab: KernelLab, number: number, filter: PacketTraceFilter): Promise<void> {
    const { signal } = this.#abort;
    for await (const event of lab.agent.handlers['agent.trace'](
      { instance: `default/vm${number}`, filter },
      { signal },
    )) {
      if (event.type === 'started') this.#isStarted = true;
      if (event.type === 'packet') this.packets.push(event);
    }
  }
}

const ping = (from: number, to: string): string => sh(`ip netns exec vm${from} ping -c1 -W1 ${to} || true`);
const rulesOf = ({ policy }: TracedPacket): (string | undefined)[] => policy.map(({ rule }) => rule);

describe('packets on a real kernel', () => {
  let lab: KernelLab;

  beforeAll(async () => {
    lab = await KernelLab.start([
      resource('AddressGroup', { metadata: { name: 'offices' }, spec: { cidrs: ['203.0.113.0/24'] } }),
      resource('SecurityGroup', {
        metadata: { name: 'database' },
        spec: {
          rules: [
            { direction: 'ingress', ethertype: 'IPv4', protocol: 'udp', ports: 5432, remote: { group: 'open' } },
            {
              direction: 'ingress',
              ethertype: 'IPv4',
              protocol: 'tcp',
              ports: 22,
              remote: { addressGroup: 'offices' },
            },
            { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 80 },
            { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443 },
          ],
        },
      }),
      instance(2),
      instance(3, { securityGroups: ['database'] }),
      instance(4),
    ]);
    for (const number of [2, 3, 4]) plugInstance(number);
    await lab.up(2, 3, 4);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('are shown at the receiver with the rules that let them pass or dropped them', async () => {
    await using watch = await PacketWatch.start(lab, 3);
    await using _echo = await TrafficProcess.start('vm3', 'echo', '5432', '9');
    {
      await using _allowed = await TrafficProcess.start('vm2', 'flow', '10.70.0.3', '5432', '50');
      await using _refused = await TrafficProcess.start('vm2', 'flow', '10.70.0.3', '9', '50');
      const passed = await watch.first({ destinationPort: 5_432, verdict: 'pass' });
      expect(passed).toMatchObject({ in: 'tap2', out: 'tap3', source: '10.70.0.2', destination: '10.70.0.3' });
      expect(rulesOf(passed)).toEqual([
        'default/open egress IPv4: anything',
        expect.stringMatching(/^default\/database ingress IPv4: udp, members of default\/open/),
      ]);
      const dropped = await watch.first({ destinationPort: 9 });
      expect(dropped).toMatchObject({ verdict: 'drop', protocol: 17, in: 'tap2', out: 'tap3' });
      expect(dropped.decided).toEqual({
        table: 'inet slash32',
        chain: 'ingress/default/database',
        rule: 'no ingress rule of default/database',
      });
      const answer = await watch.first({ sourcePort: 5_432 });
      expect(answer).toMatchObject({ in: 'tap3', out: 'tap2', verdict: 'pass' });
    }
  });

  it('are shown at the sender, forged ones included, and those to and from its host', async () => {
    await using watch = await PacketWatch.start(lab, 2);
    ping(2, '10.70.0.4');
    expect(await watch.first({ destination: '10.70.0.4', icmpType: 8 })).toMatchObject({ verdict: 'pass' });
    expect(await watch.first({ source: '10.70.0.4', icmpType: 0 })).toMatchObject({ out: 'tap2', verdict: 'pass' });
    ping(2, '10.70.0.1');
    expect(await watch.first({ destination: '10.70.0.1' })).toMatchObject({
      verdict: 'pass',
      decided: { chain: 'to-host', rule: 'echo request to its gateway' },
    });
    expect(await watch.first({ source: '10.70.0.1' })).toMatchObject({ out: 'tap2', verdict: 'pass' });
    sh('ip -n vm2 address add 10.70.0.222/32 dev eth0');
    ping(2, '-I 10.70.0.222 10.70.0.4');
    sh('ip -n vm2 address delete 10.70.0.222/32 dev eth0');
    expect(await watch.first({ source: '10.70.0.222' })).toMatchObject({
      verdict: 'drop',
      decided: { rule: 'source is not its own, or no endpoint' },
    });
    ping(2, '2001:db8:70::4');
    expect(await watch.first({ icmpType: 128 })).toMatchObject({
      source: '2001:db8:70::2',
      verdict: 'drop',
      decided: { rule: 'no ingress rule of default/open' },
    });
    ping(2, '10.99.0.1'); // no route leads there
    expect(await watch.first({ destination: '10.99.0.1' })).toMatchObject({ verdict: 'lost', policy: [] });
  });

  it('are shown with the rules that judge each of them, where groups are stateless', async () => {
    await lab.put(
      resource('SecurityGroup', {
        metadata: { name: 'stateless' },
        spec: {
          stateful: false,
          rules: [
            { direction: 'egress', ethertype: 'IPv4' },
            { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' },
          ],
        },
      }),
      instance(5, { securityGroups: ['stateless'] }),
    );
    plugInstance(5);
    await lab.up(5);
    {
      await using watch = await PacketWatch.start(lab, 5);
      ping(2, '10.70.0.5');
      const request = await watch.first({ icmpType: 8 });
      expect(request.verdict).toBe('pass');
      expect(rulesOf(request).sort()).toEqual([
        'default/open egress IPv4: anything',
        'default/stateless ingress IPv4: icmp',
      ]);
      const reply = await watch.first({ icmpType: 0 });
      expect(reply.verdict).toBe('pass');
      expect(rulesOf(reply)).toEqual(['default/stateless egress IPv4: anything']);
      sh('ip netns exec vm2 timeout 1 bash -c "echo > /dev/udp/10.70.0.5/9"');
      expect(await watch.first({ destinationPort: 9 })).toMatchObject({
        verdict: 'drop',
        decided: { rule: 'no ingress rule of default/stateless' },
      });
    }
    await lab.datastore.delete('Instance/default/vm5');
    await lab.applied();
  });

  it('are filtered in the kernel', async () => {
    const filter = { source: '10.70.0.2', destination: '10.70.0.4', protocol: 1, icmpType: 8, icmpCode: 0 };
    await using watch = await PacketWatch.start(lab, 4, filter);
    expect(sh('nft list table inet slash32-trace')).toContain('ip saddr 10.70.0.2');
    ping(2, '10.70.0.4');
    await watch.first({ icmpType: 8 });
    await delay(200);
    expect(watch.packets).toHaveLength(1);
    await using _ipv6 = await PacketWatch.start(lab, 4, { source: '2001:db8:70::2', protocol: 6, port: 443 });
    await using _code = await PacketWatch.start(lab, 4, { protocol: 58, icmpType: 1, icmpCode: 4 });
    expect(sh('nft list table inet slash32-trace')).toContain('icmpv6 code');
  });

  it('cost a bounded number of notifications in a flood', async () => {
    await using watch = await PacketWatch.start(lab, 4);
    await using flood = await TrafficProcess.start('vm2', 'flow', '10.70.0.4', '66', '0');
    const ms = await waitUntil('many were sent', async () => (await flood.counts()).sent > 20_000, 30_000);
    const stopped = performance.now();
    await flood.stop();
    await watch.first({ destinationPort: 66 });
    const seconds = (ms + performance.now() - stopped) / 1_000 + 1;
    expect(watch.packets.length).toBeLessThanOrEqual(2 * (50 + 50 * seconds)); // the flood, and the host's refusals
  });

  it('are traced no longer than the client is there', async () => {
    const path = join(tmpdir(), `felix-agent-trace-${process.pid}.sock`);
    await using _server = await serveControl<AgentMethods>(path, lab.agent.handlers, { logger: silentLogger });
    {
      await using client = await connectControl<AgentMethods>(path);
      for await (const event of client.stream('agent.trace', { instance: 'default/vm2' })) {
        expect(event).toEqual({ type: 'started', host: HOST_NAME, perSecond: 50 });
        break;
      }
      await waitUntil('it is gone', () => !sh('nft list tables').includes('slash32-trace'));
      const stream = client.stream('agent.trace', { instance: 'default/vm2' })[Symbol.asyncIterator]();
      await stream.next();
      expect(sh('nft list tables')).toContain('slash32-trace');
    }
    await waitUntil('it is gone', () => !sh('nft list tables').includes('slash32-trace'));
  });

  it('leave no trace of being watched, and policy as it was', async () => {
    const program = (): string => sh('nft -s list table inet slash32; nft -s list table arp slash32');
    const before = program();
    const { nft, driftRepairs } = await lab.status();
    {
      await using _one = await PacketWatch.start(lab, 2);
      await using _other = await PacketWatch.start(lab, 3);
      expect(sh('nft list tables')).toContain('slash32-trace');
      await delay(300); // longer than a hint of a foreign change waits
      await lab.applied();
    }
    expect(sh('nft list tables')).not.toContain('slash32-trace');
    expect(program()).toBe(before);
    expect(await lab.status()).toMatchObject({ nft: { transactions: nft.transactions }, driftRepairs });
  });

  it('are no longer marked once a killed agent has a successor', async () => {
    await lab.stopAgent();
    sh("nft 'add table inet slash32-trace; add chain inet slash32-trace prerouting'");
    await lab.startAgent();
    expect(sh('nft list tables')).not.toContain('slash32-trace');
  });

  it('meet what `policy show` shows: the endpoint’s elements, its chains and the sets that these look up', async () => {
    const handler = lab.agent.handlers['agent.policy'];
    const policy = await handler({ instance: 'default/vm3' }, { signal: AbortSignal.timeout(5_000) });
    const elements = Object.fromEntries(policy.elements.map((each) => [each.set, each.elements]));
    expect(elements).toMatchObject({
      'inet slash32 egress-of': ['"tap3" : jump egress/default/database'],
      'inet slash32 ingress-of': ['"tap3" : jump ingress/default/database'],
      'inet slash32 sources4': ['"tap3" . 52:54:00:00:00:03 . 10.70.0.3'],
      'inet slash32 sources6': ['"tap3" . 52:54:00:00:00:03 . 2001:db8:70::3'],
      'arp slash32 sources4': ['"tap3" . 52:54:00:00:00:03 . 10.70.0.3'],
      'inet slash32 members4/default/open': expect.arrayContaining(['10.70.0.2', '10.70.0.4']),
      'inet slash32 address-group4/default/offices': ['0-255 . 203.0.113.0/24'],
      'inet slash32 ingress4/default/database/tcp': expect.arrayContaining(['80 . 0.0.0.0/0', '443 . 0.0.0.0/0']),
    });
    expect(policy.chains.map(({ name }) => name)).toEqual([
      'inet slash32 egress/default/database',
      'inet slash32 ingress/default/database',
    ]);
    const ingress = policy.chains[1]?.rules.join('\n');
    expect(ingress).toMatch(/@members4\/default\/open goto destination-passes {2}# default\/database ingress/);
    expect(ingress).toMatch(/drop {2}# no ingress rule of default\/database #\S+$/);
  });
});
