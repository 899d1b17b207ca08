import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentMethods, ControlClient, ProgrammingTrace } from '@slash32/shared';
import { ComputeHost } from '../lab/compute-host.ts';
import { EventStamps } from '../lab/event-stamps.ts';
import { benchInstance, groupManifest, instanceManifest } from '../lab/instances.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { median, percentile } from '../report/percentile.ts';
import type { BenchmarkReport, Figure } from '../report/report.ts';

const SAMPLES = 100;
const OTHERS = 2_000;
const GROUPS = 200;

/** Stages of one instance's way, in milliseconds. */
interface Sample {
  readonly total: number;
  readonly stages: Readonly<Record<string, number>>;
}

/**
 * (a) From a tap's appearance, and from `fabricctl apply`, to the /32 in the router's table: 100 of each, one at a
 * time. (b) The same while 2,000 other instances are on the host. See README.md for how the moments are taken.
 */
export async function programmingLatencyBenchmark(): Promise<BenchmarkReport> {
  const alone = await measure(0);
  const crowded = await measure(OTHERS);
  return {
    benchmark: 'latency',
    figures: [
      ...figures('(a) tap appears → /32 at the router', alone.fromTap, 25),
      ...figures('(a) fabricctl apply starts → /32 at the router', alone.fromApply),
      ...figures(`(b) with ${OTHERS} others: tap appears → /32 at the router`, crowded.fromTap),
      ...figures(`(b) with ${OTHERS} others: fabricctl apply starts → /32 at the router`, crowded.fromApply),
      {
        what: '(b) / (a), from the tap, p50',
        value: median(totals(crowded.fromTap)) / median(totals(alone.fromTap)),
        unit: '×',
        target: { atMost: 1.5 },
      },
      {
        what: '(b) / (a), from apply, p50',
        value: median(totals(crowded.fromApply)) / median(totals(alone.fromApply)),
        unit: '×',
        target: { atMost: 1.5 },
      },
    ],
  };
}

const totals = (samples: readonly Sample[]): number[] => samples.map((sample) => sample.total);

function figures(what: string, samples: readonly Sample[], p50AtMost?: number): Figure[] {
  const stageNames = Object.keys(samples[0]?.stages ?? {});
  const stages = stageNames.map((name) => {
    const p50 = median(samples.map((sample) => sample.stages[name] ?? 0));
    return `${name} ${p50.toFixed(1)}`;
  });
  return [
    {
      what: `${what}, p50`,
      value: median(totals(samples)),
      unit: 'ms',
      ...(p50AtMost !== undefined && { target: { atMost: p50AtMost } }),
      note: `p50 of stages: ${stages.join(', ')}`,
    },
    { what: `${what}, p99`, value: percentile(totals(samples), 0.99), unit: 'ms', note: `${samples.length} samples` },
  ];
}

