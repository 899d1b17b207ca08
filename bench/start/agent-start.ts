import type { AgentMethods, AgentStatus, ControlClient } from '@slash32/shared';
import { ComputeHost, stop } from '../lab/compute-host.ts';
import { benchInstance, groupManifest, instanceManifest } from '../lab/instances.ts';
import { waitUntil } from '../lab/wait-until.ts';
import type { BenchmarkReport } from '../report/report.ts';

const INSTANCES = 2_000;
const GROUPS = 200;

/**
 * (c) Start of an agent that finds 2,000 instances in 200 groups, their taps there and the kernel empty; then the same
 * start again with everything in place, which must send nothing. Time is from the start of the process.
 */
export async function agentStartBenchmark(): Promise<BenchmarkReport> {
  await using host = await ComputeHost.make('start');
  const instances = Array.from({ length: INSTANCES }, (_, number) => benchInstance(number));
  host.writeManifests('groups.yaml', Array.from({ length: GROUPS }, (_, g) => groupManifest(`g${g}`)).join('---\n'));
  for (const [index, instance] of instances.entries()) {
    host.writeManifests(`${instance.name}.yaml`, instanceManifest(instance, [`g${index % GROUPS}`]));
  }
  await host.namespace.ipBatch(
    instances.map((instance, index) => `link add ${instance.interface} type veth peer name p${index}`),
  );

  const cold = await startOnce(host);
  const warm = await startOnce(host);
  return {
    benchmark: 'start',
    figures: [
      { what: '(c) cold start → datastore in sync', value: cold.inSyncMs, unit: 'ms' },
      { what: `(c) cold start → ${INSTANCES} instances up`, value: cold.upMs, unit: 'ms' },
      { what: '(c) cold start: nft transactions', value: cold.status.nft.transactions, unit: '' },
      { what: '(c) cold start: nft text', value: cold.status.nft.bytes, unit: 'octets' },
      { what: '(c) cold start: routes added', value: cold.status.routes.added, unit: '' },
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

async function startOnce(host: ComputeHost): Promise<{ inSyncMs: number; upMs: number; status: AgentStatus }> {
  const started = performance.now();
  const { child, control } = await host.startAgent();
  let inSyncMs = 0;
  const status = await waitUntil(`${INSTANCES} instances up`, 120_000, async () => {
    const now = await statusOf(control);
    if (inSyncMs === 0 && now.datastore.inSync) inSyncMs = performance.now() - started;
    return now.endpoints.up === INSTANCES ? now : undefined;
  });
  const upMs = performance.now() - started;
  await stop(child, 'SIGKILL');
  return { inSyncMs, upMs, status };
}

function statusOf(control: ControlClient<AgentMethods>): Promise<AgentStatus> {
  return control.call('agent.status', {});
}
