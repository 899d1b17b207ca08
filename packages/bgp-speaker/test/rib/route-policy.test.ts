import { type RoutePolicyTerm, routePolicySchema } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attributesKey,
  type PathAttributes,
  type PrefixKey,
  prefixKeyFromText,
  prefixKeyToText,
} from '../../src/codec/index.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import { importPolicy } from '../../src/rib/import-policy.ts';
import { NO_LINK_RULES } from '../../src/rib/link-rules.ts';
import { PrefixMatcher } from '../../src/rib/prefix-matcher.ts';
import { type NamedPolicy, PolicyChain } from '../../src/rib/route-policy.ts';
import { attributes, source } from '../lab/paths.ts';

function terms(...list: readonly object[]): readonly RoutePolicyTerm[] {
  const manifest = {
    apiVersion: 'slash32.dev/v1',
    kind: 'RoutePolicy',
    metadata: { name: 'p' },
    spec: { terms: list },
  };
  return routePolicySchema.parse(manifest).spec.terms;
}

const policy = (...list: readonly object[]): NamedPolicy => ({ name: 'p', terms: terms(...list) });

function judge(policies: readonly NamedPolicy[], received: PathAttributes, prefix = '10.1.2.0/24', metric?: number) {
  const key = prefixKeyFromText(prefix);
  const family = prefix.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
  const route = {
    family,
    attributes: received,
    nextHop: '192.0.2.254',
    ...(metric === undefined ? {} : { metric }),
  } as const;
  return new PolicyChain(policies).forRoute(route)(key);
}

const PLAIN = attributes([65_000, 65_001]);

describe('prefix list', () => {
  it.each([
    [{ cidr: '10.0.0.0/8' }, ['10.0.0.0/8'], ['10.0.0.0/9', '11.0.0.0/8', '0.0.0.0/0']],
    [{ cidr: '10.0.0.0/8', ge: 24 }, ['10.9.8.0/24', '10.9.8.7/32'], ['10.0.0.0/8', '10.9.0.0/16', '11.9.8.0/24']],
    [{ cidr: '10.0.0.0/8', le: 16 }, ['10.0.0.0/8', '10.9.0.0/16'], ['10.9.8.0/24']],
    [{ cidr: '0.0.0.0/0', ge: 32 }, ['192.0.2.1/32'], ['0.0.0.0/0', '::1/128']],
    [
      { cidr: '2001:db8:4000::/34', le: 64 },
      ['2001:db8:4000::/34', '2001:db8:7fff::/48'],
      ['2001:db8::/34', '2001:db8:8000::/48'],
    ],
    [{ cidr: '::/0', le: 128 }, ['::/0', '2001:db8::1/128'], ['0.0.0.0/0']],
  ])('%j', (range, matching, others) => {
    const matcher = new PrefixMatcher([range]);
    for (const prefix of matching) expect([prefix, matcher.matches(prefixKeyFromText(prefix))]).toEqual([prefix, true]);
    for (const prefix of others) expect([prefix, matcher.matches(prefixKeyFromText(prefix))]).toEqual([prefix, false]);
  });
});

describe('a term matches by', () => {
  it.each([
    [{ family: 'ipv4-unicast' }, true],
    [{ family: 'ipv6-unicast' }, false],
    [{ prefixes: [{ cidr: '10.0.0.0/8', le: 24 }] }, true],
    [{ prefixes: [{ cidr: '10.0.0.0/8', le: 23 }] }, false],
    [{ communities: ['65001:*'] }, true],
    [{ communities: ['65002:*', '*:8'] }, false],
    [{ communities: ['NO_EXPORT'] }, true],
    [{ largeCommunities: ['64512:*:3'] }, true],
    [{ largeCommunities: ['64512:*:4'] }, false],
    [{ asPath: { contains: [65_001, 1] } }, true],
    [{ asPath: { contains: [1] } }, false],
    [{ asPath: { originAs: [65_001] } }, true],
    [{ asPath: { originAs: [65_000] } }, false],
    [{ asPath: { neighborAs: [65_000] } }, true],
    [{ asPath: { neighborAs: [65_000], originAs: [65_000] } }, false],
    [{ asPath: { length: { ge: 2, le: 2 } } }, true],
    [{ asPath: { length: { ge: 3 } } }, false],
    [{ nextHop: ['192.0.2.0/24'] }, true],
    [{ nextHop: ['192.0.3.0/24', '::/0'] }, false],
    [{ metric: { ge: 1 } }, false],
    [{}, true],
  ])('%j: %s', (match, expected) => {
    const route = attributes([65_000, 65_001], {
      communities: [0xfde90007, 0xffffff01],
      largeCommunities: [{ globalAdministrator: 64_512, localData1: 2, localData2: 3 }],
    });
    expect(judge([policy({ match, action: 'accept' })], route).accepted).toBe(expected);
  });

  it('the metric of a kernel route', () => {
    const list = [policy({ match: { metric: { ge: 100, le: 200 } }, action: 'accept', set: { med: 50 } })];
    expect(judge(list, PLAIN, '10.0.0.1/32', 100)).toMatchObject({ accepted: true, attributes: { med: 50 } });
    expect(judge(list, PLAIN, '10.0.0.1/32', 99).accepted).toBe(false);
  });
});

