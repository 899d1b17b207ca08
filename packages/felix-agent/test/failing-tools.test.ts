import { FabricError } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, HOST_NAME, instance } from './resources.ts';

type Table = 'routes' | 'neighbours' | 'addresses';

/** Makes the next changes of a table fail as a hanging tool does, once. */
function failOnce(harness: AgentHarness, table: Table, op?: string): void {
  const target = harness.kernel[table];
  const apply = target.apply.bind(target) as (changes: readonly { readonly op: string }[]) => Promise<never>;
  Object.assign(target, {
    apply: async (changes: readonly { readonly op: string }[]) => {
      if (op !== undefined && !changes.some((change) => change.op === op)) return apply(changes);
      Reflect.deleteProperty(target, 'apply');
      throw new FabricError(`${table}.timeout`, 'ip did not answer');
    },
  });
}

describe('a tool that hangs', () => {
  for (const table of ['routes', 'neighbours', 'addresses'] as const) {
    it(`delays an endpoint while it adds ${table}, and nothing is forgotten`, async () => {
      await using harness = await AgentHarness.start([...baseResources(), instance(3)], { taps: ['tap2', 'tap3'] });
      failOnce(harness, table);
      await harness.put(instance(2));
      expect(harness.endpoint('vm2')?.state).toBe('programming');
      expect(harness.endpoint('vm3')?.state).toBe('up');
      expect(harness.agent.health().ready).toBe(false);
      await harness.advance(1_000);
      expect(harness.endpoint('vm2')?.state).toBe('up');
      expect(harness.agent.health().ready).toBe(true);
      expect(await harness.restart()).toEqual([]);
    });
  }

  it('keeps the policy of an endpoint whose route could not be withdrawn, until it is', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2'] });
    failOnce(harness, 'routes', 'delete');
    await harness.datastore.delete('Instance/default/vm2');
    await harness.settle();
    const taps = async () => (await harness.kernel.nft.list(['inet slash32'])).get('inet slash32')?.sets.get('taps');
    expect([...((await taps())?.elements.keys() ?? [])]).toEqual(['"tap2"']);
    await harness.advance(1_000);
    expect([...((await taps())?.elements.keys() ?? [])]).toEqual([]);
    expect(harness.routes()).toEqual([]);
    expect(await harness.restart()).toEqual([]);
  });
});

describe('a host that lacks something', () => {
  const findings = async (harness: AgentHarness) => {
    const status = await harness.agent.handlers['agent.status']({}, { signal: AbortSignal.timeout(1_000) });
    return status.findings.map(({ code, resource }) => `${code} ${resource}`);
  };

  it('says that it cannot forget connections, and removes the rest', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2'] });
    Object.assign(harness.kernel.conntrack, {
      deleteByAddresses: async () => {
        throw new FabricError('conntrack.unavailable', 'install the Debian package conntrack');
      },
    });
    await harness.datastore.delete('Instance/default/vm2');
    await harness.settle();
    expect(harness.routes()).toEqual([]);
    expect(harness.agent.health().ready).toBe(true);
    expect(await findings(harness)).toEqual([`conntrack.unavailable Host/${HOST_NAME}`]);
  });

  it('says that it cannot forward, and works once it can', async () => {
    await using harness = await AgentHarness.start([]);
    harness.kernel.network.settings.delete('net/ipv4/ip_forward');
    harness.kernel.sysctls.refuse = (key) => (key === 'net/ipv4/ip_forward' ? 'Read-only file system' : undefined);
    await harness.restart();
    expect(await findings(harness)).toEqual([`host.cannot-forward Host/${HOST_NAME}`]);
    harness.kernel.sysctls.refuse = undefined;
    await harness.put(...baseResources());
    expect(await findings(harness)).toEqual([]);
    expect(harness.kernel.network.settings.get('net/ipv4/ip_forward')).toBe('1');
  });
});
