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

/** Gbit/s and connections per second of one round. */
interface Round {
  readonly gigabits: number;
  readonly connections: number;
}

/**
 * (d) Throughput and connections per second between two instances of one host: with 1, 100 and 1,000 rules, and in the
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
    return `    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: ${10_000 + index}, remote: { cidr: ${cidr} } }`;
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
  return { gigabits: iperf.end.sum_received.bits_per_second / 1e9, connections };
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