describe('a term changes', () => {
  it('LOCAL_PREF, MED, communities and the length of the path', () => {
    const set = {
      localPref: 7,
      med: 8,
      communities: { remove: ['65001:*'], add: ['65001:2', 'NO_EXPORT'] },
      largeCommunities: { set: ['1:2:3'] },
      prepend: 2,
    };
    const before = attributes([65_000], { communities: [0xfde90001, 0xfdea0001] });
    expect(judge([policy({ action: 'accept', set })], before).attributes).toEqual({
      ...attributes([65_000, 65_000, 65_000]),
      localPref: 7,
      med: 8,
      communities: [0xfde90002, 0xfdea0001, 0xffffff01],
      largeCommunities: [{ globalAdministrator: 1, localData1: 2, localData2: 3 }],
    });
  });

  it('nothing of an empty path by prepending, and leaves no empty set of communities', () => {
    const before: PathAttributes = { origin: 'igp', asPath: [], communities: [1] };
    const set = { prepend: 3, communities: { set: [] } };
    expect(judge([policy({ action: 'accept', set })], before).attributes).toEqual({ origin: 'igp', asPath: [] });
  });

  it('what later terms see, and names the one that decided', () => {
    const list = [
      policy(
        { name: 'mark', action: 'next', set: { communities: { add: ['1:1'] } } },
        { name: 'marked', match: { communities: ['1:1'] }, action: 'accept', set: { med: 5 } },
      ),
    ];
    expect(judge(list, PLAIN)).toEqual({
      accepted: true,
      attributes: { ...PLAIN, communities: [0x00010001], med: 5 },
      decidedBy: 'policy p, term marked',
    });
  });
});

describe('policies of a peer', () => {
  it('follow each other; what none decides is rejected', () => {
    const first = { name: 'a', terms: terms({ match: { family: 'ipv6-unicast' }, action: 'reject' }) };
    const second = { name: 'b', terms: terms({ match: { asPath: { contains: [65_001] } }, action: 'accept' }) };
    expect(judge([first, second], PLAIN).decidedBy).toBe('policy b, term 1');
    expect(judge([first], PLAIN)).toMatchObject({ accepted: false, decidedBy: 'no term of a accepts it' });
  });

  it('let nothing through if one of them is unknown', () => {
    const all = { name: 'all', terms: terms({ action: 'accept' }) };
    expect(judge([all, { name: 'gone', terms: 'unknown' }], PLAIN)).toMatchObject({
      accepted: false,
      decidedBy: 'there is no RoutePolicy "gone"',
    });
  });
});

const PREFIXES = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.0/24',
  '10.1.2.3/32',
  '2001:db8::/32',
  '2001:db8:1::1/128',
];
const anyTerm = fc
  .record({
    match: fc.record(
      {
        prefixes: fc.array(
          fc.record({
            cidr: fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '2001:db8::/32', '0.0.0.0/0'),
            le: fc.option(fc.integer({ min: 32, max: 32 }), { nil: undefined }),
          }),
          { minLength: 1, maxLength: 2 },
        ),
        communities: fc.constantFrom(['1:1'], ['1:*', '2:2']),
        asPath: fc.constantFrom({ contains: [65_001] }, { length: { ge: 3 } }),
        family: fc.constantFrom('ipv4-unicast', 'ipv6-unicast'),
      },
      { requiredKeys: [] },
    ),
    action: fc.constantFrom('accept', 'reject', 'next'),
    set: fc.constantFrom(
      { localPref: 5 },
      { communities: { add: ['1:1'] } },
      { communities: { set: [] } },
      { prepend: 1 },
    ),
  })
  .map(({ match, action, set }) => (action === 'reject' ? { match, action } : { match, action, set }));
