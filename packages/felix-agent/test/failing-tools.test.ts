import { FabricError } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, instance } from './resources.ts';

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
