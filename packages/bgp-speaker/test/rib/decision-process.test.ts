import { WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, explainDecision } from '../../src/rib/decision-process.ts';
import { LOCAL_PATH, makePath, type Path } from '../../src/rib/path.ts';
import { path, source } from '../lab/paths.ts';

const A = source('a', { routerId: 1, address: '192.0.2.1' });
const B = source('b', { routerId: 2, address: '192.0.2.2' });
const C = source('c', { routerId: 3, address: '192.0.2.3', type: 'ibgp' });

function reasonsOf(candidates: readonly Path[]): Readonly<Record<string, string>> {
  const { reasons } = explainDecision(candidates);
  return Object.fromEntries([...reasons].map(([candidate, reason]) => [candidate.source.name, reason]));
}

describe('decision process', () => {
  it('has nothing to choose from nothing, and the only route of one', () => {
    expect(explainDecision([]).paths).toEqual([]);
    const only = path(A, [65_000]);
    expect(decide([only])).toEqual([only]);
    expect(reasonsOf([only])).toEqual({ a: 'only route' });
  });

  it('leaves out what has an obstacle, says which, and chooses among the rest', () => {
    const better = path(A, [65_000], { localPref: 200 });
    const other = path(B, [65_000, 65_001]);
    const obstacleTo = (candidate: Path) => (candidate === better ? 'next hop is away: eth1 is down' : undefined);
    expect(decide([better, other], obstacleTo)).toEqual([other]);
    expect(decide([better], obstacleTo)).toEqual([]);
    expect([...explainDecision([better, other], obstacleTo).reasons]).toEqual([
      [better, 'next hop is away: eth1 is down'],
      [other, 'only route with a reachable next hop'],
    ]);
  });

  it('prefers a local route over all', () => {
    const other = path(A, []);
    expect(decide([other, LOCAL_PATH])).toEqual([LOCAL_PATH]);
    expect(reasonsOf([other, LOCAL_PATH])).toEqual({
      local: 'local route',
      a: 'local route: the instance is on this host',
    });
  });

  it('prefers any route over one that is kept of a router that is away, and a local one over all', () => {
    const poor = path(B, [65_000, 65_001, 65_002], { localPref: 0 });
    const silent = makePath({ ...path(A, [65_000]), keptAs: 'silent' });
    const longLived = makePath({ ...path(A, [65_000]), keptAs: 'long-lived' });
    const marked = path(A, [65_000], { communities: [7, WELL_KNOWN_COMMUNITIES.LLGR_STALE] });
    for (const last of [silent, longLived, marked]) {
      expect(decide([last, poor])).toEqual([poor]);
      expect(reasonsOf([last, poor]).b).toBe('best by router in session');
      expect(decide([last])).toEqual([last]);
      expect(decide([last, LOCAL_PATH])).toEqual([LOCAL_PATH]);
    }
    expect([silent, longLived, marked].map((last) => reasonsOf([last, poor]).a)).toEqual([
      'router in session: this one fell silent, and its routes are kept',
      'router in session: this one has been away for longer than its restart time (LLGR)',
      'router in session: this one keeps the route for a router that is away (LLGR_STALE)',
    ]);
    const worse = makePath({ ...path(B, [65_000, 65_001]), keptAs: 'silent' });
    expect(decide([worse, longLived])).toEqual([longLived]);
  });

  it('prefers the higher LOCAL_PREF, of an iBGP peer or an import policy; it is 100 if nobody says', () => {
    const internal = path(C, [65_000, 65_001, 65_002], { localPref: 200 });
    const external = path(A, [65_000]);
    expect(decide([external, internal])).toEqual([internal]);
    expect(reasonsOf([external, internal])).toEqual({
      c: 'best by LOCAL_PREF',
      a: 'LOCAL_PREF: 100 is lower than 200',
    });
    const drained = path(A, [65_000], { localPref: 0 });
    expect(reasonsOf([drained, path(B, [65_000, 65_001])]).a).toBe('LOCAL_PREF: 0 is lower than 100');
  });

  it('prefers the shorter AS_PATH, then the lower ORIGIN', () => {
    const short = path(A, [65_000]);
    const long = path(B, [65_000, 65_001]);
    expect(decide([long, short])).toEqual([short]);
    expect(reasonsOf([long, short]).b).toBe('AS_PATH length: 2 is longer than 1');
    const incomplete = path(B, [65_000], { origin: 'incomplete' });
    expect(decide([incomplete, short])).toEqual([short]);
    expect(reasonsOf([incomplete, short]).b).toBe('ORIGIN: incomplete loses');
  });

  it('compares MED only within one neighbouring AS', () => {
    const low = path(A, [65_000], { med: 10 });
    const high = path(B, [65_000], { med: 20 });
    const foreign = path(source('d', { routerId: 4 }), [65_009], { med: 500 });
    expect(decide([high, foreign, low])).toEqual([low, foreign]);
    expect(reasonsOf([high, foreign, low]).b).toBe('MED: 20 is higher than 10 of AS 65000');
  });

  it('prefers eBGP over iBGP', () => {
    const external = path(A, [65_000]);
    const internal = path(C, [65_000]);
    expect(decide([internal, external])).toEqual([external]);
    expect(reasonsOf([internal, external]).c).toBe('eBGP over iBGP: this one is from iBGP');
  });

  it('forwards over all that is left, the lowest BGP Identifier first, whatever the content of AS_PATH', () => {
    const left = path(A, [65_000]);
    const right = path(B, [65_100]);
    expect(decide([right, left])).toEqual([left, right]);
    expect(reasonsOf([right, left])).toEqual({
      a: 'lowest BGP Identifier of 2 equal routes',
      b: 'multipath: equal to a up to the BGP Identifier',
    });
  });

  it('does not depend on the order of the candidates, and gives everyone a reason', () => {
    const candidate = fc
      .record({
        type: fc.constantFrom('ebgp', 'ibgp'),
        asNumbers: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
        localPref: fc.option(fc.constantFrom(100, 200), { nil: undefined }),
        med: fc.option(fc.constantFrom(0, 5, 10), { nil: undefined }),
        origin: fc.constantFrom('igp', 'egp', 'incomplete'),
        routerId: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ type, asNumbers, localPref, med, origin, routerId }) => ({
        from: { type, routerId } as const,
        asNumbers,
        fields: { origin, ...(localPref === undefined ? {} : { localPref }), ...(med === undefined ? {} : { med }) },
      }));
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 6 }), fc.nat(), (specs, turn) => {
        const candidates = specs.map(({ from, asNumbers, fields }, index) =>
          path(source(`p${index}`, { ...from, address: `192.0.2.${index}` }), asNumbers, fields),
        );
        const turned = candidates.map((_, index) => candidates[(index + turn) % candidates.length] ?? LOCAL_PATH);
        expect(decide(turned)).toEqual(decide(candidates));
        const { paths, reasons } = explainDecision(candidates);
        expect(paths).toEqual(decide(candidates));
        expect(new Set(reasons.keys())).toEqual(new Set(candidates));
      }),
    );
  });
});
