import { describe, expect, it } from 'vitest';
import { prefixKeyFromText } from '../../src/codec/index.ts';
import { builtInImportPolicy, isMartian } from '../../src/rib/import-policy.ts';
import { attributes } from '../lab/paths.ts';

const policy = builtInImportPolicy({
  localAsNumber: 64_601,
  localRouterId: '192.0.2.1',
  isOwnAddress: (address) => address === '192.0.2.1',
});
const nextHop = { address: '192.0.2.254' };

describe('import policy', () => {
  it('accepts what a router announces', () => {
    expect(policy.ofPath(attributes([65_000, 65_001]), nextHop)).toBeUndefined();
    expect(policy.ofPrefix(prefixKeyFromText('0.0.0.0/0'), prefixKeyFromText('192.0.2.254'))).toBeUndefined();
  });

  it('refuses loops and our own next hop, and says why', () => {
    expect(policy.ofPath(attributes([65_000, 64_601]), nextHop)).toBe('AS_PATH contains our own AS 64601');
    expect(policy.ofPath(attributes([65_000], { originatorId: '192.0.2.1' }), nextHop)).toContain('ORIGINATOR_ID');
    expect(policy.ofPath(attributes([65_000], { clusterList: ['192.0.2.1'] }), nextHop)).toContain('CLUSTER_LIST');
    expect(policy.ofPath(attributes([65_000]), { address: '192.0.2.1' })).toBe('NEXT_HOP 192.0.2.1 is our own address');
  });

  it('refuses the host route to a next hop over itself', () => {
    const key = prefixKeyFromText('192.0.2.254/32');
    expect(policy.ofPrefix(key, key)).toBe('is its own next hop');
  });

  it.each([
    ['0.0.0.0/0', false],
    ['0.0.0.0/8', true],
    ['10.0.0.0/8', false],
    ['100.64.0.0/10', false],
    ['127.0.0.1/32', true],
    ['126.0.0.0/7', false],
    ['128.0.0.0/1', false],
    ['169.254.169.254/32', true],
    ['169.253.0.1/32', false],
    ['223.255.255.255/32', false],
    ['224.0.0.5/32', true],
    ['255.255.255.255/32', true],
    ['::/0', false],
    ['::1/128', true],
    ['::ffff:192.0.2.1/128', true],
    ['64:ff9b::/96', false],
    ['2001:db8::1/128', false],
    ['fd00::/8', false],
    ['fe80::1/128', true],
    ['fec0::/10', false],
    ['ff02::1/128', true],
  ])('%s is a martian: %s', (prefix, martian) => {
    expect(isMartian(prefixKeyFromText(prefix))).toBe(martian);
  });
});
