import { FakeClock, parseIpAddress, parseIpPrefix, prefixContains, ROUTE_PROTOCOL } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUpdate, initialContext, prefixKeyToText } from '../../src/codec/index.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

const SECOND = 1000;
const BLOCK = '10.0.0.0/26';

/** A host and a router, with what the router is told as it is told. */
class Lab {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly host = new LabHost(this.clock, this.network, { name: 'a', address: '192.0.2.1', asNumber: 64_601 });
  readonly router = new LabHost(this.clock, this.network, { name: 'r', address: '192.0.2.2', asNumber: 64_902 });
  /** What the router holds after each UPDATE. */
  readonly states: (readonly string[])[] = [];
  readonly #held = new Set<string>();

  async start(spec: object = {}): Promise<void> {
    await this.host.prepare();
    await this.router.prepare();
    this.host.addPeer('tor', '192.0.2.2', 64_902, { families: ['ipv4-unicast'], ...spec });
    this.router.addPeer('host', '192.0.2.1', 64_601, { families: ['ipv4-unicast'], passive: true });
    await this.router.start();
    this.router.speaker.observers.add({
      onMessage: (_peer, { direction, octets, context }) => {
        if (direction !== 'received' || octets[18] !== 2) return;
        const update = decodeUpdate(octets, context ?? initialContext('ebgp'));
        for (const { prefixes } of update.withdrawn)
          for (const key of prefixes) this.#held.delete(prefixKeyToText(key));
        for (const { prefixes } of update.reachable) for (const key of prefixes) this.#held.add(prefixKeyToText(key));
        this.states.push([...this.#held].sort());
      },
    });
    await this.host.start();
    await this.settle(5 * SECOND);
  }

  async settle(ms = 200): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  learned(): readonly string[] {
    return this.router.learned().map((line) => line.split(' ')[0] ?? '');
  }
}

/** True if the address is in one of the prefixes. */
function reaches(prefixes: readonly string[], address: string): boolean {
  return prefixes.some((text) => prefixContains(parseIpPrefix(text), parseIpAddress(address)));
}

describe('address blocks', () => {
  it('are announced instead of the addresses in them; others are announced as they are', async () => {
    const lab = new Lab();
    lab.host.setBlocks(BLOCK);
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.64']) lab.host.addInstance(`${address}/32`);
    await lab.start();
    expect(lab.learned()).toEqual([BLOCK, '10.0.0.64/32']);
    expect(lab.states.flat()).not.toContain('10.0.0.1/32');
    const [told] = lab.host.routes({ view: 'advertised', peer: 'tor', prefix: BLOCK });
    expect(told).toMatchObject({ asPath: '64601', source: 'local' });
    expect(lab.host.speaker.neighbors.get('tor')?.sent.routes('ipv4-unicast')).toBeDefined();
    const [why] = lab.host.routes({ prefix: '10.0.0.1/32' });
    expect(why?.reason).toContain('not sent to tor: suppressed: block 10.0.0.0/26 is announced');
    expect(lab.host.routes({ prefix: BLOCK })[0]?.reason).toContain('address block of this host');
    // Instances that come and go in a block are nobody else's business.
    const before = lab.states.length;
    lab.host.addInstance('10.0.0.3/32');
    await lab.host.removeInstance('10.0.0.1/32');
    await lab.settle();
    expect(lab.states).toHaveLength(before);
  });

  it('have AGGREGATOR and neither ATOMIC_AGGREGATE nor AS_SET', async () => {
    const lab = new Lab();
    lab.host.setBlocks(BLOCK);
    await lab.start();
    const [path] = [...(lab.router.speaker.neighbors.get('host')?.adjRibIn.keys() ?? [])].map(
      (key) => lab.router.speaker.locRib.route(key)[0],
    );
    expect(path?.received).toMatchObject({
      aggregator: { asNumber: 64_601, routerId: '192.0.2.1' },
      asPath: [{ type: 'sequence', asNumbers: [64_601] }],
    });
    expect(path?.received.atomicAggregate ?? false).toBe(false);
  });

  it('come and go without a moment in which an address cannot be reached', async () => {
    const lab = new Lab();
    const instances = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
    for (const address of instances) lab.host.addInstance(`${address}/32`);
    await lab.start();
    expect(lab.learned()).toHaveLength(3);
    const first = lab.states.length - 1;
    for (const blocks of [[BLOCK], [], ['10.0.0.0/24'], ['10.0.0.0/31', '10.0.0.2/31'], []]) {
      lab.host.setBlocks(...blocks);
      await lab.settle();
      expect(lab.learned()).toHaveLength(blocks.length === 0 ? 3 : blocks.length);
      expect(blockRoutes(lab)).toEqual(blocks);
    }
    for (const state of lab.states.slice(first)) {
      for (const address of instances) expect(reaches(state, address), `${address} in ${state.join(' ')}`).toBe(true);
    }
  });

  it('leave alone what a policy says of an address, and all addresses where it refuses the block', async () => {
    const lab = new Lab();
    lab.host.setBlocks(BLOCK);
    lab.host.putPolicy(
      'moving',
      { match: { metric: { ge: 2000 } }, action: 'accept', set: { med: 500 } },
      { action: 'accept' },
    );
    lab.host.putPolicy('hosts', { match: { prefixes: [{ cidr: '0.0.0.0/0', ge: 32 }] }, action: 'accept' });
    lab.host.addInstance('10.0.0.1/32');
    lab.host.addInstance('10.0.0.2/32', 2000);
    await lab.start({ export: ['moving'] });
    expect(lab.learned()).toEqual([BLOCK, '10.0.0.2/32']);
    const first = lab.states.length;
    lab.host.addPeer('tor', '192.0.2.2', 64_902, { families: ['ipv4-unicast'], export: ['hosts'] });
    await lab.settle();
    expect(lab.learned()).toEqual(['10.0.0.1/32', '10.0.0.2/32']);
    lab.host.addPeer('tor', '192.0.2.2', 64_902, { families: ['ipv4-unicast'] });
    await lab.settle();
    expect(lab.learned()).toEqual([BLOCK]);
    for (const state of lab.states.slice(first)) expect(reaches(state, '10.0.0.1')).toBe(true);
  });

  it('are not announced when another host has them too', async () => {
    const lab = new Lab();
    lab.host.setBlocks(BLOCK);
    lab.host.addInstance('10.0.0.1/32');
    await lab.start();
    lab.host.otherBlocks.set('b', ['10.0.0.32/27']);
    lab.host.applyResources();
    await lab.settle();
    expect(lab.learned()).toEqual(['10.0.0.1/32']);
    expect(blockRoutes(lab)).toEqual([]);
    expect(lab.host.status().findings).toMatchObject([{ code: 'host.block-overlap' }]);
    lab.host.otherBlocks.delete('b');
    lab.host.applyResources();
    await lab.settle();
    expect(lab.learned()).toEqual([BLOCK]);
  });

  it('leave addresses of instances on other hosts to the routes that there are, and stay while those are not known', async () => {
    const lab = new Lab();
    lab.host.setBlocks('10.0.0.0/30');
    lab.host.addInstance('10.0.0.1/32');
    lab.host.elsewhere = ['10.0.0.2'];
    await lab.start();
    expect(lab.learned()).toEqual(['10.0.0.0/30']);
    expect(blockRoutes(lab)).toEqual(['10.0.0.0/31', '10.0.0.3/32']);
    const before = lab.states.length;
    lab.host.elsewhere = [];
    lab.host.applyResources();
    await lab.settle();
    expect(blockRoutes(lab)).toEqual(['10.0.0.0/30']);
    lab.host.elsewhere = undefined;
    lab.host.setBlocks('10.0.0.0/30', '10.0.1.0/24');
    await lab.settle();
    expect(blockRoutes(lab)).toEqual(['10.0.0.0/30']);
    expect(lab.states).toHaveLength(before);
    lab.host.elsewhere = ['10.0.1.7'];
    lab.host.applyResources();
    await lab.settle();
    expect(lab.learned()).toEqual(['10.0.0.0/30', '10.0.1.0/24']);
    expect(blockRoutes(lab)).toHaveLength(1 + 8);
  });

  it('whatever changes, leave the router with exactly what reaches what is there', async () => {
    const addresses = Array.from({ length: 8 }, (_, index) => `10.0.0.${index}`);
    const step = fc.oneof(
      fc.record({ type: fc.constant('toggle' as const), address: fc.constantFrom(...addresses) }),
      fc.record({
        type: fc.constant('blocks' as const),
        blocks: fc.constantFrom<readonly string[]>(
          [],
          ['10.0.0.0/30'],
          ['10.0.0.0/29'],
          ['10.0.0.0/30', '10.0.0.4/31'],
        ),
      }),
      fc.record({ type: fc.constant('wait' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const lab = new Lab();
        await lab.start();
        const present = new Set<string>();
        let blocks: readonly string[] = [];
        for (const each of steps) {
          if (each.type === 'wait') await lab.settle();
          else if (each.type === 'blocks') {
            blocks = each.blocks;
            lab.host.setBlocks(...blocks);
          } else if (present.delete(each.address)) await lab.host.removeInstance(`${each.address}/32`);
          else {
            present.add(each.address);
            lab.host.addInstance(`${each.address}/32`);
          }
        }
        await lab.settle(SECOND);
        const exceptions = [...present]
          .filter((address) => !reaches(blocks, address))
          .map((address) => `${address}/32`);
        expect([...lab.learned()].sort()).toEqual([...blocks, ...exceptions].sort());
        expect(blockRoutes(lab)).toEqual(blocks);
        lab.host.shutDown();
        lab.router.shutDown();
      }),
      { numRuns: 60 },
    );
  });
});

function blockRoutes({ host }: Lab): readonly string[] {
  return [...host.kernel.network.routes.values()]
    .filter(({ protocol, type }) => protocol === ROUTE_PROTOCOL.block && type === 'unreachable')
    .map(({ prefix }) => prefix)
    .sort();
}
