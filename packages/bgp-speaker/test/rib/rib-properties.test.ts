import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4PrefixKey, ipv6PrefixKey, type PathAttributes, type PrefixKey } from '../../src/codec/index.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import { BestPathRibOut, type ExportRoute } from '../../src/rib/adj-rib-out.ts';
import type { ImportPolicy } from '../../src/rib/import-policy.ts';
import { LocRib } from '../../src/rib/loc-rib.ts';
import { attributes, source } from '../lab/paths.ts';

const KEYS: readonly PrefixKey[] = [
  ipv4PrefixKey(0xc0000201, 32),
  ipv4PrefixKey(0xc6336400, 24),
  ipv4PrefixKey(0, 0),
  ipv6PrefixKey(new Uint8Array(16).fill(0x20), 0, 128),
  ipv6PrefixKey(new Uint8Array(16), 0, 0),
];
/** Refuses what has AS 666 in its path, and nothing by prefix. */
const POLICY: ImportPolicy = {
  forRoute: (_family, attributes) => {
    const refuses = attributes.asPath.some(({ asNumbers }) => asNumbers.includes(666));
    const verdict = { attributes, ...(refuses ? { rejection: 'AS 666' } : {}) };
    return () => verdict;
  },
};
const ATTRIBUTES: readonly PathAttributes[] = [
  attributes([65_000]),
  attributes([65_000, 65_001]),
  attributes([65_000], { med: 5 }),
  attributes([666]),
];

type Operation =
  | { readonly op: 'announce'; readonly peer: number; readonly keys: readonly number[]; readonly attributes: number }
  | { readonly op: 'withdraw'; readonly peer: number; readonly keys: readonly number[] }
  | { readonly op: 'stale' | 'sweep' | 'clear'; readonly peer: number; readonly ipv4: boolean }
  | { readonly op: 'local'; readonly key: number; readonly present: boolean };

const peer = fc.integer({ min: 0, max: 2 });
const keys = fc.uniqueArray(fc.integer({ min: 0, max: KEYS.length - 1 }), { minLength: 1, maxLength: 3 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('announce' as const),
      peer,
      keys,
      attributes: fc.integer({ min: 0, max: ATTRIBUTES.length - 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('withdraw' as const), peer, keys }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constantFrom('stale', 'sweep', 'clear'), peer, ipv4: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('local' as const),
      key: fc.integer({ min: 0, max: KEYS.length - 1 }),
      present: fc.boolean(),
    }),
  },
);

function newTables(): { readonly locRib: LocRib; readonly peers: readonly AdjRibIn[] } {
  const peers = [0, 1, 2].map(
    (index) =>
      new AdjRibIn(
        source(`p${index}`, { routerId: index + 1, address: `192.0.2.${index}`, type: index === 2 ? 'ibgp' : 'ebgp' }),
        POLICY,
      ),
  );
  const locRib = new LocRib();
  for (const each of peers) locRib.addSource(each);
  return { locRib, peers };
}

function blocksOf(indexes: readonly number[]) {
  const chosen = indexes.flatMap((index) => KEYS[index] ?? []);
  const ipv4 = chosen.filter((key) => typeof key === 'number');
  const ipv6 = chosen.filter((key) => typeof key === 'string');
  return [
    { family: 'ipv4-unicast' as const, prefixes: ipv4 },
    { family: 'ipv6-unicast' as const, prefixes: ipv6 },
  ];
}

/** One peer's routes as a plain map, the way RFC 4724 words it. */
type Model = Map<PrefixKey, { attributes: PathAttributes; stale: boolean }>;

