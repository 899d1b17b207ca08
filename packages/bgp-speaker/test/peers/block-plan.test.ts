import { type Host, hostSchema } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { planBlocks } from '../../src/peers/block-plan.ts';
import type { PeerSettings } from '../../src/peers/peer-settings.ts';

function host(name: string, blocks: readonly string[], spec: object = {}): Host {
  return hostSchema.parse({
    apiVersion: 'slash32.dev/v1',
    kind: 'Host',
    metadata: { name },
    spec: { address: '192.0.2.1', address6: '2001:db8:f::1', blocks, ...spec },
  });
}

const router = (fields: Partial<PeerSettings>) => ({ name: 'tor', address: '', ...fields }) as PeerSettings;

describe('which blocks are announced as a whole', () => {
  it('all, where nothing speaks against it', () => {
    const mine = host('a', ['10.0.0.0/26', '2001:db8:1::/64']);
    const others = [host('b', ['10.0.0.64/26', '2001:db8:2::/64']), host('c', [])];
    expect(planBlocks(mine, others, [router({ address: '192.0.2.254' })])).toEqual({
      blocks: [
        { prefix: '10.0.0.0/26', elsewhere: [] },
        { prefix: '2001:db8:1::/64', elsewhere: [] },
      ],
      findings: [],
    });
  });

  it.each([
    ['the same', '10.0.0.0/26'],
    ['a part', '10.0.0.16/28'],
    ['more', '10.0.0.0/8'],
  ])('none that another host has %s of', (_what, theirs) => {
    const plan = planBlocks(host('a', ['10.0.0.0/26', '10.9.0.0/24']), [host('b', [theirs])], []);
    const expected = theirs === '10.0.0.0/8' ? [] : ['10.9.0.0/24'];
    expect(plan.blocks.map(({ prefix }) => prefix)).toEqual(expected);
    expect(plan.findings[0]).toMatchObject({
      code: 'host.block-overlap',
      resource: 'Host/a',
      path: 'spec.blocks[0]',
      message: expect.stringContaining(`overlaps ${theirs} of Host/b`),
    });
    expect(planBlocks(host('b', [theirs]), [host('a', ['10.0.0.0/26'])], []).blocks).toEqual([]);
  });

  it.each([
    ['192.0.2.0/24', {}, 'the address of this host'],
    ['2001:db8:f::/48', {}, 'the address of this host'],
    ['198.51.100.0/24', { address: '198.51.100.254' }, 'the address of BGPPeer/tor'],
    ['198.51.100.0/24', { localAddress: '198.51.100.1' }, 'localAddress of BGPPeer/tor'],
  ])('not %s with an address in it that the host needs: %o', (block, fields, what) => {
    const plan = planBlocks(host('a', [block]), [], [router(fields)]);
    expect(plan.blocks).toEqual([]);
    expect(plan.findings).toMatchObject([{ code: 'host.block-underlay', message: expect.stringContaining(what) }]);
  });

  it('with the addresses that instances on other hosts have, unless they are many', () => {
    const mine = host('a', ['10.0.0.0/16', '10.9.0.0/24']);
    const many = Array.from({ length: 257 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    expect(planBlocks(mine, [], [], ['10.0.0.7', '10.9.0.1', '10.8.0.1']).blocks).toEqual([
      { prefix: '10.0.0.0/16', elsewhere: ['10.0.0.7'] },
      { prefix: '10.9.0.0/24', elsewhere: ['10.9.0.1'] },
    ]);
    const scattered = planBlocks(mine, [], [], many);
    expect(scattered.blocks).toEqual([{ prefix: '10.9.0.0/24', elsewhere: [] }]);
    expect(scattered.findings).toMatchObject([{ code: 'host.block-scattered', path: 'spec.blocks[0]' }]);
    expect(planBlocks(mine, [], [], many.slice(1)).blocks).toHaveLength(2);
  });
});