async function measure(others: number): Promise<{ fromTap: Sample[]; fromApply: Sample[] }> {
  const name = others === 0 ? 'alone' : 'crowded';
  await using host = await ComputeHost.make(name);
  const ourGroup = Math.floor(GROUPS / 2);
  const groups = Array.from({ length: GROUPS }, (_, group) => groupManifest(`g${group}`));
  host.writeManifests('groups.yaml', groups.join('---\n'));
  if (others > 0) {
    const crowd = Array.from({ length: others }, (_, number) => benchInstance(10_000 + number));
    host.writeManifests(
      'crowd.yaml',
      crowd.map((instance, index) => instanceManifest(instance, [`g${index % GROUPS}`])).join('---\n'),
    );
    await host.namespace.ipBatch(
      crowd.map((instance, index) => `link add ${instance.interface} type veth peer name p${10_000 + index}`),
    );
  }
  await host.startRouter();
  const speaker = await host.startSpeaker();
  const agent = await host.startAgent();
  await waitUntil('the session with the router', 30_000, async () => {
    const status = await speaker.control.call('speaker.status', {});
    return status.sessions.established === 1 ? true : undefined;
  });
  await waitUntil(`${others} instances up`, 120_000, async () => {
    const status = await agent.control.call('agent.status', {});
    return status.datastore.inSync && status.endpoints.up === others ? true : undefined;
  });

  using linkSeen = new EventStamps(host.namespace, 'link', (line) => /^\d+: (tap\d+)[@:]/.exec(line)?.[1]);
  using atHost = new EventStamps(host.namespace, 'route', routeKey);
  using atRouter = new EventStamps(host.router, 'route', routeKey);
  await waitUntil('the observers to see a first event', 10_000, async () => {
    await host.namespace.run('ip', 'route', 'replace', '198.51.100.1/32', 'dev', 'eth0');
    await host.router.run('ip', 'route', 'replace', '198.51.100.1/32', 'dev', 'eth0');
    await host.namespace.run('ip', 'route', 'del', '198.51.100.1/32', 'dev', 'eth0');
    await host.router.run('ip', 'route', 'del', '198.51.100.1/32', 'dev', 'eth0');
    return Promise.all([atHost.of('198.51.100.1', 50), atRouter.of('198.51.100.1', 50)]);
  });

  // From the tap: the manifests are there first.
  const byTap = Array.from({ length: SAMPLES }, (_, number) => benchInstance(number));
  host.writeManifests('by-tap.yaml', byTap.map((one) => instanceManifest(one, [`g${ourGroup}`])).join('---\n'));
  await waitUntil('the manifests to be known', 30_000, async () => {
    const status = await agent.control.call('agent.status', {});
    return status.endpoints['waiting-for-interface'] === SAMPLES ? true : undefined;
  });
  const fromTap: Sample[] = [];
  for (const [number, instance] of byTap.entries()) {
    await host.namespace.run('ip', 'link', 'add', instance.interface, 'type', 'veth', 'peer', 'name', `p${number}`);
    const end = await atRouter.of(instance.address);
    const start = await linkSeen.of(instance.interface);
    const route = await atHost.of(instance.address);
    const trace = await traceOf(agent.control, instance.name);
    fromTap.push({
      total: end - start,
      stages: {
        'notice the tap': trace.interfaceSeenAt - start,
        'sysctls, neighbours, route': route - trace.interfaceSeenAt,
        BGP: end - route,
      },
    });
  }

  // From apply: the taps are there first.
  const byApply = Array.from({ length: SAMPLES }, (_, number) => benchInstance(1_000 + number));
  await host.namespace.ipBatch(
    byApply.map((instance, index) => `link add ${instance.interface} type veth peer name p${1_000 + index}`),
  );
  const fromApply: Sample[] = [];
  for (const instance of byApply) {
    const file = join(host.directory, `${instance.name}.yaml`);
    writeFileSync(file, instanceManifest(instance, [`g${ourGroup}`]));
    const start = performance.timeOrigin + performance.now();
    await host.fabricctl('apply', '-f', file);
    const end = await atRouter.of(instance.address);
    const route = await atHost.of(instance.address);
    const trace = await traceOf(agent.control, instance.name);
    fromApply.push({
      total: end - start,
      stages: {
        'fabricctl and datastore': trace.manifestSeenAt - start,
        graph: trace.compiledAt - trace.manifestSeenAt,
        nft: trace.policyCommittedAt - trace.compiledAt,
        route: route - trace.policyCommittedAt,
        BGP: end - route,
      },
    });
  }
  return { fromTap, fromApply };
}

/** The host address a route notification is about, IPv4 additions only: `10.64.1.0 via …` or `10.64.1.0 dev …`. */
function routeKey(line: string): string | undefined {
  return /^(\d+\.\d+\.\d+\.\d+)(?:\/32)? /.exec(line)?.[1];
}

async function traceOf(control: ControlClient<AgentMethods>, name: string): Promise<ProgrammingTrace> {
  return waitUntil(`the trace of ${name}`, 2_000, async () => {
    const traces = await control.call('agent.traces', {});
    return traces.find((trace) => trace.instance === `bench/${name}`);
  });
}