function applyToModel(model: Model, step: Operation): void {
  const ofFamily = (key: PrefixKey, ipv4: boolean) => (typeof key === 'number') === ipv4;
  switch (step.op) {
    case 'announce': {
      const announced = ATTRIBUTES[step.attributes];
      if (announced === undefined) return;
      for (const { prefixes } of blocksOf(step.keys)) {
        for (const key of prefixes) model.set(key, { attributes: announced, stale: false });
      }
      return;
    }
    case 'withdraw':
      for (const { prefixes } of blocksOf(step.keys)) for (const key of prefixes) model.delete(key);
      return;
    case 'stale':
      for (const [key, entry] of model) {
        if (!ofFamily(key, step.ipv4)) continue;
        if (entry.stale) model.delete(key);
        else entry.stale = true;
      }
      return;
    case 'sweep':
      for (const [key, entry] of model) if (ofFamily(key, step.ipv4) && entry.stale) model.delete(key);
      return;
    case 'clear':
      for (const key of model.keys()) if (ofFamily(key, step.ipv4)) model.delete(key);
      return;
    case 'local':
      return;
  }
}

function applyToTables({ locRib, peers }: ReturnType<typeof newTables>, step: Operation): void {
  const changed = (key: PrefixKey): void => {
    locRib.decideAgain(key);
  };
  if (step.op === 'local') {
    const key = KEYS[step.key];
    if (key === undefined) return;
    locRib.setLocal(key, step.present ? 0 : undefined);
    locRib.decideAgain(key);
    return;
  }
  const adjRibIn = peers[step.peer];
  if (adjRibIn === undefined) return;
  const family = 'ipv4' in step ? (step.ipv4 ? 'ipv4-unicast' : 'ipv6-unicast') : undefined;
  switch (step.op) {
    case 'announce': {
      const announced = ATTRIBUTES[step.attributes];
      if (announced === undefined) return;
      for (const block of blocksOf(step.keys)) {
        adjRibIn.announce(block, announced, { address: `192.0.2.${step.peer}` }, changed);
      }
      return;
    }
    case 'withdraw':
      for (const block of blocksOf(step.keys)) adjRibIn.withdraw(block, changed);
      return;
    case 'stale':
      if (family !== undefined) adjRibIn.markStale(family, changed);
      return;
    case 'sweep':
      if (family !== undefined) adjRibIn.sweepStale(family, changed);
      return;
    case 'clear':
      if (family !== undefined) adjRibIn.clear(family, changed);
      return;
  }
}

/** For comparison: what matters of every table. */
function summary({ locRib, peers }: ReturnType<typeof newTables>): object {
  return KEYS.map((key) => ({
    chosen: locRib.route(key).map(({ source: from, attributes: chosen }) => [from.name, chosen]),
    received: peers.map((adjRibIn) => {
      const entry = adjRibIn.entry(key);
      return entry === undefined ? undefined : [entry.path.attributes, entry.stale, entry.path.rejection];
    }),
  }));
}

