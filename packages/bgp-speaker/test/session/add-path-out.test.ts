import { FakeClock } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attributesKey,
  type CodecContext,
  decodeUpdate,
  initialContext,
  type PrefixKey,
  prefixKeyFromText,
} from '../../src/codec/index.ts';
import { NO_BLOCKS } from '../../src/rib/address-blocks.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import type { ExportRoute } from '../../src/rib/adj-rib-out.ts';
import { PathsRibOut } from '../../src/rib/adj-rib-out-paths.ts';
import { rankPaths } from '../../src/rib/decision-process.ts';
import { ExportPolicy, ExportRouteTable, type ExportSettings } from '../../src/rib/export-policy.ts';
import { offersOf, type PathsToSend } from '../../src/rib/export-selection.ts';
import { LocRib } from '../../src/rib/loc-rib.ts';
import { makePath, type Path } from '../../src/rib/path.ts';
import { PolicyChain } from '../../src/rib/route-policy.ts';
import { UpdateSender } from '../../src/session/update-sender.ts';
import { attributes, path, source } from '../lab/paths.ts';

const FAMILY = 'ipv4-unicast';
const CONTEXT: CodecContext = {
  ...initialContext('ebgp'),
  fourOctetAs: true,
  addPathSend: new Set([FAMILY]),
  addPathReceive: new Set([FAMILY]),
};
const KEYS = ['198.51.100.1/32', '198.51.100.2/32', '203.0.113.0/24'].map(prefixKeyFromText);
const SETTINGS: Omit<ExportSettings, 'chain'> = {
  family: FAMILY,
  recipient: { name: 'to', type: 'ebgp', client: 'server', extendedNextHop: false, longLived: false },
  localAsNumber: 64_601,
  clusterId: '192.0.2.1',
  routerId: '192.0.2.1',
  blocks: NO_BLOCKS,
  nextHop: { address: '192.0.2.1' },
  draining: false,
};

/** Rejects routes to a prefix, or none. */
function chainWithout(cidr: string | undefined): PolicyChain {
  const reject = cidr === undefined ? [] : [{ match: { prefixes: [{ cidr }] }, action: 'reject' as const }];
  return new PolicyChain([{ name: 'p', terms: [...reject, { match: {}, action: 'accept' }] }]);
}

/** A receiver that knows nothing but the octets. */
class Receiver {
  bufferedOctets = 0;
  readonly table = new Map<string, string>();
  /** What was repeated since the begin of an answer to a ROUTE-REFRESH. */
  #repeated: Set<string> | undefined;

  write(octets: Uint8Array): void {
    const update = decodeUpdate(octets, CONTEXT);
    expect(update.errors).toEqual([]);
    for (const { prefixes, pathIds = [] } of update.withdrawn) {
      for (const [index, key] of prefixes.entries()) {
        expect(this.table.delete(`${key} ${pathIds[index]}`), 'a withdrawal of what there is').toBe(true);
      }
    }
    for (const { prefixes, pathIds = [], nextHop } of update.reachable) {
      for (const [index, key] of prefixes.entries()) {
        const name = `${key} ${pathIds[index]}`;
        this.table.set(name, attributesKey(update.attributes, nextHop));
        this.#repeated?.add(name);
      }
    }
  }

  markRefresh(_family: string, mark: 'begin' | 'end'): void {
    if (mark === 'begin') {
      this.#repeated = new Set();
      return;
    }
    for (const name of this.table.keys()) if (this.#repeated?.has(name) !== true) this.table.delete(name);
    this.#repeated = undefined;
  }

  /** By prefix, without the identifiers. */
  paths(key: PrefixKey): readonly string[] {
    return [...this.table]
      .filter(([name]) => name.startsWith(`${key} `))
      .map(([, route]) => route)
      .sort();
  }
}

const peers = ['a', 'b', 'to'] as const;
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('announce' as const),
      peer: fc.constantFrom(...peers),
      key: fc.constantFrom(...KEYS),
      pathId: fc.integer({ min: 1, max: 3 }),
      asNumber: fc.integer({ min: 65_001, max: 65_003 }),
      prepended: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('withdraw' as const),
      peer: fc.constantFrom(...peers),
      key: fc.constantFrom(...KEYS),
      pathId: fc.integer({ min: 1, max: 3 }),
    }),
  },
  fc.record({ op: fc.constant('local' as const), key: fc.constantFrom(...KEYS), present: fc.boolean() }),
  fc.record({ op: fc.constant('policy' as const), cidr: fc.constantFrom(undefined, '198.51.100.2/32') }),
  fc.record({ op: fc.constant('socket' as const), full: fc.boolean() }),
  fc.record({ op: fc.constant('refresh' as const) }),
);

