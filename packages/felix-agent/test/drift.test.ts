import { NFT_BOOT_TABLE_NAME } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, instance } from './resources.ts';

async function started(): Promise<AgentHarness> {
  return AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2'] });
}

describe('drift', () => {
  it('is no drift what we do ourselves', async () => {
    await using harness = await started();
    await harness.put(instance(3), instance(4));
    harness.kernel.network.putInterface('tap3');
    await harness.settle();
    await harness.datastore.delete('Instance/default/vm3');
    await harness.settle();
    harness.kernel.network.removeInterface('tap2');
    await harness.advance(130_000);
    expect(harness.agent.dataplane.drift.total).toBe(0);
  });

  it('puts a deleted route back', async () => {
    await using harness = await started();
    const { network } = harness.kernel;
    for (const key of [...network.routes.keys()]) network.deleteRoute(key);
    await harness.advance(300);
    expect(harness.routes()).toHaveLength(3);
    expect(harness.agent.dataplane.drift.total).toBe(3);
    expect(harness.endpoint('vm2')?.state).toBe('up');
  });

  it('puts a changed route right, and removes one that carries our mark but is nobody’s', async () => {
    await using harness = await started();
    harness.kernel.network.putInterface('tap9');
    for (const prefix of ['10.70.0.2/32', '10.70.0.66/32']) {
      harness.kernel.network.putRoute({
        family: 4,
        prefix,
        type: 'unicast',
        protocol: 133,
        scope: 'link',
        nextHops: [{ device: 'tap9' }],
      });
    }
    await harness.advance(300);
    expect(harness.routes()).toEqual(['10.70.0.1/32 lo 134', '10.70.0.2/32 tap2 133', '2001:db8:70::2/128 tap2 133']);
    expect(harness.agent.dataplane.drift.total).toBe(2);
  });

  it('puts neighbours right', async () => {
    await using harness = await started();
    await harness.advance(3_000);
    const { network } = harness.kernel;
    network.putNeighbour({ device: 'tap2', address: '10.70.0.2', mac: '52:54:00:00:66:66' });
    network.deleteNeighbour('tap2 2001:db8:70::2');
    await harness.advance(900);
    expect(network.neighbours.get('tap2 10.70.0.2')?.mac).toBe('52:54:00:00:00:02');
    expect(network.neighbours.has('tap2 2001:db8:70::2')).toBe(true);
    expect(harness.agent.dataplane.drift.total).toBe(2);
  });

  it('puts a gateway address of a tap back, also soon after it was added by us', async () => {
    await using harness = await started();
    const { network } = harness.kernel;
    network.deleteAddress('tap2 fe80::1/64');
    await harness.advance(2_500);
    expect(network.addresses.has('tap2 fe80::1/64')).toBe(true);
    await harness.advance(10_000);
    network.deleteAddress('tap2 fe80::1/64');
    await harness.advance(900);
    expect(network.addresses.has('tap2 fe80::1/64')).toBe(true);
    expect(harness.agent.dataplane.drift.total).toBe(2);
  });

  it('restores a flushed ruleset, and a changed one', async () => {
    await using harness = await started();
    const { compiler } = harness.agent.dataplane;
    const tables = [...compiler.ruleset().keys()];
    harness.kernel.nft.flushForeign();
    await harness.advance(300);
    expect(await harness.kernel.nft.list(tables)).toEqual(compiler.ruleset());
    const afterFlush = harness.agent.dataplane.drift.total;
    expect(afterFlush).toBeGreaterThan(0);

    harness.kernel.nft.applyForeign([
      { op: 'add-chain', table: 'inet slash32', chain: { name: 'backdoor' } },
      { op: 'set-rules', table: 'inet slash32', chain: 'backdoor', rules: [{ text: 'accept', comment: 'x' }] },
    ]);
    await harness.advance(300);
    expect(await harness.kernel.nft.list(tables)).toEqual(compiler.ruleset());
    expect(harness.agent.dataplane.drift.total).toBeGreaterThan(afterFlush);
  });

  it('puts settings right at once that the kernel tells of', async () => {
    await using harness = await started();
    harness.kernel.sysctls.writeForeign('net/ipv4/conf/tap2/rp_filter', '0');
    harness.kernel.sysctls.writeForeign('net/ipv4/ip_forward', '0');
    await harness.advance(300);
    expect(harness.kernel.network.settings.get('net/ipv4/conf/tap2/rp_filter')).toBe('1');
    expect(harness.kernel.network.settings.get('net/ipv4/ip_forward')).toBe('1');
    expect(harness.agent.dataplane.drift.total).toBe(2);
    await harness.advance(120_000);
    expect(harness.agent.dataplane.drift.total).toBe(2);
  });

  it('checks all settings when notifications were lost', async () => {
    await using harness = await started();
    harness.kernel.network.settings.set('net/ipv4/conf/tap2/rp_filter', '0');
    harness.kernel.sysctls.overrun();
    await harness.advance(300);
    expect(harness.kernel.network.settings.get('net/ipv4/conf/tap2/rp_filter')).toBe('1');
  });

  it('puts all settings right within a minute', async () => {
    await using harness = await started();
    harness.kernel.network.settings.set('net/ipv4/conf/tap2/route_localnet', '1');
    harness.kernel.network.settings.set('net/ipv4/ip_forward', '0');
    await harness.advance(61_000);
    expect(harness.kernel.network.settings.get('net/ipv4/conf/tap2/route_localnet')).toBe('0');
    expect(harness.kernel.network.settings.get('net/ipv4/ip_forward')).toBe('1');
    expect(harness.agent.dataplane.drift.total).toBe(2);
  });

  it('finds what no notification told, within a minute', async () => {
    await using harness = await started();
    harness.kernel.network.addresses.clear();
    harness.kernel.network.routes.clear();
    await harness.advance(61_000);
    expect(harness.routes()).toHaveLength(3);
    expect([...harness.kernel.network.addresses.values()]).toEqual([{ device: 'tap2', address: 'fe80::1/64' }]);
  });

  it('removes the boot-time ruleset once its own is in', async () => {
    await using harness = await AgentHarness.start([]);
    harness.kernel.nft.applyForeign([{ op: 'add-table', table: `inet ${NFT_BOOT_TABLE_NAME}` }]);
    await harness.restart();
    expect(await harness.kernel.nft.list([`inet ${NFT_BOOT_TABLE_NAME}`])).toEqual(new Map());
    expect((await harness.kernel.nft.list(['inet slash32'])).size).toBe(1);
  });
});

describe('interfaces that come and go', () => {
  it('follow flaps, renames and reincarnations', async () => {
    await using harness = await started();
    const { network } = harness.kernel;
    for (let round = 0; round < 5; round += 1) {
      network.removeInterface('tap2');
      network.putInterface('tap2');
      if (round % 2 === 0) await harness.settle();
    }
    await harness.advance(1_000);
    expect(harness.endpoint('vm2')?.state).toBe('up');
    expect(harness.routes()).toHaveLength(3);
    expect(network.settings.get('net/ipv4/conf/tap2/proxy_arp')).toBe('1');

    network.renameInterface('tap2', 'tapother');
    await harness.advance(1_000);
    expect(harness.endpoint('vm2')?.state).toBe('waiting-for-interface');
    expect(harness.routes()).toEqual(['10.70.0.1/32 lo 134']);
    network.renameInterface('tapother', 'tap2');
    await harness.advance(1_000);
    expect(harness.endpoint('vm2')?.state).toBe('up');
    expect(harness.routes()).toHaveLength(3);
  });
});
