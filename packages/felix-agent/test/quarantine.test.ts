import { FabricError, type NftChange } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, instance, openGroup, resource } from './resources.ts';

const mentions =
  (...taps: readonly string[]) =>
  (change: NftChange): string | undefined =>
    change.op === 'add-elements' &&
    [...change.elements.keys()].some((key) => taps.some((tap) => key.includes(`"${tap}"`)))
      ? 'Numerical result out of range'
      : undefined;

describe('an endpoint that the kernel refuses', () => {
  it('is quarantined alone, named with the kernel’s words, and accepted once the kernel takes it', async () => {
    const numbers = [2, 3, 4, 5, 6, 7];
    await using harness = await AgentHarness.start(baseResources(), { taps: numbers.map((number) => `tap${number}`) });
    harness.kernel.nft.refuse = mentions('tap4', 'tap7');
    await harness.put(...numbers.map((number) => instance(number)));
    for (const number of numbers) {
      expect(harness.endpoint(`vm${number}`)?.state, `vm${number}`).toBe([4, 7].includes(number) ? 'failed' : 'up');
    }
    expect(harness.endpoint('vm4')?.reason).toContain('Numerical result');
    expect(harness.routes()).not.toContain('10.70.0.4/32 tap4 133');
    const status = await harness.agent.handlers['agent.status']({}, { signal: AbortSignal.timeout(1_000) });
    expect(status.findings).toMatchObject([
      { code: 'endpoint.kernel-refused', resource: 'Instance/default/vm4' },
      { code: 'endpoint.kernel-refused', resource: 'Instance/default/vm7' },
    ]);
    expect(status.nft.failures).toBeGreaterThan(0);

    harness.kernel.nft.refuse = undefined;
    await harness.advance(5_000);
    expect(harness.endpoint('vm4')?.state).toBe('up');
    expect(harness.routes()).toContain('10.70.0.4/32 tap4 133');
    expect(await harness.restart()).toEqual([]);
  });

  it('is retried ever more slowly, and at once when its manifest changes', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(3)], {
      taps: ['tap2', 'tap3', 'tap9'],
    });
    let refusals = 0;
    harness.kernel.nft.refuse = (change) => {
      const reason = mentions('tap2')(change);
      if (reason !== undefined) refusals += 1;
      return reason;
    };
    await harness.put(instance(2));
    const first = refusals;
    await harness.advance(10_000);
    const inTenSeconds = refusals;
    expect(inTenSeconds).toBeGreaterThan(first);
    await harness.advance(10_000);
    expect(refusals - inTenSeconds).toBeLessThan(inTenSeconds - first + 1);
    expect(harness.endpoint('vm3')?.state).toBe('up');
    await harness.put(instance(2, { interface: 'tap9' }));
    expect(harness.endpoint('vm2')?.state).toBe('up');
  });

  it('loses its route when a change of its policy is refused', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), instance(3)], {
      taps: ['tap2', 'tap3'],
    });
    harness.kernel.nft.refuse = mentions('tap2');
    await harness.put(openGroup('other'), instance(2, { securityGroups: ['other'] }));
    expect(harness.endpoint('vm2')?.state).toBe('failed');
    expect(harness.routes()).not.toContain('10.70.0.2/32 tap2 133');
    expect(harness.routes()).toContain('10.70.0.3/32 tap3 133');
  });

  it('is found by the group whose change the kernel refuses', async () => {
    await using harness = await AgentHarness.start(
      [...baseResources(), openGroup('other', [22]), instance(2, { securityGroups: ['other'] }), instance(3)],
      { taps: ['tap2', 'tap3'] },
    );
    harness.kernel.nft.refuse = (change) =>
      'set' in change && typeof change.set === 'string' && change.set.includes('/default/other/')
        ? 'Invalid'
        : undefined;
    await harness.put(openGroup('other', [22, 99]));
    expect(harness.endpoint('vm2')?.state).toBe('failed');
    expect(harness.endpoint('vm3')?.state).toBe('up');
    harness.kernel.nft.refuse = undefined;
    await harness.advance(3_000);
    expect(harness.endpoint('vm2')?.state).toBe('up');
    expect(await harness.restart()).toEqual([]);
  });

  it('leaves the last program in force when no endpoint is at fault, and retries', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2', 'tap3'] });
    const before = await harness.kernel.nft.list(['inet slash32']);
    harness.kernel.nft.refuse = (change) =>
      'set' in change && change.set === 'site4' ? 'Cannot allocate memory' : undefined;
    await harness.put(
      resource('FabricConfiguration', { metadata: { name: 'default' }, spec: { siteCidrs: ['192.0.2.0/24'] } }),
      instance(3),
    );
    expect(harness.endpoint('vm2')?.state).toBe('up');
    expect(harness.endpoint('vm3')?.state).toBe('programming');
    expect(await harness.kernel.nft.list(['inet slash32'])).toEqual(before);
    expect(harness.agent.health().ready).toBe(false);
    harness.kernel.nft.refuse = undefined;
    await harness.advance(15_000);
    expect(harness.endpoint('vm3')?.state).toBe('up');
    expect(harness.agent.health().ready).toBe(true);
  });

  it('survives an nft that does not answer', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2', 'tap3'] });
    harness.kernel.nft.failNext = new FabricError('nft.timeout', 'nft did not answer');
    await harness.put(instance(3));
    expect(harness.endpoint('vm3')?.state).toBe('programming');
    expect(harness.routes()).not.toContain('10.70.0.3/32 tap3 133');
    await harness.advance(1_000);
    expect(harness.endpoint('vm3')?.state).toBe('up');
  });
});

describe('a part of an endpoint that the kernel refuses', () => {
  it('fails that endpoint alone, and is retried', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), instance(3)]);
    harness.kernel.sysctls.refuse = (key) =>
      key === 'net/ipv4/conf/tap2/rp_filter' ? 'Read-only file system' : undefined;
    harness.kernel.network.putInterface('tap2');
    harness.kernel.network.putInterface('tap3');
    await harness.settle();
    expect(harness.endpoint('vm2')).toMatchObject({ state: 'failed' });
    expect(harness.endpoint('vm2')?.reason).toContain('rp_filter');
    expect(harness.routes()).not.toContain('10.70.0.2/32 tap2 133');
    expect(harness.endpoint('vm3')?.state).toBe('up');
    harness.kernel.sysctls.refuse = undefined;
    await harness.advance(1_000);
    expect(harness.endpoint('vm2')?.state).toBe('up');
  });
});
