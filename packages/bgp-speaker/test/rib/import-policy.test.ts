import { WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { type PathAttributes, prefixKeyFromText } from '../../src/codec/index.ts';
import { type ImportPolicySettings, importPolicy, isMartian } from '../../src/rib/import-policy.ts';
import { NO_LINK_RULES } from '../../src/rib/link-rules.ts';
import { builtInTerms, PolicyChain } from '../../src/rib/route-policy.ts';
import { attributes } from '../lab/paths.ts';

const SETTINGS: ImportPolicySettings = {
  ownAsNumbers: [64_601],
  allowOwnAs: 0,
  localRouterId: '192.0.2.1',
  clusterId: '192.0.2.1',
  links: NO_LINK_RULES,
  acceptBlackhole: false,
  isOwnAddress: (address) => address === '192.0.2.1',
  chain: new PolicyChain([{ name: 'default-import', terms: builtInTerms('default-import', 'import') ?? 'unknown' }]),
  draining: false,
};
const nextHop = { address: '192.0.2.254' };

function verdict(
  received: PathAttributes,
  {
    prefix = '198.51.100.0/24',
    hop = nextHop,
    ...changes
  }: Partial<ImportPolicySettings> & { prefix?: string; hop?: typeof nextHop } = {},
) {
  return importPolicy({ ...SETTINGS, ...changes }).forRoute('ipv4-unicast', received, hop)(prefixKeyFromText(prefix));
}

describe('import policy', () => {
  it('accepts what a router announces, unchanged', () => {
    const received = attributes([65_000, 65_001]);
    expect(verdict(received, { prefix: '0.0.0.0/0' })).toEqual({
      attributes: received,
      decidedBy: 'policy default-import',
    });
    expect(verdict(received).attributes).toBe(received);
  });

  it('refuses loops and our own next hop, and says why', () => {
    expect(verdict(attributes([65_000, 64_601])).rejection).toBe('AS_PATH contains our own AS 64601');
    expect(verdict(attributes([65_000], { originatorId: '192.0.2.1' })).rejection).toContain('ORIGINATOR_ID');
    expect(verdict(attributes([65_000], { clusterList: ['192.0.2.1'] })).rejection).toContain('CLUSTER_LIST');
    expect(verdict(attributes([65_000]), { hop: { address: '192.0.2.1' } }).rejection).toBe(
      'NEXT_HOP 192.0.2.1 is our own address',
    );
  });

  it('lets our own AS pass as often as is allowed, and knows both of ours', () => {
    const twice = attributes([65_000, 64_601, 64_601]);
    expect(verdict(twice, { allowOwnAs: 2 }).rejection).toBeUndefined();
    expect(verdict(twice, { allowOwnAs: 1 }).rejection).toBe(
      'AS_PATH contains our own AS 64601 2 times, more than spec.allowOwnAs',
    );
    expect(verdict(attributes([65_000, 64_512]), { ownAsNumbers: [64_601, 64_512] }).rejection).toContain('64512');
  });

  it('has packets to single addresses dropped where a router may ask for it, and no others (RFC 7999)', () => {
    const dropping = attributes([65_000], { communities: [7, WELL_KNOWN_COMMUNITIES.BLACKHOLE] });
    const accepted = verdict(dropping, { acceptBlackhole: true, prefix: '198.51.100.7/32' });
    expect(accepted).toMatchObject({ blackhole: true, decidedBy: 'policy default-import' });
    expect(accepted.attributes.communities).toEqual([
      7,
      WELL_KNOWN_COMMUNITIES.BLACKHOLE,
      WELL_KNOWN_COMMUNITIES.NO_EXPORT,
    ]);
    expect(verdict(dropping, { acceptBlackhole: true, prefix: '2001:db8::7/128' }).blackhole).toBe(true);
    for (const prefix of ['198.51.100.0/24', '198.51.100.6/31', '2001:db8::/127']) {
      expect(verdict(dropping, { acceptBlackhole: true, prefix })).toMatchObject({
        rejection: 'BLACKHOLE is taken for single addresses only',
      });
    }
    for (const prefix of ['198.51.100.7/32', '198.51.100.0/24']) {
      const ordinary = verdict(dropping, { prefix });
      expect([ordinary.blackhole, ordinary.rejection, ordinary.attributes]).toEqual([undefined, undefined, dropping]);
      expect(verdict(attributes([65_000]), { acceptBlackhole: true, prefix }).blackhole).toBeUndefined();
    }
    const refusing = new PolicyChain([{ name: 'p', terms: [{ match: {}, action: 'reject' }] }]);
    expect(verdict(dropping, { acceptBlackhole: true, prefix: '198.51.100.7/32', chain: refusing })).toMatchObject({
      rejection: 'policy p, term 1',
    });
    const stripping = new PolicyChain([
      { name: 'p', terms: [{ match: {}, action: 'accept', set: { communities: { set: [] } } }] },
    ]);
    const stripped = verdict(dropping, { acceptBlackhole: true, prefix: '198.51.100.7/32', chain: stripping });
    expect([stripped.blackhole, stripped.rejection]).toEqual([undefined, undefined]);
    expect(verdict(dropping, { acceptBlackhole: true, prefix: '192.0.2.254/32' }).rejection).toBe(
      'is its own next hop',
    );
  });

  it('makes a route with GRACEFUL_SHUTDOWN the last resort, whatever the policies say', () => {
    const chain = new PolicyChain([{ name: 'p', terms: [{ match: {}, action: 'accept', set: { localPref: 200 } }] }]);
    const graceful = attributes([65_000], { communities: [0xffff0000] });
    expect(verdict(graceful, { chain })).toEqual({
      attributes: { ...graceful, localPref: 0 },
      decidedBy: 'policy p, term 1',
    });
    expect(verdict(attributes([65_000]), { chain }).attributes.localPref).toBe(200);
    expect(verdict(attributes([65_000]), { chain, draining: true }).attributes.localPref).toBe(0);
  });

  it('says which policy refuses', () => {
    const chain = new PolicyChain([{ name: 'none', terms: [] }]);
    expect(verdict(attributes([65_000]), { chain }).rejection).toBe('no term of none accepts it');
    expect(
      verdict(attributes([65_000]), { chain: new PolicyChain([{ name: 'gone', terms: 'unknown' }]) }).rejection,
    ).toBe('there is no RoutePolicy "gone"');
  });

  it('refuses the host route to a next hop over itself', () => {
    expect(verdict(attributes([65_000]), { prefix: '192.0.2.254/32' }).rejection).toBe('is its own next hop');
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
