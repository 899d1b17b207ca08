import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentMethods, ControlClient } from '@slash32/shared';
import { ComputeHost, stop } from '../lab/compute-host.ts';
import { type BenchInstance, benchInstance, instanceManifest } from '../lab/instances.ts';
import { connect, makeNamespace, type Namespace } from '../lab/namespace.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { median } from '../report/percentile.ts';
import type { BenchmarkReport, Figure } from '../report/report.ts';

const RULE_COUNTS = [1, 100, 1_000] as const;
const ROUNDS = 7;
const SECONDS = 1;
const THROUGHPUT_PORT = 5201;
const CONNECT_PORT = 7000;
const CONNECT_SCRIPT = join(import.meta.dirname, 'connect_rate.py');
const PACKET_PORT = 6000;
const PACKET_BATCHES = 60;
const PACKET_SCRIPT = join(import.meta.dirname, 'packet_cost.py');

/** As little as makes the kernel track connections: what any stateful policy costs. */
const TRACKING_ONLY = `table inet tracking {
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state established accept
  }
}
`;

interface Round {
  /** Gbit/s. */
  readonly gigabits: number;
  /** Per second. */
  readonly connections: number;
  /** Nanoseconds of processor time per packet of a flow that has passed, and per first packet of a flow. */
  readonly establishedNs: number;
  readonly firstNs: number;
}

/**
 * (d) Throughput, connections per second and processor time per packet between two instances of one host: with 1, 100 and 1,000 rules, and in the
 * same namespaces with the same routes and no nftables at all. The variants take turns, round after round, so that the
 * machine's moods hit all of them.
 */
export async function trafficBenchmark(): Promise<BenchmarkReport> {
  await using host = await ComputeHost.make('traffic');
  const client = benchInstance(1);
  const server = benchInstance(2);
  const clientSpace = await attach(host, client);
  const serverSpace = await attach(host, server);
  host.writeManifests(
    'instances.yaml',
    [instanceManifest(client, ['client']), instanceManifest(server, ['server'])].join('---\n'),
  );

  const rulesets = await programRulesets(host);
  const iperf = serverSpace.spawn('iperf3', ['--server', '--port', String(THROUGHPUT_PORT)]);
  const acceptor = serverSpace.spawn('python3', [CONNECT_SCRIPT, 'serve', String(CONNECT_PORT)]);
  const sink = serverSpace.spawn('python3', [PACKET_SCRIPT, 'sink', String(PACKET_PORT)]);
  iperf.stdout.resume(); // it writes a report per client; nobody reads them
  try {
    const rounds = new Map<string, Round[]>([...rulesets.keys()].map((variant) => [variant, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [variant, file] of rulesets) {
        await host.namespace.run('nft', 'flush', 'ruleset');
        await host.namespace.run('nft', '-f', file);
        rounds.get(variant)?.push(await measureRound(clientSpace, server.address));
      }
    }
    return { benchmark: 'traffic', figures: figures(rounds) };
  } finally {
    iperf.kill();
    acceptor.kill();
    sink.kill();
  }
}

/** An instance's namespace behind its tap, with its address and a default route through its gateway. */
async function attach(host: ComputeHost, instance: BenchInstance): Promise<Namespace> {
  const space = await makeNamespace(instance.name);
  await connect(
    { namespace: host.namespace, interface: instance.interface },
    { namespace: space, interface: 'eth0', addresses: [`${instance.address}/32`] },
  );
  await space.ipBatch([
    `link set eth0 address ${instance.mac}`,
    'route add 10.64.0.1 dev eth0 scope link',
    'route add default via 10.64.0.1',
  ]);
  return space;
}

/** Lets an agent program each number of rules, and keeps what the kernel then had as a file; `plain` is an empty one. */
async function programRulesets(host: ComputeHost): Promise<Map<string, string>> {
  const rulesets = new Map<string, string>();
  const plain = join(host.directory, 'plain.nft');
  writeFileSync(plain, '');
  rulesets.set('plain', plain);
  const tracking = join(host.directory, 'tracking.nft');
  writeFileSync(tracking, TRACKING_ONLY);
  rulesets.set('tracking', tracking);

  let agent: Awaited<ReturnType<ComputeHost['startAgent']>> | undefined;
  for (const count of RULE_COUNTS) {
    const before = agent === undefined ? 0 : await transactions(agent.control);
    host.writeManifests('groups.yaml', groups(count));
    agent ??= await host.startAgent();
    const control = agent.control;
    await waitUntil(`${count} rules to be programmed`, 30_000, async () => {
      const status = await control.call('agent.status', {});
      return status.endpoints.up === 2 && status.nft.transactions > before ? true : undefined;
    });
    const file = join(host.directory, `rules-${count}.nft`);
    writeFileSync(file, `${await host.namespace.run('nft', 'list', 'ruleset')}\n`);
    rulesets.set(`${count} rules`, file);
  }
  if (agent !== undefined) await stop(agent.child, 'SIGKILL');
  return rulesets;
}

async function transactions(control: ControlClient<AgentMethods>): Promise<number> {
  return (await control.call('agent.status', {})).nft.transactions;
}

/** `count` rules on the server, none but the last admitting what is measured; the client may send anything. */
function groups(count: number): string {
  const rules = Array.from({ length: count - 1 }, (_, index) => {
    const cidr = `172.${16 + (index % 16)}.${index >> 4}.0/24`;
    const protocol = index % 2 === 0 ? 'tcp' : 'udp';
    return `    - { direction: ingress, ethertype: IPv4, protocol: ${protocol}, ports: ${10_000 + index}, remote: { cidr: ${cidr} } }`;
  });
  return `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: client, namespace: bench }
spec: { rules: [{ direction: egress, ethertype: IPv4 }] }
---
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: server, namespace: bench }
spec:
  rules:
${[...rules, `    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: "${THROUGHPUT_PORT}-${CONNECT_PORT}", remote: { cidr: 10.0.0.0/8 } }`].join('\n')}
    - { direction: ingress, ethertype: IPv4, protocol: udp, ports: ${PACKET_PORT}, remote: { cidr: 10.0.0.0/8 } }
`;
}