describe('RIBs', () => {
  it('incremental equals from scratch, and equals the plain model', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (steps) => {
        const incremental = newTables();
        const models: readonly Model[] = [new Map(), new Map(), new Map()];
        const local = new Set<PrefixKey>();
        for (const step of steps) {
          applyToTables(incremental, step);
          if (step.op === 'local') {
            const key = KEYS[step.key];
            if (key !== undefined && step.present) local.add(key);
            else if (key !== undefined) local.delete(key);
          } else {
            const model = models[step.peer];
            if (model !== undefined) applyToModel(model, step);
          }
        }

        const scratch = newTables();
        for (const key of local) scratch.locRib.setLocal(key, 0);
        for (const [index, model] of models.entries()) {
          const target = scratch.peers[index];
          for (const stale of [true, false]) {
            for (const [key, entry] of model) {
              if (entry.stale !== stale) continue;
              const family = typeof key === 'number' ? 'ipv4-unicast' : 'ipv6-unicast';
              const block = { family, prefixes: [key] } as const;
              target?.announce(block, entry.attributes, { address: `192.0.2.${index}` }, () => {});
            }
            if (stale)
              for (const family of ['ipv4-unicast', 'ipv6-unicast'] as const) target?.markStale(family, () => {});
          }
        }
        for (const key of KEYS) scratch.locRib.decideAgain(key);

        expect(summary(incremental)).toEqual(summary(scratch));
        expect(incremental.locRib.learned).toBe(scratch.locRib.learned);
        for (const [index, adjRibIn] of incremental.peers.entries()) {
          for (const family of ['ipv4-unicast', 'ipv6-unicast'] as const) {
            expect(adjRibIn.received(family)).toBe(scratch.peers[index]?.received(family));
            expect(adjRibIn.accepted(family)).toBe(scratch.peers[index]?.accepted(family));
            expect(adjRibIn.staleRoutes(family)).toBe(scratch.peers[index]?.staleRoutes(family));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps one path per set of attributes, and none that nobody uses', () => {
    const adjRibIn = new AdjRibIn(source('p'), POLICY);
    const block = { family: 'ipv4-unicast', prefixes: [1, 2, 3].map((host) => ipv4PrefixKey(host, 32)) } as const;
    adjRibIn.announce(block, attributes([65_000]), { address: '192.0.2.1' }, () => {});
    adjRibIn.announce(block, attributes([65_000]), { address: '192.0.2.1' }, () => {
      throw new Error('nothing changed');
    });
    expect(adjRibIn.paths).toBe(1);
    adjRibIn.announce(
      { ...block, prefixes: [ipv4PrefixKey(1, 32)] },
      attributes([65_001]),
      { address: '192.0.2.1' },
      () => {},
    );
    expect(adjRibIn.paths).toBe(2);
    adjRibIn.clear('ipv4-unicast', () => {});
    expect(adjRibIn.paths).toBe(0);
  });
});

describe('Adj-RIB-Out', () => {
  it('what was taken, applied in order, is what the peer should have; never two changes for one prefix', () => {
    const routes: readonly ExportRoute[] = [0, 1].map((index) => ({
      attributes: attributes([65_000 + index]),
      nextHop: { address: '192.0.2.1' },
    }));
    const change = fc.oneof(
      fc.record({
        key: fc.integer({ min: 0, max: 9 }),
        route: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
      }),
      fc.record({ take: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ refresh: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const rib = new BestPathRibOut();
        const wanted = new Map<PrefixKey, ExportRoute>();
        const peerHas = new Map<PrefixKey, ExportRoute>();
        const take = (limit: number): number => {
          const { withdrawn, announced } = rib.take(limit);
          const touched = [withdrawn, ...announced.values()].flatMap(({ prefixes }) => prefixes);
          expect(new Set(touched).size).toBe(touched.length);
          expect(touched.length).toBeLessThanOrEqual(limit);
          for (const key of withdrawn.prefixes) expect(peerHas.delete(key)).toBe(true);
          for (const [route, { prefixes }] of announced) for (const key of prefixes) peerHas.set(key, route);
          return touched.length;
        };
        for (const step of changes) {
          if ('take' in step) take(step.take);
          else if ('refresh' in step) rib.refresh();
          else {
            const route = step.route === undefined ? undefined : routes[step.route];
            if (route === undefined) {
              rib.offerLocal(step.key, undefined);
              wanted.delete(step.key);
            } else {
              rib.offerLocal(step.key, route);
              wanted.set(step.key, route);
            }
          }
        }
        expect(rib.pending).toBeLessThanOrEqual(10);
        while (take(3) > 0);
        expect(peerHas).toEqual(wanted);
        expect(rib.advertised).toBe(wanted.size);
      }),
    );
  });

  it('a withdrawal that overtakes its announcement leaves nothing to send', () => {
    const rib = new BestPathRibOut();
    rib.offerLocal(1, { attributes: attributes([65_000]), nextHop: { address: '192.0.2.1' } });
    rib.offerLocal(1, undefined);
    expect(rib.pending).toBe(0);
  });
});
