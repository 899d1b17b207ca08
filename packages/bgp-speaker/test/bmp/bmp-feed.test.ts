import type { BgpFamily } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BmpFeed } from '../../src/bmp/bmp-feed.ts';
import type { MonitoredPeer } from '../../src/bmp/monitored-peer.ts';
import type { BmpView } from '../../src/bmp/reported-table.ts';
import {
  attributesKey,
  decodeUpdate,
  encodeKeepalive,
  ipv4PrefixKey,
  ipv6PrefixKey,
  type PathAttributes,
  type PrefixKey,
  prefixKeyFamily,
} from '../../src/codec/index.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import type { ImportPolicy } from '../../src/rib/import-policy.ts';
import { BOTH_FAMILIES, sessionContext } from '../codec/message-fixtures.ts';
import { attributes, source } from '../lab/paths.ts';
import { BmpReader } from './bmp-reader.ts';

const KEYS: readonly PrefixKey[] = [
  ipv4PrefixKey(0xc0000201, 32),
  ipv4PrefixKey(0xc6336400, 24),
  ipv4PrefixKey(0, 0),
  ipv6PrefixKey(new Uint8Array(16).fill(0x20), 0, 128),
  ipv6PrefixKey(new Uint8Array(16), 0, 0),
];
const ATTRIBUTES: readonly PathAttributes[] = [
  attributes([65_000]),
  attributes([65_000], { med: 5 }),
  attributes([666]),
];
const VIEWS: readonly BmpView[] = ['pre-policy', 'post-policy'];
/** Refuses what has AS 666 in its path, and sets LOCAL_PREF of the rest. */
const POLICY: ImportPolicy = {
  forRoute: (_family, received) => {
    const refuses = received.asPath.some(({ asNumbers }) => asNumbers.includes(666));
    const verdict = refuses
      ? { attributes: received, rejection: 'AS 666' }
      : { attributes: { ...received, localPref: 200 } };
    return () => verdict;
  },
};

interface Scene {
  readonly adjRibIn: AdjRibIn;
  readonly feed: BmpFeed;
  readonly monitored: MonitoredPeer;
  announce(key: PrefixKey, route: PathAttributes, pathId?: number): void;
  withdraw(key: PrefixKey, pathId?: number): void;
}

/** `addPath`: the session's routes have Path Identifiers. */
function scene(addPath = false): Scene {
  const adjRibIn = new AdjRibIn(source('p'), POLICY);
  const feed = new BmpFeed({ views: VIEWS, sysName: 'h', sysDescr: 'd' });
  const monitored: MonitoredPeer = {
    peer: {
      settings: { name: 'p', address: '192.0.2.254', localAsNumber: 64_601 },
      remoteAsNumber: 65_000,
      state: 'Established',
      negotiated: undefined,
      adjRibIn,
      sent: { routes: () => [], route: () => undefined },
      advertised: () => 0,
    },
    routerId: '192.0.2.254',
    ends: { localAddress: '192.0.2.1', remoteAddress: '192.0.2.254', initiator: 'local' },
    sentOpen: encodeKeepalive(),
    receivedOpen: encodeKeepalive(),
    upSinceWallMs: 0,
    families: BOTH_FAMILIES,
    encoding: sessionContext({ peerType: 'ibgp' }),
    addPathReceived: addPath ? BOTH_FAMILIES : new Set(),
    addPathSent: new Set(),
  };
  const changed = (key: PrefixKey, pathId?: number): void => feed.routeChanged('p', key, pathId);
  const block = (key: PrefixKey, pathId: number | undefined) => ({
    family: prefixKeyFamily(key),
    prefixes: [key],
    ...(pathId === undefined ? {} : { pathIds: [pathId] }),
  });
  return {
    adjRibIn,
    feed,
    monitored,
    announce(key, route, pathId) {
      const family = prefixKeyFamily(key);
      const nextHop = { address: family === 'ipv4-unicast' ? '192.0.2.254' : '2001:db8::fe' };
      adjRibIn.announce(block(key, pathId), route, nextHop, changed);
    },
    withdraw(key, pathId) {
      adjRibIn.withdraw(block(key, pathId), changed);
    },
  };
}

/** What a collector knows of a peer's routes. */
class CollectorModel {
  readonly tables = { pre: new Map<string, string>(), post: new Map<string, string>() };
  readonly #addPath: ReadonlySet<BgpFamily>;
  readonly updates = { pre: 0, post: 0 };
  readonly #reader = new BmpReader();

  constructor(addPath = false) {
    this.#addPath = addPath ? BOTH_FAMILIES : new Set();
  }

  takeAll(feed: BmpFeed): void {
    for (let messages = feed.take(0); messages.length > 0; messages = feed.take(0)) {
      for (const message of messages) this.take(message);
    }
  }

