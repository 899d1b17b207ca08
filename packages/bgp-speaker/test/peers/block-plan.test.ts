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
      blocks: ['10.0.0.0/26', '2001:db8:1::/64'],
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
    expect(plan.blocks).toEqual(expected);
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
});
