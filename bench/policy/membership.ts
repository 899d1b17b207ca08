import { join } from 'node:path';
import type { AgentMethods, ControlClient } from '@slash32/shared';
import { ComputeHost } from '../lab/compute-host.ts';
import { benchInstance, groupManifest, instanceManifest } from '../lab/instances.ts';
import { makeNamespace } from '../lab/namespace.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { median, percentile } from '../report/percentile.ts';
import type { BenchmarkReport, Figure } from '../report/report.ts';
import type { MembershipResult, MembershipSettings } from './membership-run.ts';
import type { Commit } from './program-host.ts';

const MEMBERS = 10_000;
const LOCAL = 200;
const SAMPLES = 200;
const AGENT_SAMPLES = 50;
const MAIN = join(import.meta.dirname, 'membership-main.ts');

/**
 * One member more in a group of 10,000, of which 200 are on this host: by compiler and transactor alone (a member on
 * another host joins, and leaves), and by felix-agent as a process (an instance is added to this host).
 */
export async function membershipBenchmark(): Promise<BenchmarkReport> {
  const { joined, left } = await ofProgram({ instances: MEMBERS, groups: 1, local: LOCAL, samples: SAMPLES });
  return {
    benchmark: 'membership',
    figures: [
      ...commitFigures('a member elsewhere joins', joined, 1_024),
      ...commitFigures('a member elsewhere leaves', left),
      ...(await ofAgent()),
    ],
  };
}

async function ofProgram(settings: MembershipSettings): Promise<MembershipResult> {
  const namespace = await makeNamespace('membership');
  return JSON.parse(await namespace.run(process.execPath, MAIN, JSON.stringify(settings))) as MembershipResult;
}

function commitFigures(what: string, commits: readonly Commit[], atMostOctets?: number): Figure[] {
  const times = commits.map(({ compileMs, applyMs }) => compileMs + applyMs);
  const compileMs = median(commits.map((commit) => commit.compileMs));
  return [
    {
      what: `${what} → in the kernel, p50`,
      value: median(times),
      unit: 'ms',
      target: { atMost: 10 },
      note: `of which compile ${compileMs.toFixed(2)}`,
    },
    {
      what: `${what} → in the kernel, p99`,
      value: percentile(times, 0.99),
      unit: 'ms',
      note: `${times.length} samples`,
    },
    {
      what: `${what}: nft text, most`,
      value: Math.max(...commits.map(({ bytes }) => bytes)),
      unit: 'octets',
      ...(atMostOctets !== undefined && { target: { atMost: atMostOctets } }),
    },
  ];
}

async function ofAgent(): Promise<Figure[]> {
  await using host = await ComputeHost.make('member');
  host.writeManifests('group.yaml', groupManifest('g0'));
  host.writeManifests('far.yaml', FAR_HOST);
  const crowd = Array.from({ length: MEMBERS }, (_, number) => instanceManifest(benchInstance(number), ['g0']));
  host.writeManifests(
    'crowd.yaml',
    crowd
      .map((text, number) => (number < LOCAL ? text : text.replace('host: compute-1', 'host: compute-2')))
      .join('---\n'),
  );
  const added = Array.from({ length: AGENT_SAMPLES }, (_, sample) => benchInstance(MEMBERS + sample));
  await host.namespace.ipBatch(
    added.map((instance, index) => `link add ${instance.interface} type veth peer name p${index}`),
  );
  const { control } = await host.startAgent();
  await waitUntil('the agent to have programmed the group', 120_000, async () => {
    const status = await control.call('agent.status', {});
    return status.endpoints['waiting-for-interface'] === LOCAL && status.nft.transactions > 0 ? true : undefined;
  });
  const toKernel: number[] = [];
  let mostBytes = 0;
  for (const instance of added) {
    const before = await nftOctets(control);
    host.writeManifests(`${instance.name}.yaml`, instanceManifest(instance, ['g0']));
    const trace = await waitUntil(`the trace of ${instance.name}`, 5_000, async () =>
      (await control.call('agent.traces', {})).find((one) => one.instance === `bench/${instance.name}`),
    );
    toKernel.push(trace.policyCommittedAt - trace.manifestSeenAt);
    mostBytes = Math.max(mostBytes, (await nftOctets(control)) - before);
  }
  const what = 'felix-agent, an instance here joins';
  return [
    {
      what: `${what}: manifest seen → in the kernel, p50`,
      value: median(toKernel),
      unit: 'ms',
      target: { atMost: 10 },
    },
    {
      what: `${what}: manifest seen → in the kernel, slowest`,
      value: percentile(toKernel, 1),
      unit: 'ms',
      note: `${toKernel.length} samples`,
    },
    { what: `${what}: nft text, most`, value: mostBytes, unit: 'octets', target: { atMost: 1_024 } },
  ];
}

async function nftOctets(control: ControlClient<AgentMethods>): Promise<number> {
  return (await control.call('agent.status', {})).nft.bytes;
}

/** Where the members are that are not here. */
const FAR_HOST = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: compute-2 }
spec: { address: 192.0.2.12 }
`;
