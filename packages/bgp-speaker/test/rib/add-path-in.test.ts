import { WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4PrefixKey, type PathAttributes, type PrefixKey } from '../../src/codec/index.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import { explainDecision } from '../../src/rib/decision-process.ts';
import type { ImportPolicy } from '../../src/rib/import-policy.ts';
import type { KeptAs } from '../../src/rib/kept-paths.ts';
import { LocRib } from '../../src/rib/loc-rib.ts';
import { attributes, source } from '../lab/paths.ts';

const FAMILY = 'ipv4-unicast';
const KEYS: readonly PrefixKey[] = [0, 1, 2].map((index) => ipv4PrefixKey(0xc0000200 + index, 32));
const ATTRIBUTES: readonly PathAttributes[] = [
  attributes([65_000]),
  attributes([65_000, 65_001]),
  attributes([65_000], { med: 5 }),
  attributes([666]),
  attributes([65_000], { communities: [1, WELL_KNOWN_COMMUNITIES.NO_LLGR] }),
  attributes([666], { communities: [WELL_KNOWN_COMMUNITIES.NO_LLGR] }),
];

/** Refuses what has one of these AS numbers in its path. */
function refusing(...refused: readonly number[]): ImportPolicy {
  return {
    forRoute: (_family, received) => {
      const refuses = received.asPath.some(({ asNumbers }) => asNumbers.some((each) => refused.includes(each)));
      const verdict = { attributes: received, ...(refuses ? { rejection: 'refused' } : {}) };
      return () => verdict;
    },
  };
}

type Model = Map<string, { readonly attributes: PathAttributes; stale: boolean; keptAs?: KeptAs | undefined }>;

const route = fc.record({
  key: fc.constantFrom(...KEYS),
  // Without an identifier: what a session before ADD-PATH was configured left behind.
  pathId: fc.constantFrom(undefined, 0, 1, 2, 0xffff_ffff),
});
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('announce'), route, attributes: fc.constantFrom(...ATTRIBUTES) }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('withdraw'), route }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('stale', 'refresh', 'unmark', 'sweep', 'clear') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('silent', 'long-lived', 'stale again') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('policy'), refused: fc.constantFrom(666, 65_001) }) },
);

const textOf = (key: PrefixKey, pathId: number | undefined) => `${key} ${pathId}`;

