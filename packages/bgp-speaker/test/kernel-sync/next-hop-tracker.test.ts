import type { InterfaceEvent } from '@slash32/linux';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ipv4PrefixKey, type NextHop, type PrefixKey } from '../../src/codec/index.ts';
import { NextHopTracker } from '../../src/kernel-sync/next-hop-tracker.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import type { ImportPolicy } from '../../src/rib/import-policy.ts';
import { LocRib } from '../../src/rib/loc-rib.ts';
import { LOCAL_PATH, type Path } from '../../src/rib/path.ts';
import { attributes, path, source } from '../lab/paths.ts';

const TOR_1 = path(source('tor-1', { address: '192.0.2.254' }), [65_000]);
const TOR_2 = path(source('tor-2', { address: '198.51.100.254' }), [65_000]);

function present(name: string, fields: { readonly up?: boolean; readonly carrier?: boolean } = {}): InterfaceEvent {
  return { type: 'present', link: { name, index: 2, up: true, carrier: true, mtu: 1500, ...fields } };
}

const gone = (name: string): InterfaceEvent => ({ type: 'gone', name, index: 2 });

function via(from: Path, nextHop: NextHop): Path {
  return { ...from, nextHop };
}

describe('what is in the way to a next hop', () => {
  let tracker: NextHopTracker;
  let affected: string[];

  beforeEach(() => {
    affected = [];
    tracker = new NextHopTracker((affects) => {
      for (const each of [TOR_1, TOR_2]) if (affects(each)) affected.push(each.source.name);
    });
    tracker.seeInterfaces([present('eth0'), present('eth1')]);
    tracker.setLink('tor-1', { device: 'eth0', subnets: ['192.0.2.1/24', '2001:db8::1/64'] });
    tracker.setLink('tor-2', { device: 'eth1', subnets: ['198.51.100.1/24'] });
    affected = [];
  });

  it('is nothing as long as all is well, and before the link is known', () => {
    expect(tracker.obstacleTo(TOR_1)).toBeUndefined();
    expect(tracker.obstacleTo(path(source('new', { address: '192.0.2.9' }), [65_000]))).toBeUndefined();
    tracker.seeInterfaces([gone('eth0')]);
    expect(tracker.obstacleTo(LOCAL_PATH)).toBeUndefined();
  });

  it.each<readonly [InterfaceEvent, string]>([
    [present('eth1', { up: false, carrier: false }), 'eth1 is down'],
    [present('eth1', { carrier: false }), 'eth1 has no carrier'],
    [gone('eth1'), 'eth1 is gone'],
  ])('names the interface and what it is: %j', (event, cause) => {
    tracker.seeInterfaces([event]);
    expect(tracker.obstacleTo(TOR_2)).toBe(`next hop 198.51.100.254 is not reachable: ${cause}`);
    expect(tracker.obstacleTo(TOR_1)).toBeUndefined();
    expect(affected).toEqual(['tor-2']);
    tracker.seeInterfaces([present('eth1')]);
    expect(tracker.obstacleTo(TOR_2)).toBeUndefined();
    expect(affected).toEqual(['tor-2', 'tor-2']);
  });

  it('does not report interfaces that no session runs over, or whose changes do not matter', () => {
    tracker.seeInterfaces([present('tap7'), gone('tap7'), present('eth0', { up: true })]);
    expect(affected).toEqual([]);
  });

  it('takes a next hop that is not on the link for usable, and a link-local one for one that is', () => {
    tracker.seeInterfaces([gone('eth0')]);
    expect(tracker.obstacleTo(via(TOR_1, { address: '203.0.113.1' }))).toBeUndefined();
    expect(tracker.obstacleTo(via(TOR_1, { address: '2001:db8:1::1' }))).toBeUndefined();
    expect(tracker.obstacleTo(via(TOR_1, { address: '2001:db8::fe' }))).toContain('eth0 is gone');
    expect(tracker.obstacleTo(via(TOR_1, { address: '::', linkLocal: 'fe80::1' }))).toBe(
      'next hop fe80::1 is not reachable: eth0 is gone',
    );
  });

  it('is the kernel’s refusal until it is forgiven', () => {
    tracker.refuse({ gateway: '192.0.2.254' }, 'Nexthop has invalid gateway');
    expect(tracker.obstacleTo(TOR_1)).toBe(
      'next hop 192.0.2.254 is not reachable: the kernel refuses it (Nexthop has invalid gateway)',
    );
    expect(affected).toEqual(['tor-1']);
    tracker.refuse({ gateway: '192.0.2.254' }, 'Nexthop has invalid gateway');
    expect(affected).toEqual(['tor-1']);
    tracker.forgive();
    expect(tracker.obstacleTo(TOR_1)).toBeUndefined();
    expect(affected).toEqual(['tor-1', 'tor-1']);
  });
});

