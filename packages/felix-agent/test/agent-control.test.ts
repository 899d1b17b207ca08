import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentMethods, connectControl, serveControl, silentLogger } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, HOST_NAME, instance } from './resources.ts';

describe('the agent’s control socket', () => {
  it('answers every method', async () => {
    await using harness = await AgentHarness.start(
      [...baseResources(), instance(2), instance(3), instance(4, { securityGroups: ['missing'] })],
      { taps: ['tap2'] },
    );
    harness.datastore.reportProblems([{ code: 'manifest.unknown-field', file: 'x.yaml', line: 3, message: 'typo' }]);
    await harness.settle();
    const path = join(tmpdir(), `felix-agent-control-${process.pid}.sock`);
    await using _server = await serveControl<AgentMethods>(path, harness.agent.handlers, { logger: silentLogger });
    await using client = await connectControl<AgentMethods>(path);

    const status = await client.call('agent.status', {});
    expect(status).toMatchObject({
      host: HOST_NAME,
      datastore: { description: 'memory:', inSync: true },
      endpoints: { up: 1, 'waiting-for-interface': 1, closed: 1, failed: 0, programming: 0 },
      nft: { transactions: 1, failures: 0 },
      routes: { added: 3, removed: 0 },
      driftRepairs: 0,
      problems: [{ code: 'manifest.unknown-field', file: 'x.yaml' }],
    });
    expect(status.nft.bytes).toBeGreaterThan(1_000);
    expect(status.policyGeneration).toBeGreaterThan(0);
    expect(status.findings).toMatchObject([{ resource: 'Instance/default/vm4', severity: 'error' }]);

    const endpoints = await client.call('agent.endpoints', {});
    expect(endpoints.map(({ instance: name, state }) => [name, state])).toEqual([
      ['default/vm2', 'up'],
      ['default/vm3', 'waiting-for-interface'],
      ['default/vm4', 'closed'],
    ]);
    expect(endpoints[2]?.reason).toContain('missing');

    harness.clock.advance(40);
    harness.kernel.network.putInterface('tap3');
    await harness.settle();
    const traces = await client.call('agent.traces', {});
    expect(traces.map(({ instance: name }) => name)).toEqual(['default/vm2', 'default/vm3']);
    const last = traces[1];
    expect((last?.interfaceSeenAt ?? 0) - (last?.manifestSeenAt ?? 0)).toBe(40);
    expect(last?.routesInstalledAt).toBe(last?.interfaceSeenAt);

    const policy = await client.call('agent.policy', { instance: 'default/vm2' });
    expect(policy.state).toBe('up');
    const elements = policy.elements.flatMap((each) => each.elements);
    expect(elements).toContain('"tap2" . 52:54:00:00:00:02 . 10.70.0.2');
    expect(policy.chains.map(({ name }) => name).join(' ')).toContain('default/open');
    expect(policy.chains.every(({ rules }) => rules.length > 0)).toBe(true);
    await expect(client.call('agent.policy', { instance: 'default/nobody' })).rejects.toMatchObject({
      code: 'endpoint.unknown',
    });
    await rm(path, { force: true });
  });

  it('shows what the kernel has, not what it should have', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2'] });
    const show = async () => {
      const signal = AbortSignal.timeout(1_000);
      return harness.agent.handlers['agent.policy']({ instance: 'default/vm2' }, { signal });
    };
    const chain = (await show()).chains[0]?.name.split(' ')[2] ?? '';
    const foreign = [{ text: 'accept', comment: 'mine' }];
    harness.kernel.nft.applyForeign([{ op: 'set-rules', table: 'inet slash32', chain, rules: foreign }]);
    expect((await show()).chains[0]?.rules).toEqual(['not compiled by this agent: accept mine']);
  });

  it('exports what it does as metrics', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2'] });
    harness.kernel.network.deleteRoute([...harness.kernel.network.routes.keys()].at(-1) ?? '');
    await harness.advance(300);
    const text = await harness.agent.metrics.registry.text();
    expect(text).toMatch(/slash32_agent_endpoints\{state="up"\} 1\n/);
    expect(text).toMatch(/slash32_agent_nft_transactions_total 1\n/);
    expect(text).toMatch(/slash32_agent_drift_repairs_total\{kind="route"\} 1\n/);
    expect(text).toMatch(/slash32_agent_endpoint_programming_duration_seconds_count 1\n/);
    expect(text).toMatch(/slash32_agent_datastore_in_sync 1\n/);
  });
});