describe('Adj-RIB-Out with ADD-PATH', () => {
  it('after any changes, refreshes and policies, a receiver has the wanted paths of every prefix and no others', () => {
    const toSend = fc.constantFrom<PathsToSend>('all', 'multipath', 'best', 1, 2, 3);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), toSend, (steps, which) => {
        const receiver = new Receiver();
        const clock = new FakeClock();
        const sender = new UpdateSender({ sink: receiver, context: CONTEXT, clock, onMessage: () => {} });
        const locRib = new LocRib();
        const table = new ExportRouteTable();
        const ribs = new Map(
          peers.map((name, index) => [
            name,
            new AdjRibIn(source(name, { client: 'server', routerId: index + 1, address: `192.0.2.${10 + index}` }), {
              forRoute: (_family, received) => () => ({ attributes: received }),
            }),
          ]),
        );
        for (const rib of ribs.values()) locRib.addSource(rib);
        let policy = new ExportPolicy({ ...SETTINGS, chain: chainWithout(undefined) }, table);
        const offer = (key: PrefixKey): void => {
          locRib.decideAgain(key);
          sender.offer(key, offersOf(key, which, locRib, policy));
        };
        sender.setExport(FAMILY, policy, []);
        for (const each of steps) {
          switch (each.op) {
            case 'announce': {
              const block = { family: FAMILY, prefixes: [each.key], pathIds: [each.pathId] } as const;
              const asNumbers = each.prepended ? [each.asNumber, each.asNumber] : [each.asNumber];
              ribs.get(each.peer)?.announce(block, attributes(asNumbers), { address: `192.0.2.${each.pathId}` }, offer);
              break;
            }
            case 'withdraw':
              ribs.get(each.peer)?.withdraw({ family: FAMILY, prefixes: [each.key], pathIds: [each.pathId] }, offer);
              break;
            case 'local':
              locRib.setLocal(each.key, each.present ? 0 : undefined);
              offer(each.key);
              break;
            case 'policy':
              policy = new ExportPolicy({ ...SETTINGS, chain: chainWithout(each.cidr) }, table);
              for (const key of KEYS) offer(key);
              break;
            case 'socket':
              receiver.bufferedOctets = each.full ? 1_000_000 : 0;
              break;
            case 'refresh':
              sender.refresh(FAMILY);
              break;
          }
          sender.flush();
        }
        receiver.bufferedOctets = 0;
        sender.flush();
        clock.advance(1000);
        expect(sender.pending).toBe(0);
        let wanted = 0;
        for (const key of KEYS) {
          const offers = offersOf(key, which, locRib, policy);
          wanted += offers.length;
          expect(receiver.paths(key)).toEqual(
            offers.map(({ route }) => attributesKey(route.attributes, route.nextHop)).sort(),
          );
          expect(offers.every(({ path: { source: from } }) => from.name !== 'to')).toBe(true);
        }
        expect(sender.advertised(FAMILY)).toBe(wanted);
        const ids = new Map([...sender.routes(FAMILY)].map(({ key, pathId, route }) => [`${key} ${pathId}`, route]));
        expect([...ids.keys()].sort()).toEqual([...receiver.table.keys()].sort());
      }),
      { numRuns: 400 },
    );
  });

  const KEY = KEYS[0] ?? 0;
  const route = (med: number): ExportRoute => ({
    attributes: attributes([65_000], { med }),
    nextHop: { address: '192.0.2.1' },
  });
  const pathOf = (name: string): Path => path(source(name), [65_000]);

  it('keeps the identifier of a path over new attributes and over the other paths’ coming and going', () => {
    const rib = new PathsRibOut();
    const [a, b] = [pathOf('a'), pathOf('b')];
    rib.offer(KEY, [{ path: a, route: route(1) }]);
    rib.offer(KEY, [
      { path: b, route: route(2) },
      { path: a, route: route(1) },
    ]);
    rib.take(9);
    const ids = new Map([...rib.routes()].map(({ pathId, path: { source: from } = a }) => [from.name, pathId]));
    expect(ids.size).toBe(2);
    const changed = makePath({ source: b.source, attributes: attributes([65_009]), nextHop: { address: '192.0.2.9' } });
    rib.offer(KEY, [{ path: changed, route: route(3) }]);
    const { withdrawn, announced } = rib.take(9);
    expect(withdrawn).toEqual({ prefixes: [KEY], pathIds: [ids.get('a')] });
    expect([...announced.values()]).toEqual([{ prefixes: [KEY], pathIds: [ids.get('b')] }]);

    const other = new PathsRibOut();
    const again = [pathOf('b'), pathOf('c'), pathOf('a')];
    other.offer(
      KEY,
      again.map((each, index) => ({ path: each, route: route(index) })),
    );
    other.take(9);
    const idsAgain = new Map([...other.routes()].map(({ pathId, path: { source: from } = a }) => [from.name, pathId]));
    expect([idsAgain.get('a'), idsAgain.get('b')]).toEqual([ids.get('a'), ids.get('b')]);
  });

  it('cancels what the peer has not been told', () => {
    const rib = new PathsRibOut();
    rib.offer(KEY, [{ path: pathOf('a'), route: route(1) }]);
    rib.offer(KEY, []);
    expect(rib.pending).toBe(0);
    rib.offer(KEY, [{ path: pathOf('a'), route: route(1) }]);
    rib.take(9);
    const [told] = rib.routes();
    rib.offer(KEY, []);
    expect(rib.pending).toBe(1);
    if (told?.path !== undefined) rib.offer(KEY, [{ path: told.path, route: told.route }]);
    expect([rib.pending, rib.advertised]).toEqual([0, 1]);
  });
});

describe('ranking', () => {
  it('takes as the next best what would be best without those before it', () => {
    const paths = [
      path(source('far', { routerId: 1 }), [65_000, 65_001]),
      path(source('late', { routerId: 3 }), [65_000]),
      path(source('first', { routerId: 2 }), [65_000]),
    ];
    expect(rankPaths(paths, 2).map(({ source: { name } }) => name)).toEqual(['first', 'late']);
    expect(rankPaths(paths, 9).map(({ source: { name } }) => name)).toEqual(['first', 'late', 'far']);
  });
});
