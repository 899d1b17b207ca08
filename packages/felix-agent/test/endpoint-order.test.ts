import type { FakeKernelOperation } from '@slash32/linux';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, instance, openGroup } from './resources.ts';

/** Where in the journal an operation first mentions `text`. */
function indexOf(journal: readonly FakeKernelOperation[], kind: FakeKernelOperation['kind'], text: string): number {
  return journal.findIndex((operation) => {
    if (operation.kind !== kind) return false;
    if (operation.kind === 'nft') {
      return operation.changes.some((change) => {
        if (change.op === 'add-elements') return [...change.elements.keys()].some((key) => key.includes(text));
        if (change.op === 'delete-elements') return change.keys.some((key) => key.includes(text));
        return false;
      });
    }
    return JSON.stringify(operation).includes(text);
  });
}

describe('the order in which an endpoint is programmed', () => {
  it('has settings, policy and neighbours in the kernel before any route', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2'] });
    const { journal } = harness.kernel;
    const route = indexOf(journal, 'routes', '10.70.0.2/32');
    expect(route).toBeGreaterThan(indexOf(journal, 'nft', '"tap2"'));
    expect(route).toBeGreaterThan(indexOf(journal, 'sysctl', 'net/ipv4/conf/tap2/rp_filter'));
    expect(route).toBeGreaterThan(indexOf(journal, 'neighbours', '10.70.0.2'));
    expect(route).toBeGreaterThan(indexOf(journal, 'addresses', 'fe80::1/64'));
    for (const kind of ['nft', 'neighbours', 'addresses'] as const) {
      expect(journal.findIndex((operation) => operation.kind === kind)).toBeGreaterThanOrEqual(0);
    }
    expect(harness.routes()).toEqual(['10.70.0.1/32 lo 134', '10.70.0.2/32 tap2 133', '2001:db8:70::2/128 tap2 133']);
    expect(harness.endpoint('vm2')).toMatchObject({ state: 'up', interface: 'tap2', programmingMs: 0 });
  });

  it('programs the policy of a tap that is not there yet, so that its appearance needs no transaction', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)]);
    expect(harness.endpoint('vm2')?.state).toBe('waiting-for-interface');
    expect(harness.routes()).toEqual(['10.70.0.1/32 lo 134']);
    const before = harness.kernel.journal.length;
    harness.kernel.network.putInterface('tap2');
    await harness.settle();
    const kinds = new Set(harness.kernel.journal.slice(before).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['sysctl', 'neighbours', 'addresses', 'routes']));
    expect(harness.endpoint('vm2')?.state).toBe('up');
  });

  it('brings the link up first, and only once per link', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)]);
    const { network, journal } = harness.kernel;
    network.putInterface('tap2', { up: false });
    await harness.settle();
    const up = indexOf(journal, 'link-up', 'tap2');
    expect(up).toBeGreaterThan(indexOf(journal, 'sysctl', 'net/ipv6/conf/tap2/addr_gen_mode'));
    expect(up).toBeLessThan(indexOf(journal, 'routes', '10.70.0.2/32'));
    expect(harness.endpoint('vm2')?.state).toBe('up');

    network.putInterface('tap2', { up: false }); // by an operator
    await harness.settle();
    expect(harness.endpoint('vm2')).toMatchObject({ state: 'waiting-for-interface' });
    expect(harness.endpoint('vm2')?.reason).toContain('taken down');
    expect(network.interfaces.get('tap2')?.up).toBe(false);
    network.putInterface('tap2', { up: true });
    await harness.settle();
    expect(harness.endpoint('vm2')?.state).toBe('up');
    expect(harness.routes()).toContain('10.70.0.2/32 tap2 133');
  });

  it('removes route, policy, then neighbours and connections', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), instance(3)], {
      taps: ['tap2', 'tap3'],
    });
    harness.kernel.conntrack.connections = [
      ['10.70.0.2', '192.0.2.1'],
      ['10.70.0.3', '192.0.2.1'],
    ];
    const before = harness.kernel.journal.length;
    await harness.datastore.delete('Instance/default/vm2');
    await harness.settle();
    const journal = harness.kernel.journal.slice(before);
    const route = indexOf(journal, 'routes', '10.70.0.2/32');
    const policy = indexOf(journal, 'nft', '"tap2"');
    expect(route).toBeGreaterThanOrEqual(0);
    expect(policy).toBeGreaterThan(route);
    expect(indexOf(journal, 'neighbours', '10.70.0.2')).toBeGreaterThan(policy);
    expect(indexOf(journal, 'conntrack', '10.70.0.2')).toBeGreaterThan(policy);
    expect(harness.kernel.conntrack.connections).toEqual([['10.70.0.3', '192.0.2.1']]);
    expect(harness.routes()).toEqual(['10.70.0.1/32 lo 134', '10.70.0.3/32 tap3 133', '2001:db8:70::3/128 tap3 133']);
    expect([...harness.kernel.network.neighbours.values()].every(({ device }) => device === 'tap3')).toBe(true);
  });

  it('takes the route of an address away before its policy changes hands', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2)], { taps: ['tap2', 'tap9'] });
    const before = harness.kernel.journal.length;
    harness.kernel.conntrack.connections = [['10.70.0.2', '192.0.2.1']];
    await harness.put(instance(2, { interface: 'tap9' }));
    const journal = harness.kernel.journal.slice(before);
    const [first, ...rest] = journal.filter(({ kind }) => kind === 'routes');
    expect(first).toMatchObject({ changes: [{ op: 'delete' }, { op: 'delete' }] });
    expect(rest).toMatchObject([{ changes: [{ op: 'replace' }, { op: 'replace' }] }]);
    const policy = indexOf(journal, 'nft', '"tap9"');
    expect(journal.findIndex(({ kind }) => kind === 'routes')).toBeLessThan(policy);
    expect(harness.routes()).toContain('10.70.0.2/32 tap9 133');
    expect(harness.kernel.conntrack.connections).toHaveLength(1); // the same instance still has the address
  });

  it('closes an instance that cannot be understood, says why, and programs the rest', async () => {
    await using harness = await AgentHarness.start(
      [...baseResources(), instance(2, { securityGroups: ['no-such-group'] }), instance(3)],
      { taps: ['tap2', 'tap3'] },
    );
    expect(harness.endpoint('vm2')?.state).toBe('closed');
    expect(harness.endpoint('vm2')?.reason).toContain('no-such-group');
    expect(harness.endpoint('vm3')?.state).toBe('up');
    expect(harness.routes()).not.toContain('10.70.0.2/32 tap2 133');
    await harness.put(openGroup('no-such-group'));
    expect(harness.endpoint('vm2')?.state).toBe('up');
  });
});