async function measureRound(client: Namespace, server: string): Promise<Round> {
  const iperf = JSON.parse(
    await client.run(
      'iperf3',
      '--client',
      server,
      '--port',
      String(THROUGHPUT_PORT),
      '--time',
      String(SECONDS),
      '--json',
    ),
  ) as { end: { sum_received: { bits_per_second: number } } };
  const connections = Number(
    await client.run('python3', CONNECT_SCRIPT, 'connect', server, String(CONNECT_PORT), String(SECONDS)),
  );
  const [establishedNs = Number.NaN, firstNs = Number.NaN] = (
    await client.run('python3', PACKET_SCRIPT, 'send', server, String(PACKET_PORT), String(PACKET_BATCHES))
  )
    .split(' ')
    .map(Number);
  return { gigabits: iperf.end.sum_received.bits_per_second / 1e9, connections, establishedNs, firstNs };
}

function figures(rounds: ReadonlyMap<string, readonly Round[]>): Figure[] {
  const plain = rounds.get('plain') ?? [];
  const result: Figure[] = [];
  /** The median of the ratios of neighbouring measurements, one per round. */
  const ratio = (variant: readonly Round[], base: readonly Round[], of: (round: Round) => number): number =>
    median(variant.map((round, index) => of(round) / of(base[index] ?? round)));
  const gigabits = (round: Round): number => round.gigabits;
  const connections = (round: Round): number => round.connections;

  result.push(
    { what: '(d) plain routing: TCP throughput', value: median(plain.map(gigabits)), unit: 'Gbit/s' },
    { what: '(d) plain routing: connections', value: median(plain.map(connections)), unit: '1/s' },
    ...packetFigures(rounds),
  );
  for (const count of RULE_COUNTS) {
    const variant = rounds.get(`${count} rules`) ?? [];
    result.push(
      {
        what: `(d) ${count} rules / plain: established TCP throughput`,
        value: ratio(variant, plain, gigabits),
        unit: '×',
        target: { atLeast: 0.9 },
        note: `${median(variant.map(gigabits)).toFixed(1)} Gbit/s, median of ${ROUNDS} rounds`,
      },
      {
        what: `(d) ${count} rules / plain: connections per second`,
        value: ratio(variant, plain, connections),
        unit: '×',
        note: `${median(variant.map(connections)).toFixed(0)} 1/s`,
      },
    );
  }
  const one = rounds.get('1 rules') ?? [];
  const thousand = rounds.get('1000 rules') ?? [];
  result.push(
    {
      what: '(d) 1,000 rules / 1 rule: throughput (no slope)',
      value: ratio(thousand, one, gigabits),
      unit: '×',
      target: { atLeast: 0.95 },
    },
    {
      what: '(d) 1,000 rules / 1 rule: connections per second',
      value: ratio(thousand, one, connections),
      unit: '×',
      target: { atLeast: 0.9 },
    },
  );
  return result;
}

/**
 * Processor time per packet, of the fastest round: whatever else ran can only have added to it. The program is to cost
 * no more than the connection tracking that it needs.
 */
function packetFigures(rounds: ReadonlyMap<string, readonly Round[]>): Figure[] {
  const fastest = (variant: string, of: (round: Round) => number): number =>
    Math.min(...(rounds.get(variant) ?? []).map(of));
  const cases = [
    { what: 'packet of a flow that passed', of: (round: Round): number => round.establishedNs },
    { what: 'first packet of a flow', of: (round: Round): number => round.firstNs },
  ];
  return cases.flatMap(({ what, of }): Figure[] => {
    const plain = fastest('plain', of);
    const tracking = fastest('tracking', of);
    const atMost = Math.round(tracking - plain);
    return [
      { what: `(d) plain routing: ${what}`, value: plain, unit: 'ns' },
      { what: `(d) connection tracking − plain: ${what}`, value: tracking - plain, unit: 'ns' },
      ...RULE_COUNTS.map((count) => ({
        what: `(d) ${count} rules − connection tracking: ${what}`,
        value: fastest(`${count} rules`, of) - tracking,
        unit: 'ns',
        target: { atMost },
      })),
    ];
  });
}