const PEERS = ['p0', 'p1', 'p2'] as const;
const DEVICES = ['eth0', 'eth1'] as const;
const KEYS: readonly PrefixKey[] = [ipv4PrefixKey(0, 0), ipv4PrefixKey(0xc6336400, 24)];
const NEXT_HOPS = ['10.0.0.1', '10.0.1.1', '10.9.9.9'] as const;
const ACCEPT_ALL: ImportPolicy = { forRoute: (_family, received) => () => ({ attributes: received }) };

const index = (count: number) => fc.integer({ min: 0, max: count - 1 });
const step = fc.oneof(
  fc.record({
    op: fc.constant('announce' as const),
    peer: index(3),
    key: index(2),
    hop: index(3),
    pref: index(2),
  }),
  fc.record({ op: fc.constant('withdraw' as const), peer: index(3), key: index(2) }),
  fc.record({ op: fc.constant('stale' as const), peer: index(3) }),
  fc.record({ op: fc.constant('link' as const), peer: index(3), device: index(2) }),
  fc.record({ op: fc.constant('interface' as const), device: index(2), up: fc.boolean(), carrier: fc.boolean() }),
  fc.record({ op: fc.constant('gone' as const), device: index(2) }),
  fc.record({ op: fc.constant('refuse' as const), hop: index(3) }),
  fc.record({ op: fc.constant('forgive' as const) }),
);

it('Loc-RIB that decides only affected prefixes again equals one that decides all from scratch', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const ribs = PEERS.map(
        (name, number) => new AdjRibIn(source(name, { routerId: number + 1, address: `10.0.0.${number}` }), ACCEPT_ALL),
      );
      const tracker: NextHopTracker = new NextHopTracker((affects) => {
        for (const rib of ribs) {
          for (const key of rib.keys()) {
            const candidate = rib.candidates(key)[0];
            if (candidate !== undefined && affects(candidate)) locRib.decideAgain(key);
          }
        }
      });
      const locRib: LocRib = new LocRib((candidate) => tracker.obstacleTo(candidate));
      for (const rib of ribs) locRib.addSource(rib);
      const changed = (key: PrefixKey): void => void locRib.decideAgain(key);

      for (const each of steps) {
        switch (each.op) {
          case 'announce': {
            const block = { family: 'ipv4-unicast', prefixes: [KEYS[each.key] ?? 0] } as const;
            const route = attributes([65_000], { localPref: 100 + each.pref });
            ribs[each.peer]?.announce(block, route, { address: NEXT_HOPS[each.hop] ?? '' }, changed);
            break;
          }
          case 'withdraw':
            ribs[each.peer]?.withdraw({ family: 'ipv4-unicast', prefixes: [KEYS[each.key] ?? 0] }, changed);
            break;
          case 'stale':
            ribs[each.peer]?.markStale('ipv4-unicast', changed);
            break;
          case 'link':
            tracker.setLink(PEERS[each.peer] ?? '', {
              device: DEVICES[each.device] ?? '',
              subnets: [`10.0.${each.device}.9/24`],
            });
            break;
          case 'interface':
            tracker.seeInterfaces([present(DEVICES[each.device] ?? '', each)]);
            break;
          case 'gone':
            tracker.seeInterfaces([gone(DEVICES[each.device] ?? '')]);
            break;
          case 'refuse':
            tracker.refuse({ gateway: NEXT_HOPS[each.hop] ?? '' }, 'Network is unreachable');
            break;
          case 'forgive':
            tracker.forgive();
        }
      }

      const scratch = new LocRib((candidate) => tracker.obstacleTo(candidate));
      for (const rib of ribs) scratch.addSource(rib);
      for (const key of KEYS) scratch.decideAgain(key);
      for (const key of KEYS) {
        expect(locRib.route(key)).toEqual(scratch.route(key));
        const { paths, reasons } = locRib.explain(key);
        expect(paths).toEqual(locRib.route(key));
        for (const candidate of locRib.candidates(key)) {
          const obstacle = tracker.obstacleTo(candidate);
          if (obstacle === undefined) expect(reasons.get(candidate)).not.toContain('not reachable');
          else expect([paths.includes(candidate), reasons.get(candidate)]).toEqual([false, obstacle]);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
