import type { PacketTraceEvent, TracedPacket } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { packetLine } from '../src/live/packet-line.ts';
import { plainStyle } from '../src/output/text-style.ts';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';
import { type AgentAnswers, serveAgent, WEB_ENDPOINT } from './test-daemons.ts';

const rule = (chain: string, text: string) => ({ table: 'inet slash32', chain, rule: text });

const STARTED: PacketTraceEvent = { type: 'started', host: 'compute-a1', perSecond: 50 };
const PASSED: TracedPacket = {
  type: 'packet',
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 67),
  in: 'eth0',
  out: 'tapweb1',
  source: '198.51.100.7',
  destination: '203.0.113.10',
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 443,
  length: 60,
  verdict: 'pass',
  decided: rule('destination-passes', 'destination end passes in generation 7'),
  policy: [rule('ingress/tenant-a/web', 'tenant-a/web ingress IPv4: tcp')],
};
const DROPPED: TracedPacket = {
  ...PASSED,
  destinationPort: 22,
  verdict: 'drop',
  decided: rule('ingress/tenant-a/web', 'no ingress rule of tenant-a/web'),
  policy: [rule('ingress/tenant-a/web', 'no ingress rule of tenant-a/web')],
};

describe('packetLine', () => {
  const line = (fields: Partial<TracedPacket>, base = PASSED): string => packetLine({ ...base, ...fields }, plainStyle);

  it('says what, where, and why', () => {
    expect(line({})).toMatch(
      /^\d\d:\d\d:05\.067 {2}PASS {2}eth0 → tapweb1 {2}tcp 198\.51\.100\.7:40000 → 203\.0\.113\.10:443 {2}tenant-a\/web ingress IPv4: tcp$/,
    );
    expect(line({}, DROPPED)).toMatch(/DROP .*:22 {2}no ingress rule of tenant-a\/web$/);
    const both = [rule('egress/a/b', 'a/b egress IPv4: anything'), rule('ingress/a/c', 'a/c ingress IPv4: tcp')];
    expect(line({ policy: both })).toMatch(/ {2}a\/b egress IPv4: anything; a\/c ingress IPv4: tcp$/);
    expect(line({ policy: [] })).toMatch(/destination end passes in generation 7$/);
  });

  it('names the host, unknown protocols, ICMP and IPv6', () => {
    const { sourcePort: _s, destinationPort: _d, ...bare } = PASSED;
    const { in: _in, ...fromHost } = bare;
    const { out: _out, ...toHost } = bare;
    expect(packetLine({ ...fromHost, protocol: 99 }, plainStyle)).toContain('host → tapweb1  proto99 198.51.100.7 → ');
    expect(packetLine({ ...toHost, protocol: 1, icmpType: 8, icmpCode: 0 }, plainStyle)).toContain(
      'eth0 → host  icmp type 8 code 0 198.51.100.7 → 203.0.113.10',
    );
    const { decided: _rule, ...lost } = toHost;
    expect(packetLine({ ...lost, verdict: 'lost' }, plainStyle)).toMatch(/LOST {2}eth0 → - .*no route/);
    expect(line({ source: '2001:db8::1', destination: '2001:db8::2' })).toContain(
      '[2001:db8::1]:40000 → [2001:db8::2]:443',
    );
  });

  it('names the tables of others', () => {
    const decided = { table: 'ip filter', chain: 'FORWARD' };
    expect(line({ decided }, DROPPED)).toMatch(/policy of chain FORWARD, table ip filter$/);
    expect(line({ decided: { ...decided, rule: 'tcp dport 22 drop' } }, DROPPED)).toMatch(
      /tcp dport 22 drop \(chain FORWARD, table ip filter\)$/,
    );
  });
});

async function fabricWith(answers: AgentAnswers): Promise<TestFabric & AsyncDisposable> {
  const fabric = await TestFabric.create(SAMPLE);
  const agent = await serveAgent(fabric.at('agent.sock'), answers);
  const remove = fabric[Symbol.asyncDispose].bind(fabric);
  fabric[Symbol.asyncDispose] = async () => {
    await agent[Symbol.asyncDispose]();
    await remove();
  };
  return fabric;
}

