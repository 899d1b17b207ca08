import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ComputeHost, stop } from '../lab/compute-host.ts';
import { type BenchInstance, groupManifest, instanceManifest } from '../lab/instances.ts';
import { connect, makeNamespace, type Namespace } from '../lab/namespace.ts';
import { waitUntil } from '../lab/wait-until.ts';
import type { BenchmarkReport } from '../report/report.ts';
import { compiledRuleset } from './compiled-ruleset.ts';
import { measure, startServers } from './measure.ts';
import { CLIENT, SERVER, SHAPES } from './rule-shapes.ts';
import { type Measurement, PLAIN, RULE_COUNTS, TRACKING, trafficFigures, variantName } from './traffic-figures.ts';

/** As many as fit: on a busy machine fewer. */
const ROUNDS = { most: 7, least: 3, endAfterMs: 180_000 } as const;

/** As little as makes the kernel track connections: what any stateful policy costs. */
const TRACKING_ONLY = `table inet tracking {
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state established accept
  }
}
`;

/**
 * (d) Connections per second, small packets per second and TCP throughput between two instances of one host, with 10, 100,
 * 1,000 and 10,000 rules of three shapes, and in the same namespaces with the same routes and no nftables at all. The
 * variants take turns, round after round, so that the machine's moods hit all of them.
 */
export async function trafficBenchmark(): Promise<BenchmarkReport> {
  await using host = await ComputeHost.make('traffic');
  const client = await attach(host, CLIENT);
  const server = await attach(host, SERVER);
  await programTaps(host);
  const variants = writeRulesets(host.directory);
  const { throughput } = variants;
  const measured = new Map<string, Measurement[]>([...variants.files.keys()].map((variant) => [variant, []]));
  using _ = startServers(server);
  const started = performance.now();
  let rounds = 0;
  while (rounds < ROUNDS.least || (rounds < ROUNDS.most && performance.now() - started < ROUNDS.endAfterMs)) {
    rounds += 1;
    for (const [variant, file] of variants.files) {
      await host.namespace.run('nft', 'flush', 'ruleset');
      await host.namespace.run('nft', '-f', file);
      // A flow that ended while other rules were loaded left an entry that makes a SYN from the same port invalid.
      await host.namespace.run('conntrack', '--flush');
      measured.get(variant)?.push(await measure(client, SERVER.address, throughput.has(variant)));
    }
  }
  return { benchmark: 'traffic', figures: trafficFigures(measured, rounds) };
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

/** Lets an agent give the taps their routes, neighbours and settings; they stay when it is gone. */
async function programTaps(host: ComputeHost): Promise<void> {
  host.writeManifests(
    'instances.yaml',
    [groupManifest('any'), ...[CLIENT, SERVER].map((instance) => instanceManifest(instance, ['any']))].join('---\n'),
  );
  const { child, control } = await host.startAgent();
  await waitUntil('two instances to be up', 30_000, async () =>
    (await control.call('agent.status', {})).endpoints.up === 2 ? true : undefined,
  );
  await stop(child, 'SIGKILL');
}

interface Variants {
  /** Name → nft file. */
  readonly files: ReadonlyMap<string, string>;
  /** Those that throughput is measured of: a flow that passed meets the same rules in all. */
  readonly throughput: ReadonlySet<string>;
}

function writeRulesets(directory: string): Variants {
  const files = new Map<string, string>();
  const add = (variant: string, text: string): void => {
    const file = join(directory, `${variant.replaceAll(' ', '-')}.nft`);
    writeFileSync(file, text);
    files.set(variant, file);
  };
  add(PLAIN, '');
  add(TRACKING, TRACKING_ONLY);
  for (const shape of SHAPES) {
    for (const rules of RULE_COUNTS) add(variantName(shape, rules), compiledRuleset(shape, rules));
  }
  return { files, throughput: new Set([PLAIN, TRACKING, variantName('cidrs', 10), variantName('groups', 10_000)]) };
}
