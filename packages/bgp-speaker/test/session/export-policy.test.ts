import { FakeClock, type RoutePolicyTerm, routePolicySchema } from '@slash32/shared';
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
import { ExportPolicy, ExportRouteTable, type ExportSettings } from '../../src/rib/export-policy.ts';
import { PolicyChain } from '../../src/rib/route-policy.ts';
import { UpdateSender } from '../../src/session/update-sender.ts';

const CONTEXT: CodecContext = { ...initialContext('ebgp'), fourOctetAs: true };
const SETTINGS: Omit<ExportSettings, 'chain'> = {
  family: 'ipv4-unicast',
  recipient: { name: 'p', type: 'ebgp', extendedNextHop: false, longLived: false },
  localAsNumber: 64_601,
  clusterId: '192.0.2.1',
  routerId: '192.0.2.1',
  blocks: NO_BLOCKS,
  nextHop: { address: '192.0.2.1' },
  draining: false,
};
const KEYS = ['198.51.100.1/32', '198.51.100.2/32', '198.51.100.200/32', '203.0.113.0/24'].map(prefixKeyFromText);

function chain(list: readonly object[]): PolicyChain {
  const manifest = {
    apiVersion: 'slash32.dev/v1',
    kind: 'RoutePolicy',
    metadata: { name: 'p' },
    spec: { terms: list },
  };
  const terms: readonly RoutePolicyTerm[] = routePolicySchema.parse(manifest).spec.terms;
  return new PolicyChain([{ name: 'p', terms }]);
}

/** A peer that keeps what it is told, and whose socket may be full. */
class Peer {
  bufferedOctets = 0;
  updates = 0;
  readonly marks: string[] = [];
  readonly table = new Map<PrefixKey, string>();

  write(octets: Uint8Array): void {
    this.updates += 1;
    const update = decodeUpdate(octets, CONTEXT);
    for (const { prefixes } of update.withdrawn) for (const key of prefixes) this.table.delete(key);
    for (const { prefixes } of update.reachable) {
      for (const key of prefixes) this.table.set(key, attributesKey(update.attributes));
    }
  }

  markRefresh(_family: string, mark: 'begin' | 'end'): void {
    this.marks.push(mark);
  }
}

const newSender = (peer: Peer, clock = new FakeClock()) =>
  new UpdateSender({ sink: peer, context: CONTEXT, clock, onMessage: () => {} });

const term = fc.record({
  match: fc.record(
    {
      prefixes: fc.constantFrom([{ cidr: '198.51.100.0/25', le: 32 }], [{ cidr: '203.0.113.0/24' }]),
      metric: fc.constantFrom({ ge: 100 }, { le: 10 }),
    },
    { requiredKeys: [] },
  ),
  action: fc.constantFrom('accept', 'next'),
  set: fc.constantFrom({ med: 1 }, { localPref: 5 }, { communities: { add: ['1:1'] } }, { prepend: 1 }),
});
const policy = fc
  .tuple(fc.array(term, { maxLength: 3 }), fc.boolean())
  .map(([terms, open]) => [...terms, { action: open ? 'accept' : 'reject' }]);
const step = fc.oneof(
  fc.record({ key: fc.constantFrom(...KEYS), metric: fc.constantFrom(undefined, 0, 10, 100) }),
  fc.record({ policy }),
  fc.record({ full: fc.boolean() }),
  fc.record({ refresh: fc.constant(true) }),
);

describe('export', () => {
  it('after any changes of routes and policies tells a peer what it would have been told anew', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), policy, (steps, last) => {
        const peer = new Peer();
        const clock = new FakeClock();
        const sender = newSender(peer, clock);
        const table = new ExportRouteTable();
        const locals = new Map<PrefixKey, number>();
        const apply = (terms: readonly object[]): void => {
          sender.setExport('ipv4-unicast', new ExportPolicy({ ...SETTINGS, chain: chain(terms) }, table), locals);
          sender.flush();
        };
        apply([{ action: 'accept' }]);
        for (const each of steps) {
          if ('policy' in each) apply(each.policy);
          else if ('full' in each) peer.bufferedOctets = each.full ? 1_000_000 : 0;
          else if ('refresh' in each) sender.refresh('ipv4-unicast');
          else {
            if (each.metric === undefined) locals.delete(each.key);
            else locals.set(each.key, each.metric);
            sender.setLocal(each.key, each.metric);
          }
          sender.flush();
        }
        peer.bufferedOctets = 0;
        apply(last);
        // In a burst the last changes wait a moment.
        clock.advance(1000);

        const fresh = new Peer();
        const freshSender = newSender(fresh);
        const freshPolicy = new ExportPolicy({ ...SETTINGS, chain: chain(last) }, new ExportRouteTable());
        freshSender.setExport('ipv4-unicast', freshPolicy, locals);
        freshSender.flush();
        expect(peer.table).toEqual(fresh.table);
        expect(peer.marks.filter((mark) => mark === 'begin')).toHaveLength(
          peer.marks.filter((mark) => mark === 'end').length,
        );

        const { updates } = peer;
        apply(last);
        clock.advance(1000);
        expect(peer.updates).toBe(updates);
      }),
      { numRuns: 300 },
    );
  });

  it('marks the answer to a ROUTE-REFRESH, once for two questions, and not before End-of-RIB', () => {
    const peer = new Peer();
    const sender = newSender(peer);
    sender.refresh('ipv4-unicast');
    expect(peer.marks).toEqual([]);
    const accepting = new ExportPolicy({ ...SETTINGS, chain: chain([{ action: 'accept' }]) }, new ExportRouteTable());
    sender.setExport('ipv4-unicast', accepting, new Map(KEYS.map((key) => [key, 0])));
    sender.flush();
    // The initial routes, End-of-RIB, and all of them again.
    expect([peer.updates, peer.marks]).toEqual([3, ['begin', 'end']]);
    peer.bufferedOctets = 1_000_000;
    sender.refresh('ipv4-unicast');
    sender.refresh('ipv4-unicast');
    expect(peer.marks).toEqual(['begin', 'end', 'begin']);
    peer.bufferedOctets = 0;
    sender.flush();
    expect([peer.updates, peer.marks]).toEqual([4, ['begin', 'end', 'begin', 'end']]);
  });

  it('does not send what only iBGP peers may see', () => {
    const table = new ExportRouteTable();
    const set = { localPref: 300 };
    const key = KEYS[0] ?? 0;
    const ebgp = new ExportPolicy({ ...SETTINGS, chain: chain([{ action: 'accept', set }]) }, table);
    expect(ebgp.routeOf(key, 0)?.attributes).not.toHaveProperty('localPref');
    const ibgp = new ExportPolicy(
      { ...SETTINGS, recipient: { ...SETTINGS.recipient, type: 'ibgp' }, chain: chain([{ action: 'accept', set }]) },
      table,
    );
    expect(ibgp.routeOf(key, 0)?.attributes).toEqual({ origin: 'igp', asPath: [], localPref: 300 });
    const draining = {
      ...SETTINGS,
      recipient: { ...SETTINGS.recipient, type: 'ibgp' },
      draining: true,
      chain: chain([{ action: 'accept', set }]),
    } as const;
    expect(new ExportPolicy(draining, table).routeOf(key, 0)?.attributes).toMatchObject({
      localPref: 0,
      communities: [0xffff0000],
    });
  });
});