describe('policy watch', () => {
  it('prints packets as they come, and notes beside them', async () => {
    const questions: object[] = [];
    await using fabric = await fabricWith({
      packets: [STARTED, PASSED, { type: 'skipped', packets: 3 }, DROPPED],
      onTrace: (question) => questions.push(question),
    });
    const { code, out, err } = await fabric.run(['policy', 'watch', 'web-1', '-n', 'tenant-a']);
    expect(code).toBe(0);
    expect(questions).toEqual([{ instance: 'tenant-a/web-1', filter: {} }]);
    expect(out.split('\n').map((line) => line.slice(14, 18))).toEqual(['PASS', 'DROP', '']);
    expect(err).toBe(
      'watching tenant-a/web-1 on compute-a1; 50 packets a second at most each way\n' +
        'warning: 3 packets came faster than they could be shown\n',
    );
  });

  it('counts what it shows, and shows drops alone if asked', async () => {
    await using fabric = await fabricWith({ packets: [STARTED, PASSED, DROPPED, DROPPED, PASSED] });
    const watch = ['policy', 'watch', 'tenant-a/web-1'];
    const counted = await fabric.run([...watch, '--drops', '--count', '1', '-o', 'json']);
    expect(JSON.parse(counted.out)).toEqual(DROPPED);
    expect((await fabric.run([...watch, '--drops'])).out.trimEnd().split('\n')).toHaveLength(2);
    expect((await fabric.run([...watch, '--count', '3'])).out.trimEnd().split('\n')).toHaveLength(3);
    expect((await fabric.run([...watch, '--count', '0'])).code).toBe(2);
  });

  it('asks the agent that has the instance, where it is up', async () => {
    const questions: string[] = [];
    await using fabric = await fabricWith({
      endpoints: [{ ...WEB_ENDPOINT, state: 'waiting-for-interface' }],
      onTrace: () => questions.push('first'),
    });
    await using _other = await serveAgent(fabric.at('b.sock'), { onTrace: () => questions.push('second') });
    const sockets = [fabric.at('nobody.sock'), fabric.at('agent.sock'), fabric.at('b.sock')];
    await fabric.run(['policy', 'watch', 'tenant-a/web-1', ...sockets.flatMap((path) => ['--agent-socket', path])]);
    expect(questions).toEqual(['second']);
  });

  it('is one line where nobody can tell', async () => {
    await using fabric = await fabricWith({});
    expect(await fabric.run(['policy', 'watch', 'web-9'])).toEqual({
      code: 4,
      out: '',
      err: "error: no agent that answers has Instance default/web-9; name its host's --agent-socket\n",
    });
    const nobody = await fabric.run(['policy', 'watch', 'web-1', '--agent-socket', fabric.at('x.sock')]);
    expect(nobody).toMatchObject({ code: 4, err: expect.stringContaining('no daemon answers') });
  });
});

describe('policy trace --live', () => {
  const trace = (fabric: TestFabric, ...options: string[]) =>
    fabric.run(['policy', 'trace', '198.51.100.7', 'web-1:443/tcp', '-4', '--live', ...options]);

  it('says what became of the first packet of the flow: 0 if it passed, 1 if not', async () => {
    const questions: object[] = [];
    await using fabric = await fabricWith({
      packets: [STARTED, PASSED, DROPPED],
      onTrace: (question) => questions.push(question),
    });
    const { code, out, err } = await trace(fabric);
    expect(code).toBe(0);
    expect(out).toMatch(/ {2}PASS {2}eth0 → tapweb1 .* on compute-a1\n$/);
    expect(err).toBe('waiting on compute-a1 for a packet, 30 s at most\n');
    const filter = { source: '198.51.100.7', destination: '203.0.113.10', protocol: 6, port: 443 };
    expect(questions).toEqual([{ instance: 'tenant-a/web-1', filter }]);
    await using dropping = await fabricWith({ packets: [STARTED, DROPPED] });
    const dropped = await trace(dropping, '-o', 'json');
    expect(dropped.code).toBe(1);
    expect(JSON.parse(dropped.out)).toEqual({ passes: false, host: 'compute-a1', packet: DROPPED });
  });

  it('asks for packets of any host of the internet, and for pings', async () => {
    const questions: object[] = [];
    await using fabric = await fabricWith({ packets: [STARTED], onTrace: (question) => questions.push(question) });
    await fabric.run(['policy', 'trace', 'internet', 'web-1:icmp', '-4', '--live']);
    const filter = { destination: '203.0.113.10', protocol: 1, icmpType: 8, icmpCode: 0 };
    expect(questions).toEqual([{ instance: 'tenant-a/web-1', filter }]);
  });

  it('waits for the receiver’s host if it answers; the sender’s has the last word on drops alone', async () => {
    const atSender = { ...PASSED, in: 'tapweb1', out: 'eth0', source: '203.0.113.10', destination: '10.70.0.5' };
    const db = { ...WEB_ENDPOINT, instance: 'tenant-a/db-1' };
    const flow = ['policy', 'trace', 'web-1', 'db-1:5432/tcp', '-4', '--live'];
    const run = async (sender: TracedPacket, receiver: readonly PacketTraceEvent[] | undefined) => {
      await using fabric = await fabricWith({ packets: [STARTED, sender] });
      const started = { ...STARTED, host: 'compute-b1' };
      await using _receiver =
        receiver === undefined
          ? undefined
          : await serveAgent(fabric.at('b.sock'), { endpoints: [db], packets: [started, ...receiver] });
      const sockets = receiver === undefined ? ['agent.sock'] : ['agent.sock', 'b.sock'];
      const options = sockets.flatMap((name) => ['--agent-socket', fabric.at(name)]);
      const { code, out } = await fabric.run([...flow, ...options, '-o', 'json']);
      return [code, JSON.parse(out).host];
    };
    expect(await run(atSender, [{ ...atSender, verdict: 'drop' }])).toEqual([1, 'compute-b1']);
    expect(await run(atSender, [atSender])).toEqual([0, 'compute-b1']);
    expect(await run({ ...atSender, verdict: 'drop' }, [])).toEqual([1, 'compute-a1']);
    expect(await run(atSender, undefined)).toEqual([0, 'compute-a1']);
  });

  it('says that none came', async () => {
    await using fabric = await fabricWith({ packets: [STARTED] });
    expect(await trace(fabric)).toMatchObject({ code: 1, out: 'NONE  no such packet within 30 s\n' });
    const unknown = await fabric.run(['policy', 'trace', '198.51.100.7', 'db-1:5432/tcp', '-4', '--live']);
    expect(unknown).toMatchObject({ code: 4, err: expect.stringContaining('has Instance tenant-a/db-1') });
  });
});