  take(octets: Uint8Array): void {
    for (const message of this.#reader.push(octets)) {
      if (message.type === 'peer-up' || message.type === 'peer-down') {
        this.tables.pre.clear();
        this.tables.post.clear();
      }
      if (message.type !== 'route-monitoring') continue;
      const view = message.peer.flags === 0x40 ? 'post' : 'pre';
      this.updates[view] += 1;
      // As from an eBGP peer, LOCAL_PREF would be thrown away; as from an iBGP peer, its absence is an error.
      const update = decodeUpdate(
        message.update,
        sessionContext({ peerType: view === 'post' ? 'ibgp' : 'ebgp', addPathReceive: this.#addPath }),
      );
      expect(update.errors).toEqual([]);
      for (const { prefixes, pathIds } of update.withdrawn) {
        for (const [index, key] of prefixes.entries()) this.tables[view].delete(`${key} ${pathIds?.[index]}`);
      }
      for (const { prefixes, pathIds, nextHop } of update.reachable) {
        for (const [index, key] of prefixes.entries()) {
          this.tables[view].set(`${key} ${pathIds?.[index]}`, attributesKey(update.attributes, nextHop));
        }
      }
    }
  }
}

function expected(adjRibIn: AdjRibIn): CollectorModel['tables'] {
  const tables = { pre: new Map<string, string>(), post: new Map<string, string>() };
  for (const key of adjRibIn.keys()) {
    for (const { path } of adjRibIn.entries(key)) {
      const name = `${key} ${path.pathId}`;
      tables.pre.set(name, attributesKey(path.received, path.nextHop));
      if (path.rejection === undefined) tables.post.set(name, attributesKey(path.attributes, path.nextHop));
    }
  }
  return tables;
}

const key = fc.constantFrom(...KEYS);
const pathId = fc.integer({ min: 0, max: 2 });
const operation = fc.oneof(
  fc.record({ op: fc.constant('announce' as const), key, pathId, route: fc.constantFrom(...ATTRIBUTES) }),
  fc.record({ op: fc.constant('withdraw' as const), key, pathId }),
  fc.record({ op: fc.constant('take' as const) }),
  fc.record({ op: fc.constant('flap' as const) }),
);

describe('BmpFeed', () => {
  it('brings a collector to what the Adj-RIB-In has, whenever it takes what', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), fc.boolean(), (operations, addPath) => {
        const { adjRibIn, feed, monitored, announce, withdraw } = scene(addPath);
        const collector = new CollectorModel(addPath);
        const idOf = (id: number) => (addPath ? id : undefined);
        feed.peerUp(monitored, true);
        for (const step of operations) {
          switch (step.op) {
            case 'announce':
              announce(step.key, step.route, idOf(step.pathId));
              break;
            case 'withdraw':
              withdraw(step.key, idOf(step.pathId));
              break;
            case 'take':
              for (const message of feed.take(0)) collector.take(message);
              break;
            case 'flap':
              feed.peerDown('p', { type: 'remote' }, 0);
              feed.peerUp(monitored, false);
              break;
          }
        }
        collector.takeAll(feed);
        expect(collector.tables).toEqual(expected(adjRibIn));
        expect(feed.take(0)).toEqual([]);
      }),
    );
  });

  it('tells of a route that changed often before its turn once', () => {
    const { feed, monitored, announce, withdraw } = scene();
    feed.peerUp(monitored, false);
    const collector = new CollectorModel();
    collector.takeAll(feed);
    const [prefix = 0] = KEYS;
    for (let index = 0; index < 100; index += 1) {
      announce(prefix, attributes([65_000], { med: index }));
      withdraw(prefix);
    }
    announce(prefix, attributes([65_000]));
    collector.takeAll(feed);
    expect(collector.updates).toEqual({ pre: 1, post: 1 });
  });

  it('sends attributes that fit no message of 4,096 octets in a longer one', () => {
    const { adjRibIn, feed, monitored, announce } = scene();
    feed.peerUp(monitored, false);
    const [prefix = 0] = KEYS;
    announce(prefix, attributes([65_000], { communities: Array.from({ length: 2000 }, (_, index) => index + 1) }));
    const collector = new CollectorModel();
    collector.takeAll(feed);
    expect(collector.tables).toEqual(expected(adjRibIn));
  });

  it('lets its caller bound what cannot be left out', () => {
    const { feed, monitored } = scene();
    const before = feed.queuedOctets;
    for (let index = 0; index < 10; index += 1) {
      feed.peerUp(monitored, false);
      feed.peerDown('p', { type: 'remote' }, 0);
    }
    expect(feed.queuedOctets - before).toBe(10 * (48 + 20 + 2 * 19 + 49));
    feed.take(0);
    expect(feed.queuedOctets).toBe(0);
  });
});