const anyPolicy = fc.array(anyTerm, { maxLength: 5 }).map((list) => policy(...list));
const anyAttributes = fc.constantFrom(
  PLAIN,
  attributes([65_000]),
  attributes([65_000], { communities: [0x00010001] }),
  attributes([65_000, 65_001, 65_002], { communities: [0x00020002] }),
);

/** Term after term for one prefix, as the words of the manifest have it. */
function reference(list: readonly NamedPolicy[], received: PathAttributes, prefix: string) {
  let current = received;
  for (const { terms: ofPolicy } of list) {
    if (ofPolicy === 'unknown') continue;
    for (const term of ofPolicy) {
      const one = judge([{ name: 'p', terms: [{ ...term, action: 'accept' }] }], current, prefix);
      if (!one.accepted) continue;
      current = one.attributes;
      if (term.action !== 'next') return { accepted: term.action === 'accept', attributes: current };
    }
  }
  return { accepted: false, attributes: current };
}

describe('evaluation', () => {
  it('in part for many prefixes equals term after term for each', () => {
    fc.assert(
      fc.property(fc.array(anyPolicy, { minLength: 1, maxLength: 3 }), anyAttributes, (list, received) => {
        const chain = new PolicyChain(list);
        for (const family of ['ipv4-unicast', 'ipv6-unicast'] as const) {
          const verdicts = chain.forRoute({ family, attributes: received, nextHop: '192.0.2.254' });
          for (const prefix of PREFIXES.filter((text) => text.includes(':') === (family === 'ipv6-unicast'))) {
            const { accepted, attributes: changed } = verdicts(prefixKeyFromText(prefix));
            expect({ accepted, attributes: changed }).toEqual(reference(list, received, prefix));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of another policy over Adj-RIB-In equals receiving everything under it, and reports what differs', () => {
    const settings = {
      ownAsNumbers: [64_601],
      allowOwnAs: 0,
      localRouterId: '192.0.2.1',
      clusterId: '192.0.2.1',
      draining: false,
      links: NO_LINK_RULES,
      acceptBlackhole: false,
    };
    const build = (list: readonly NamedPolicy[]) =>
      importPolicy({ ...settings, isOwnAddress: () => false, chain: new PolicyChain(list) });
    const announcement = fc.record({ prefix: fc.constantFrom(...PREFIXES), attributes: anyAttributes });
    const announce = (
      table: AdjRibIn,
      { prefix, attributes: received }: { prefix: string; attributes: PathAttributes },
    ) =>
      table.announce(
        { family: prefix.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast', prefixes: [prefixKeyFromText(prefix)] },
        received,
        { address: '192.0.2.254' },
        () => {},
      );
    const seen = (table: AdjRibIn) =>
      new Map(
        [...table.keys()].map((key) => {
          const { path } = table.entry(key) ?? {};
          const texts = path === undefined ? [] : [attributesKey(path.attributes), attributesKey(path.received)];
          return [prefixKeyToText(key), [...texts, path?.rejection, path?.decidedBy]];
        }),
      );
    fc.assert(
      fc.property(
        fc.array(announcement, { maxLength: 12 }),
        fc.array(anyPolicy, { minLength: 2, maxLength: 4 }),
        (announcements, policies) => {
          const live = new AdjRibIn(source('p'), build([]));
          const half = Math.floor(announcements.length / 2);
          for (const each of announcements.slice(0, half)) announce(live, each);
          live.markStale('ipv4-unicast', () => {});
          for (const each of announcements.slice(half)) announce(live, each);
          for (const each of policies) {
            const before = seen(live);
            const changed = new Set<PrefixKey>();
            live.setPolicy(build([each]), (key) => changed.add(key));
            const after = seen(live);
            for (const [prefix, entry] of after) {
              const differs = JSON.stringify(entry) !== JSON.stringify(before.get(prefix));
              expect(changed.has(prefixKeyFromText(prefix))).toBe(differs);
            }
          }
          const last = policies.at(-1);
          const scratch = new AdjRibIn(source('p'), build(last === undefined ? [] : [last]));
          for (const each of announcements.slice(0, half)) announce(scratch, each);
          scratch.markStale('ipv4-unicast', () => {});
          for (const each of announcements.slice(half)) announce(scratch, each);
          expect(seen(live)).toEqual(seen(scratch));
          for (const family of ['ipv4-unicast', 'ipv6-unicast'] as const) {
            expect(live.accepted(family)).toBe(scratch.accepted(family));
            live.clear(family, () => {});
          }
          expect(live.paths).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
