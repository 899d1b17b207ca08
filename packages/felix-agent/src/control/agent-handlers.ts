import { INET_TABLE, POLICY_TABLES } from '@slash32/policy-compiler';
import {
  type AgentMethods,
  type AgentStatus,
  type ControlHandlers,
  type EndpointStatus,
  FabricError,
  type NftRuleset,
  type NftTableId,
  type ProgrammingTrace,
  type ResourceFinding,
} from '@slash32/shared';
import type { Dataplane } from '../dataplane/dataplane.ts';
import type { FabricGraph } from '../graph/fabric-graph.ts';
import { checkedFilter } from '../trace/packet-filter.ts';
import type { FindTarget, PacketTraces } from '../trace/packet-traces.ts';
import { showPolicy } from './policy-show.ts';
import { countedSets, groupCounters, type SetCounters } from './rule-counters.ts';

/** What the answers are made from. */
export interface AgentFacts {
  readonly graph: FabricGraph;
  readonly dataplane: Dataplane;
  /** Everything of the status that is neither in the graph nor in the dataplane. */
  process(): Pick<AgentStatus, 'version' | 'pid' | 'uptimeSeconds' | 'datastore'>;
  nft(): AgentStatus['nft'];
  traces(): readonly ProgrammingTrace[];
  readonly packetTraces: PacketTraces;
  listTables(tables: readonly NftTableId[]): Promise<NftRuleset>;
  readCounters(table: NftTableId, sets: readonly string[]): Promise<SetCounters>;
}

/** Answers to all methods of the agent's control socket. */
export function agentHandlers(facts: AgentFacts): ControlHandlers<AgentMethods> {
  const { graph, dataplane } = facts;
  return {
    'agent.status': () => {
      const { added, removed } = dataplane.routes.counts;
      return {
        host: graph.host,
        ...facts.process(),
        problems: graph.problems,
        findings: findingsOf(facts),
        endpoints: dataplane.endpointCounts(),
        policyGeneration: dataplane.compiler.generation,
        nft: facts.nft(),
        routes: { added, removed },
        driftRepairs: dataplane.drift.total,
      };
    },
    'agent.endpoints': () => dataplane.endpointStatuses(),
    'agent.traces': () => facts.traces(),
    'agent.policy': async ({ instance }) => {
      const status = endpointOf(facts, instance);
      const objects = dataplane.compiler.endpointObjects(instance);
      const kernel = await facts.listTables(POLICY_TABLES);
      return showPolicy(instance, status.state, objects, kernel, dataplane.compiler.ruleset());
    },
    'agent.counters': async ({ groups }) => {
      const places = groups.map((name) => ({ name, places: dataplane.compiler.ruleCounters(name) }));
      const sets = places.flatMap((each) => (each.places === undefined ? [] : countedSets(each.places)));
      const counters = await facts.readCounters(INET_TABLE, sets);
      return { host: graph.host, groups: places.map((each) => groupCounters(each.name, each.places, counters)) };
    },
    'agent.trace': ({ instance, filter }, { signal }) => {
      const checked = checkedFilter(filter ?? {});
      const find: FindTarget = () => {
        const { interface: tap, addresses } = endpointOf(facts, instance);
        return { instance, interface: tap, addresses, filter: checked };
      };
      return facts.packetTraces.watch(find, signal);
    },
  };
}

function endpointOf({ graph, dataplane }: AgentFacts, instance: string): EndpointStatus {
  const status = dataplane.endpoints.status(instance);
  if (status !== undefined) return status;
  throw new FabricError(
    'endpoint.unknown',
    `no Instance ${instance} on host ${graph.host}; write NAMESPACE/NAME, and ask the host it runs on`,
    { details: { instance, host: graph.host } },
  );
}

function findingsOf({ graph, dataplane }: AgentFacts): ResourceFinding[] {
  const findings: ResourceFinding[] = [...graph.model.findings()];
  const refused = new Set<string>();
  for (const { instance, reason } of dataplane.policy.quarantined) {
    refused.add(instance);
    findings.push({
      code: 'endpoint.kernel-refused',
      resource: `Instance/${instance}`,
      severity: 'error',
      message: `nftables refused its policy, so it stays closed until a retry is accepted: ${reason}`,
    });
  }
  for (const { instance, state, reason } of dataplane.endpointStatuses()) {
    if (state !== 'failed' || refused.has(instance)) continue;
    findings.push({
      code: 'endpoint.kernel-refused',
      resource: `Instance/${instance}`,
      severity: 'error',
      message: `the kernel refused a part of it, which is retried: ${reason ?? 'no reason given'}`,
    });
  }
  const host = (code: string, severity: ResourceFinding['severity'], message: string): void => {
    findings.push({ code, resource: `Host/${graph.host}`, severity, message });
  };
  if (dataplane.hostFailure !== undefined) {
    host('host.cannot-forward', 'error', `instances reach nothing beyond their host: ${dataplane.hostFailure}`);
  }
  if (dataplane.conntrackFailure !== undefined) host('conntrack.unavailable', 'warning', dataplane.conntrackFailure);
  if (dataplane.failure !== undefined) {
    const { failure } = dataplane;
    host(
      'dataplane.failing',
      'error',
      `the last state that was accepted stays in force; retrying: ${failure instanceof Error ? failure.message : String(failure)}`,
    );
  }
  return findings;
}
