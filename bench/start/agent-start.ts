import type { AgentMethods, AgentStatus, ControlClient } from '@slash32/shared';
import { ComputeHost, stop } from '../lab/compute-host.ts';
import { benchInstance, groupManifest, instanceManifest } from '../lab/instances.ts';
import { childrenOf, residentMb, settledMemory } from '../lab/process-cost.ts';
import { waitUntil } from '../lab/wait-until.ts';
import type { BenchmarkReport, Figure } from '../report/report.ts';

const INSTANCES = 2_000;
const GROUPS = 200;

/**
 * (c) Start of an agent that finds 2,000 instances in 200 groups, their taps there and the kernel empty; then the same
 * start again with everything in place, which must send nothing; and before both, one that finds no instance. Time is from
 * the start of the process; memory is resident memory a few seconds after all is up.
 */
export async function agentStartBenchmark(): Promise<BenchmarkReport> {
  await using host = await ComputeHost.make('start');
  const instances = Array.from({ length: INSTANCES }, (_, number) => benchInstance(number));
  host.writeManifests('groups.yaml', Array.from({ length: GROUPS }, (_, g) => groupManifest(`g${g}`)).join('---\n'));
  const idle = await startOnce(host, 0);
  for (const [index, instance] of instances.entries()) {
    host.writeManifests(`${instance.name}.yaml`, instanceManifest(instance, [`g${index % GROUPS}`]));
  }
  await host.namespace.ipBatch(
    instances.map((instance, index) => `link add ${instance.interface} type veth peer name p${index}`),
  );

  const cold = await startOnce(host, INSTANCES);
  const warm = await startOnce(host, INSTANCES);
  return {
    benchmark: 'start',
    figures: [
      { what: '(c) start without instances → datastore in sync', value: idle.inSyncMs, unit: 'ms' },
      { what: '(c) memory without instances', ...memory(idle) },
      { what: '(c) cold start → datastore in sync', value: cold.inSyncMs, unit: 'ms' },
      { what: `(c) cold start → ${INSTANCES} instances up`, value: cold.upMs, unit: 'ms' },
      { what: '(c) cold start: nft transactions', value: cold.status.nft.transactions, unit: '' },
      { what: '(c) cold start: nft text', value: cold.status.nft.bytes, unit: 'octets' },
      { what: '(c) cold start: routes added', value: cold.status.routes.added, unit: '' },
      { what: `(c) memory with ${INSTANCES} instances`, ...memory(cold) },
      { what: `(c) restart → ${INSTANCES} instances up`, value: warm.upMs, unit: 'ms' },
      { what: '(c) restart: nft transactions', value: warm.status.nft.transactions, unit: '', target: { atMost: 0 } },
      { what: '(c) restart: nft text', value: warm.status.nft.bytes, unit: 'octets', target: { atMost: 0 } },
      {
        what: '(c) restart: route changes',
        value: warm.status.routes.added + warm.status.routes.removed,
        unit: '',
        target: { atMost: 0 },
      },
    ],
  };
}

interface Start {
  readonly inSyncMs: number;
  readonly upMs: number;
  readonly status: AgentStatus;
  /** Of the agent, and of its children: nft, ip. */
  readonly memoryMb: number;
  readonly childrenMb: number;
  readonly peakMb: number;
}

function memory({ memoryMb, childrenMb, peakMb }: Start): Pick<Figure, 'value' | 'unit' | 'note'> {
  return {
    value: memoryMb,
    unit: 'MB',
    note: `at most ${peakMb.toFixed(0)}; its nft and ip processes ${childrenMb.toFixed(0)}`,
  };
}

async function startOnce(host: ComputeHost, instances: number): Promise<Start> {
  const started = performance.now();
  const { child, control } = await host.startAgent();
  let inSyncMs = 0;
  const status = await waitUntil(`${instances} instances up`, 120_000, async () => {
    const now = await statusOf(control);
    if (inSyncMs === 0 && now.datastore.inSync) inSyncMs = performance.now() - started;
    return now.datastore.inSync && now.endpoints.up === instances ? now : undefined;
  });
  const upMs = performance.now() - started;
  const { pid } = child;
  if (pid === undefined) throw new Error('the agent has no process');
  const childrenMb = residentMb(...childrenOf(pid));
  const { residentMb: memoryMb, peakMb } = await settledMemory(pid);
  await stop(child, 'SIGKILL');
  return { inSyncMs, upMs, status, memoryMb, childrenMb, peakMb };
}

function statusOf(control: ControlClient<AgentMethods>): Promise<AgentStatus> {
  return control.call('agent.status', {});
}
