import { ROUTE_PROTOCOL } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, instance } from './resources.ts';

describe('a restart', () => {
  it('sends nothing when everything is in place', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), instance(3)], {
      taps: ['tap2', 'tap3'],
    });
    expect(await harness.restart()).toEqual([]);
    expect(harness.endpoint('vm2')?.state).toBe('up');
    expect(harness.agent.dataplane.drift.total).toBe(0);
    expect(harness.agent.handlers['agent.traces']({}, { signal: AbortSignal.timeout(1_000) })).toEqual([]);
  });

  it('changes only what changed meanwhile, and forgets connections of instances that went', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), instance(3)], {
      taps: ['tap2', 'tap3', 'tap4'],
    });
    await harness.agent[Symbol.asyncDispose]();
    await harness.datastore.delete('Instance/default/vm3');
    harness.datastore.putAll([instance(4)]);
    harness.kernel.conntrack.connections = [['10.70.0.3', '192.0.2.1']];
    const sent = await harness.restart();
    expect(harness.routes()).toEqual([
      '10.70.0.1/32 lo 134',
      '10.70.0.2/32 tap2 133',
      '10.70.0.4/32 tap4 133',
      '2001:db8:70::2/128 tap2 133',
      '2001:db8:70::4/128 tap4 133',
    ]);
    expect(harness.kernel.conntrack.connections).toEqual([]);
    expect(sent.filter(({ kind }) => kind === 'nft')).toHaveLength(1);
    expect(JSON.stringify(sent.filter(({ kind }) => kind === 'routes'))).not.toContain('10.70.0.2/32');
  });

  it('removes its own leftovers and nobody else’s', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2', 'tap7'] });
    await harness.agent[Symbol.asyncDispose]();
    const { network } = harness.kernel;
    const leftover = (prefix: string, protocol: number) =>
      network.putRoute({ family: 4, prefix, type: 'unicast', protocol, scope: 'link', nextHops: [{ device: 'tap7' }] });
    leftover('10.70.0.7/32', ROUTE_PROTOCOL.endpoint);
    leftover('10.70.0.8/32', ROUTE_PROTOCOL.learned);
    network.putNeighbour({ device: 'tap7', address: '10.70.0.7', mac: '52:54:00:00:00:07' });
    network.putInterface('eth0');
    network.putNeighbour({ device: 'eth0', address: '192.0.2.1', mac: '52:54:00:00:00:99' });
    await harness.restart();
    expect(harness.routes()).toContain('10.70.0.8/32 tap7 135');
    expect(harness.routes()).not.toContain('10.70.0.7/32 tap7 133');
    expect([...network.neighbours.keys()].sort()).toEqual(['eth0 192.0.2.1', 'tap2 10.70.0.2', 'tap2 2001:db8:70::2']);
  });

  it('leaves an interface alone that is not of the instances’ kind, whatever a manifest claims', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2, { interface: 'eth0' })]);
    const { network } = harness.kernel;
    network.putInterface('eth0', { up: false });
    network.putAddress({ device: 'eth0', address: '2001:db8:f::11/64' });
    network.putNeighbour({ device: 'eth0', address: '192.0.2.1', mac: '52:54:00:00:00:99' });
    const sent = await harness.restart();
    await harness.advance(70_000);
    expect(harness.endpoint('vm2')).toMatchObject({ state: 'closed' });
    expect(sent).toEqual([]);
    expect(network.addresses.size).toBe(1);
    expect(network.neighbours.size).toBe(1);
    expect(network.interfaces.get('eth0')?.up).toBe(false);
  });

  it('touches nothing before the datastore is in sync', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2'] });
    await harness.agent[Symbol.asyncDispose]();
    harness.datastore.goDown();
    expect(await harness.restart()).toEqual([]);
    expect(harness.routes()).toContain('10.70.0.2/32 tap2 133');
    expect(harness.agent.health().ready).toBe(false);
    harness.datastore.comeBack();
    await harness.advance(1_000);
    expect(harness.agent.health().ready).toBe(true);
    expect(harness.endpoint('vm2')?.state).toBe('up');
  });
});

describe('a lost datastore', () => {
  it('leaves the last good state, and catches up with what went meanwhile', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), instance(3)], {
      taps: ['tap2', 'tap3'],
    });
    const before = harness.kernel.journal.length;
    harness.datastore.goDown();
    await harness.advance(30_000);
    await harness.datastore.delete('Instance/default/vm3');
    expect(harness.kernel.journal.length).toBe(before);
    expect(harness.routes()).toContain('10.70.0.3/32 tap3 133');
    const status = await harness.agent.handlers['agent.status']({}, { signal: AbortSignal.timeout(1_000) });
    expect(status.datastore.inSync).toBe(false);

    harness.datastore.comeBack();
    await harness.advance(15_000);
    expect(harness.routes()).not.toContain('10.70.0.3/32 tap3 133');
    expect(harness.routes()).toContain('10.70.0.2/32 tap2 133');
  });
});