describe('Adj-RIB-In with ADD-PATH', () => {
  it('holds what a plain map by prefix and Path Identifier holds, and reports what changed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const rib = new AdjRibIn(source('p'), refusing(666));
        const locRib = new LocRib();
        locRib.addSource(rib);
        const model: Model = new Map();
        let refused = 666;
        const changed = new Set<string>();
        const onChanged = (key: PrefixKey, pathId?: number): void => {
          changed.add(textOf(key, pathId));
          locRib.decideAgain(key);
        };
        for (const each of steps) {
          const before = snapshot(rib);
          changed.clear();
          if (each.op === 'announce' && 'attributes' in each) {
            const { key, pathId } = each.route;
            const block = {
              family: FAMILY,
              prefixes: [key],
              ...(pathId === undefined ? {} : { pathIds: [pathId] }),
            } as const;
            rib.announce(block, each.attributes, { address: '192.0.2.1' }, onChanged);
            model.set(textOf(key, pathId), { attributes: each.attributes, stale: false });
          } else if (each.op === 'withdraw' && 'route' in each) {
            const { key, pathId } = each.route;
            const block = {
              family: FAMILY,
              prefixes: [key],
              ...(pathId === undefined ? {} : { pathIds: [pathId] }),
            } as const;
            rib.withdraw(block, onChanged);
            model.delete(textOf(key, pathId));
          } else if (each.op === 'policy' && 'refused' in each) {
            refused = each.refused;
            rib.setPolicy(refusing(refused), onChanged);
            dropUnkept(model, refused);
          } else {
            applyToModel(model, each.op);
            dropUnkept(model, refused);
            switch (each.op) {
              case 'stale':
                rib.markStale(FAMILY, onChanged);
                break;
              case 'stale again':
                rib.markStale(FAMILY, onChanged, { keepEarlier: true });
                break;
              case 'silent':
              case 'long-lived':
                rib.keepStaleAs(FAMILY, each.op, onChanged);
                break;
              case 'refresh':
                rib.markRefreshing(FAMILY, onChanged);
                break;
              case 'unmark':
                rib.unmarkStale(FAMILY, onChanged);
                break;
              case 'sweep':
                rib.sweepStale(FAMILY, onChanged);
                break;
              case 'clear':
                rib.clear(FAMILY, onChanged);
                break;
            }
          }
          const after = snapshot(rib);
          for (const text of new Set([...before.keys(), ...after.keys()])) {
            if (before.get(text) !== after.get(text)) expect(changed).toContain(text);
          }
          expect(new Map([...after].map(([text, path]) => [text, path.attributes]))).toEqual(
            new Map([...model].map(([text, entry]) => [text, expectedAttributes(entry, refused)])),
          );
          for (const [text, { keptAs, attributes: came }] of model) {
            const path = after.get(text);
            expect([path?.keptAs, path?.received]).toEqual([keptAs, came]);
            expect(path?.isLastResort).toBe(keptAs !== undefined);
          }
          expect(rib.received(FAMILY)).toBe(model.size);
          expect(rib.staleRoutes()).toBe([...model.values()].filter(({ stale }) => stale).length);
          const accepted = [...model.values()].filter((entry) => !isRefused(entry.attributes, refused));
          expect(rib.accepted(FAMILY)).toBe(accepted.length);
          expect(KEYS.flatMap((key) => rib.candidates(key)).length).toBe(accepted.length);
        }
        const fresh = new LocRib();
        fresh.addSource(rib);
        for (const key of KEYS) {
          fresh.decideAgain(key);
          expect(locRib.route(key)).toEqual(fresh.route(key));
        }
        rib.clear(FAMILY, onChanged);
        expect([rib.paths, rib.received(FAMILY), rib.accepted(FAMILY)]).toEqual([0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });

  it('compares all paths of a peer: those that are equal forward together, in the order of their identifiers', () => {
    const rib = new AdjRibIn(source('p'), refusing());
    const key = KEYS[0] ?? 0;
    const announce = (pathId: number, address: string, asNumbers: readonly number[]): void =>
      rib.announce(
        { family: FAMILY, prefixes: [key], pathIds: [pathId] },
        attributes(asNumbers),
        { address },
        () => {},
      );
    announce(7, '192.0.2.7', [65_000]);
    announce(3, '192.0.2.3', [65_000]);
    announce(5, '192.0.2.5', [65_000, 65_001]);
    const { paths, reasons } = explainDecision(rib.candidates(key));
    expect(paths.map(({ pathId }) => pathId)).toEqual([3, 7]);
    const [longer] = rib.candidates(key).filter(({ pathId }) => pathId === 5);
    expect(longer && reasons.get(longer)).toBe('AS_PATH length: 2 is longer than 1');
  });
});

function snapshot(rib: AdjRibIn) {
  return new Map(KEYS.flatMap((key) => rib.entries(key).map(({ path }) => [textOf(key, path.pathId), path] as const)));
}

function isRefused({ asPath }: PathAttributes, refused: number): boolean {
  return asPath.some(({ asNumbers }) => asNumbers.includes(refused));
}

/** What the decision process sees. */
function expectedAttributes(
  { attributes: came, keptAs }: { attributes: PathAttributes; keptAs?: KeptAs | undefined },
  refused: number,
): PathAttributes {
  if (keptAs !== 'long-lived' || isRefused(came, refused)) return came;
  return { ...came, communities: [...(came.communities ?? []), WELL_KNOWN_COMMUNITIES.LLGR_STALE] };
}

/** NO_LLGR: not kept beyond the restart time. */
function dropUnkept(model: Model, refused: number): void {
  for (const [text, { attributes: came, keptAs }] of model) {
    const isNotLongLived = came.communities?.includes(WELL_KNOWN_COMMUNITIES.NO_LLGR) === true;
    if (keptAs === 'long-lived' && isNotLongLived && !isRefused(came, refused)) model.delete(text);
  }
}

function applyToModel(model: Model, op: string): void {
  for (const [text, entry] of model) {
    switch (op) {
      case 'stale':
        if (entry.stale) model.delete(text);
        else entry.stale = true;
        break;
      case 'stale again':
        entry.stale = true;
        break;
      case 'silent':
        if (entry.stale) entry.keptAs ??= 'silent';
        break;
      case 'long-lived':
        if (entry.stale) entry.keptAs = 'long-lived';
        break;
      case 'refresh':
        entry.stale = true;
        entry.keptAs = undefined;
        break;
      case 'unmark':
        entry.stale = false;
        entry.keptAs = undefined;
        break;
      case 'sweep':
        if (entry.stale) model.delete(text);
        break;
      case 'clear':
        model.delete(text);
        break;
    }
  }
}
