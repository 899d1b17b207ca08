import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

const ANYCAST = '198.51.100.53/32';
const SEVERAL = { addPaths: { receive: true, send: 'all' } };

let clock: FakeClock;
let network: MemoryNetwork;
/** The one in the middle. */
let hub: LabHost;
let spokes: readonly LabHost[];

beforeEach(() => {
  clock = new FakeClock();
  network = new MemoryNetwork(clock);
});

/** A hub and three others around it: `h1`, `h2`, `h3`. */
async function lab(asNumberOf: (index: number) => number, specOf: (index: number) => object, spec: object = {}) {
  hub = new LabHost(clock, network, {
    name: 'hub',
    address: '192.0.2.100',
    address6: '2001:db8::100',
    asNumber: asNumberOf(0),
  });
  spokes = [1, 2, 3].map(
    (index) =>
      new LabHost(clock, network, {
        name: `h${index}`,
        address: `192.0.2.${index}`,
        address6: `2001:db8::${index}`,
        asNumber: asNumberOf(index),
      }),
  );
  for (const [index, spoke] of spokes.entries()) {
    hub.addPeer(`to-h${index + 1}`, `192.0.2.${index + 1}`, asNumberOf(index + 1), specOf(index + 1));
    spoke.addPeer('to-hub', '192.0.2.100', asNumberOf(0), spec);
  }
  for (const host of [hub, ...spokes]) {
    await host.prepare();
    await host.start();
  }
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
    await clock.advanceAsync(50);
    if (spokes.every((_, index) => hub.neighbor(`to-h${index + 1}`).state === 'Established')) return;
  }
  throw new Error('no sessions');
}

function spoke(index: number): LabHost {
  const found = spokes[index - 1];
  if (found === undefined) throw new Error(`no spoke ${index}`);
  return found;
}

const received = (host: LabHost, prefix: string) => host.routes({ prefix, view: 'received', peer: 'to-hub' });
const settle = () => clock.advanceAsync(1000);

describe('route reflector', () => {
  const REFLECTOR = [() => 64_600, () => ({ routeReflectorClient: true })] as const;

  it('passes on the routes of its clients with next hop and origin as they are, and takes them back', async () => {
    await lab(...REFLECTOR);
    spoke(1).addInstance('198.51.100.1/32');
    spoke(1).addInstance('2001:db8:1::1/128');
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toMatchObject([
      { nextHop: '192.0.2.1', asPath: '', localPref: 100, best: true },
    ]);
    expect(received(spoke(3), '2001:db8:1::1/128')).toMatchObject([{ nextHop: '2001:db8::1' }]);
    const [path] =
      spoke(2)
        .speaker.neighbors.get('to-hub')
        ?.adjRibIn.entries(0xc6336401 | 0) ?? [];
    expect(path?.path.received).toMatchObject({ originatorId: '192.0.2.1', clusterList: ['192.0.2.100'] });
    expect(received(spoke(1), '198.51.100.1/32')).toEqual([]);
    await spoke(1).removeInstance('198.51.100.1/32');
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toEqual([]);
    expect(hub.routes({ view: 'advertised', peer: 'to-h2' })).toMatchObject([
      { prefix: '2001:db8:1::1/128', source: 'to-h1', policy: 'policy default-export' },
    ]);
  });

  it('tells its clients of its own address blocks, and of each address that somebody else has too', async () => {
    await lab(
      () => 64_600,
      () => ({ routeReflectorClient: true, ...SEVERAL }),
      SEVERAL,
    );
    for (const address of ['10.0.0.1', '10.0.0.2']) hub.addInstance(`${address}/32`);
    spoke(1).addInstance('10.0.0.2/32');
    spoke(1).addInstance('10.0.0.3/32');
    hub.setBlocks('10.0.0.0/26');
    await settle();
    const known = () =>
      [
        ...new Set(
          spoke(2)
            .routes({ view: 'received' })
            .map(({ prefix }) => prefix),
        ),
      ].sort();
    expect(known()).toEqual(['10.0.0.0/26', '10.0.0.2/32', '10.0.0.3/32']);
    // Both ways to 10.0.0.2 are told: the block alone would leave it to the other host.
    expect(
      received(spoke(2), '10.0.0.2/32')
        .map(({ nextHop }) => nextHop)
        .sort(),
    ).toEqual(['192.0.2.1', '192.0.2.100']);
    hub.setBlocks();
    await settle();
    expect(known()).toEqual(['10.0.0.1/32', '10.0.0.2/32', '10.0.0.3/32']);
  });

  it('passes on between a client and others, and not between two others', async () => {
    await lab(
      () => 64_600,
      (index) => ({ routeReflectorClient: index === 1 }),
    );
    for (const index of [1, 2]) spoke(index).addInstance(`198.51.100.${index}/32`);
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toHaveLength(1);
    expect(received(spoke(3), '198.51.100.1/32')).toHaveLength(1);
    expect(received(spoke(1), '198.51.100.2/32')).toHaveLength(1);
    expect(received(spoke(3), '198.51.100.2/32')).toEqual([]);
  });

  it('takes back the routes of its last client when that is removed', async () => {
    await lab(
      () => 64_600,
      (index) => ({ routeReflectorClient: index === 1 }),
    );
    spoke(1).addInstance('198.51.100.1/32');
    spoke(2).addInstance('198.51.100.2/32');
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toHaveLength(1);
    hub.removePeer('to-h1');
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toEqual([]);
  });

  it('passes on nothing while no peer is a client', async () => {
    await lab(
      () => 64_600,
      () => ({}),
    );
    spoke(1).addInstance('198.51.100.1/32');
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toEqual([]);
    hub.addPeer('to-h3', '192.0.2.3', 64_600, { routeReflectorClient: true });
    await clock.advanceAsync(20_000);
    expect(received(spoke(3), '198.51.100.1/32')).toHaveLength(1);
    expect(received(spoke(2), '198.51.100.1/32')).toEqual([]);
  });

  it('with ADD-PATH, tells all paths of a prefix, each with an identifier that stays', async () => {
    await lab(
      () => 64_600,
      () => ({ routeReflectorClient: true, ...SEVERAL }),
      SEVERAL,
    );
    spoke(1).addInstance(ANYCAST);
    spoke(2).addInstance(ANYCAST);
    await settle();
    const paths = received(spoke(3), ANYCAST);
    expect(paths.map(({ nextHop }) => nextHop).sort()).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(new Set(paths.map(({ pathId }) => pathId)).size).toBe(2);
    expect(spoke(3).learned()).toEqual([`${ANYCAST} via 192.0.2.1 192.0.2.2`]);
    expect(spoke(3).neighbor('to-hub').prefixes['ipv4-unicast']).toMatchObject({ received: 2, addPath: 'both' });
    expect(hub.neighbor('to-h3').prefixes['ipv4-unicast']).toMatchObject({ advertised: 2 });

    await spoke(1).removeInstance(ANYCAST);
    await settle();
    expect(received(spoke(3), ANYCAST)).toMatchObject([{ nextHop: '192.0.2.2' }]);
    expect(received(spoke(3), ANYCAST)[0]?.pathId).toBe(paths.find(({ nextHop }) => nextHop === '192.0.2.2')?.pathId);
    expect(spoke(3).learned()).toEqual([`${ANYCAST} via 192.0.2.2`]);
  });

  it('after its restart ends its table when all are back: until then nobody misses a path', async () => {
    await lab(
      () => 64_600,
      () => ({ routeReflectorClient: true, ...SEVERAL }),
      SEVERAL,
    );
    spoke(1).addInstance(ANYCAST);
    spoke(2).addInstance(ANYCAST);
    await settle();
    hub.kill();
    spoke(1).kill();
    await clock.advanceAsync(500);
    expect(received(spoke(3), ANYCAST).map(({ stale }) => stale)).toEqual([true, true]);
    expect(spoke(3).learned()).toEqual([`${ANYCAST} via 192.0.2.1 192.0.2.2`]);
    await hub.start();
    for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 10) {
      if (waitedMs === 5000) await spoke(1).start();
      await clock.advanceAsync(10);
      expect(spoke(3).learned()).toEqual([`${ANYCAST} via 192.0.2.1 192.0.2.2`]);
    }
    expect(received(spoke(3), ANYCAST).map(({ stale }) => stale)).toEqual([false, false]);
    expect(spoke(3).learned()).toEqual([`${ANYCAST} via 192.0.2.1 192.0.2.2`]);
  });

  it('refuses a route that has been in its own cluster', async () => {
    await lab(...REFLECTOR);
    spoke(1).putPolicy('out', { action: 'accept' });
    spoke(1).addInstance('198.51.100.1/32');
    await settle();
    const reflected = spoke(2)
      .speaker.neighbors.get('to-hub')
      ?.adjRibIn.entries(0xc6336401 | 0)[0]?.path.received;
    const adjRibIn = hub.speaker.neighbors.get('to-h2')?.adjRibIn;
    if (reflected === undefined || adjRibIn === undefined) throw new Error('nothing was reflected');
    const block = { family: 'ipv4-unicast', prefixes: [0xc6336402 | 0] } as const;
    adjRibIn.announce(block, reflected, { address: '192.0.2.2' }, () => {});
    expect(adjRibIn.entries(0xc6336402 | 0)).toMatchObject([
      { path: { rejection: 'CLUSTER_LIST contains our own cluster 192.0.2.100' } },
    ]);
  });
});

describe('routes of a client that is long gone (RFC 9494)', () => {
  const gone = async (spec: object, asNumberOf: (index: number) => number) => {
    const gracefulRestart = { restartTimeSeconds: 10, longLivedStaleTimeSeconds: 1000 };
    await lab(asNumberOf, () => ({ ...spec, gracefulRestart }), { gracefulRestart });
    hub.putPolicy('clean', { match: {}, action: 'accept', set: { communities: { set: [] } } });
    // h3 does not do LLGR.
    spoke(3).addPeer('to-hub', '192.0.2.100', asNumberOf(0), { gracefulRestart: { restartTimeSeconds: 10 } });
    spoke(1).addInstance(ANYCAST);
    await clock.advanceAsync(20_000);
    expect([received(spoke(2), ANYCAST).length, received(spoke(3), ANYCAST).length]).toEqual([1, 1]);
    spoke(1).kill();
    await clock.advanceAsync(9000);
    expect(received(spoke(2), ANYCAST)).toMatchObject([{ communities: [] }]);
    await clock.advanceAsync(2000);
  };

  it('go on from a reflector with LLGR_STALE, or with LOCAL_PREF 0 and NO_EXPORT to a router without LLGR', async () => {
    // No policy can take the marks off.
    await gone({ routeReflectorClient: true, export: ['clean'] }, () => 64_600);
    expect(received(spoke(2), ANYCAST)).toMatchObject([{ communities: ['LLGR_STALE'], localPref: 100 }]);
    expect(received(spoke(3), ANYCAST)).toMatchObject([{ communities: ['LLGR_STALE', 'NO_EXPORT'], localPref: 0 }]);
    await spoke(1).start();
    await clock.advanceAsync(20_000);
    expect(received(spoke(2), ANYCAST)).toMatchObject([{ communities: [], localPref: 100 }]);
    expect(received(spoke(3), ANYCAST)).toMatchObject([{ communities: [], localPref: 100 }]);
  });

  it('go on from a route server to clients with LLGR only', async () => {
    await gone({ routeServerClient: true }, (index) => 64_600 + index);
    expect(received(spoke(2), ANYCAST)).toMatchObject([{ communities: ['LLGR_STALE'] }]);
    expect(received(spoke(3), ANYCAST)).toEqual([]);
    await spoke(1).start();
    await clock.advanceAsync(20_000);
    expect([2, 3].map((index) => received(spoke(index), ANYCAST).map(({ communities }) => communities))).toEqual([
      [[]],
      [[]],
    ]);
  });
});

describe('route server', () => {
  it('passes on between its clients without its own AS in the path, and to no other router', async () => {
    await lab(
      (index) => 64_600 + index,
      (index) => ({ routeServerClient: index !== 3 }),
    );
    spoke(1).addInstance('198.51.100.1/32');
    hub.addInstance('198.51.100.100/32');
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toMatchObject([{ nextHop: '192.0.2.1', asPath: '64601' }]);
    expect(received(spoke(2), '198.51.100.100/32')).toMatchObject([{ nextHop: '192.0.2.100', asPath: '64600' }]);
    expect(received(spoke(3), '198.51.100.1/32')).toEqual([]);
    expect(received(spoke(3), '198.51.100.100/32')).toHaveLength(1);
  });

  it('heeds the export policy and the communities of what it passes on', async () => {
    hub = new LabHost(clock, network, { name: 'hub', address: '192.0.2.100', asNumber: 64_600 });
    await lab(
      (index) => 64_600 + index,
      () => ({ routeServerClient: true, export: ['out'] }),
      { export: ['mine'] },
    );
    hub.putPolicy('out', {
      match: { prefixes: [{ cidr: '198.51.100.0/25', le: 32 }] },
      action: 'accept',
      set: { communities: { add: ['64600:1'] } },
    });
    spoke(1).putPolicy(
      'mine',
      {
        match: { prefixes: [{ cidr: '198.51.100.2/32' }] },
        action: 'accept',
        set: { communities: { add: ['NO_EXPORT'] } },
      },
      { action: 'accept' },
    );
    for (const last of [1, 2, 200]) spoke(1).addInstance(`198.51.100.${last}/32`);
    await settle();
    expect(spoke(2).routes({ view: 'received', peer: 'to-hub' })).toMatchObject([
      { prefix: '198.51.100.1/32', communities: ['64600:1'] },
    ]);
    hub.putPolicy('out', { action: 'accept' });
    await settle();
    expect(spoke(2).routes({ view: 'received', peer: 'to-hub' })).toMatchObject([
      { prefix: '198.51.100.1/32', communities: [] },
      { prefix: '198.51.100.200/32' },
    ]);
  });
});

it('a client of the wrong kind is a finding, and has no session', async () => {
  await lab(
    (index) => 64_600 + (index === 3 ? 1 : 0),
    (index) => (index === 3 ? {} : { routeReflectorClient: true }),
  );
  hub.addPeer('to-h3', '192.0.2.3', 64_601, { routeReflectorClient: true });
  expect(hub.status().findings).toMatchObject([{ code: 'bgp-peer.client-kind', path: 'spec.routeReflectorClient' }]);
});

describe('AS_PATH of a route server', () => {
  /** Two sites in one AS, behind a hub; the third is in another. */
  const SITE = 64_700;
  const asNumberOf = (index: number) => [64_600, SITE, SITE, 64_703][index] ?? 0;

  it('has our AS number in place of a client’s own, by choice, and while the session is up', async () => {
    await lab(asNumberOf, (index) => ({ routeServerClient: true, asOverride: index === 2 }));
    spoke(1).addInstance('198.51.100.1/32');
    await settle();
    expect(spoke(2).routes({ view: 'best', prefix: '198.51.100.1/32' })).toMatchObject([{ asPath: '64600' }]);
    expect(received(spoke(3), '198.51.100.1/32')).toMatchObject([{ asPath: `${SITE}` }]);
    hub.addPeer('to-h2', '192.0.2.2', SITE, { routeServerClient: true });
    await settle();
    expect(received(spoke(2), '198.51.100.1/32')).toMatchObject([{ asPath: `${SITE}`, best: false }]);
    expect(hub.neighbor('to-h2').stateSeconds).toBeGreaterThan(1);
  });

  it('loses private AS numbers by choice, before policies prepend', async () => {
    await lab(asNumberOf, (index) => ({
      routeServerClient: true,
      ...(index === 3 ? { removePrivateAs: 'replace', export: ['longer'] } : {}),
    }));
    hub.putPolicy('longer', { action: 'accept', set: { prepend: 2 } });
    spoke(1).addInstance('198.51.100.1/32');
    await settle();
    expect(received(spoke(3), '198.51.100.1/32')).toMatchObject([{ asPath: '64600 64600 64600' }]);
  });
});

describe('what a router is not told', () => {
  const withheld = (peer: string) =>
    hub
      .routes({ view: 'withheld', peer })
      .map(({ prefix, source, reason }) => `${prefix} ${source}: ${reason}`)
      .toSorted();

  it('is shown with the reason: policies, and learned routes that do not go there', async () => {
    await lab(
      () => 64_600,
      (index) => ({ routeReflectorClient: index === 1, export: ['out'] }),
    );
    hub.putPolicy(
      'out',
      { name: 'secret', match: { prefixes: [{ cidr: '198.51.100.100/32' }] }, action: 'reject' },
      { action: 'accept' },
    );
    hub.addInstance('198.51.100.100/32');
    hub.addInstance('198.51.100.101/32');
    spoke(2).addInstance('198.51.100.2/32');
    await settle();
    expect(withheld('to-h3')).toEqual([
      '198.51.100.100/32 local: not sent: policy out, term secret',
      '198.51.100.2/32 to-h2: not sent: neither to-h2 nor this router is a client of the route reflector',
    ]);
    expect(withheld('to-h2')).toEqual([
      '198.51.100.100/32 local: not sent: policy out, term secret',
      '198.51.100.2/32 to-h2: not sent: it came from this router',
    ]);
    expect(withheld('to-h1')).toEqual(['198.51.100.100/32 local: not sent: policy out, term secret']);
    spoke(3).kill();
    await settle();
    const { state } = hub.neighbor('to-h3');
    expect(withheld('to-h3')).toContain(`198.51.100.101/32 local: not sent: there is no session (${state})`);
  });

  it('names the step that a path lost by where the best alone is sent, or some of them', async () => {
    await lab(
      () => 64_600,
      (index) => ({ routeReflectorClient: true, ...(index === 3 ? { addPaths: { receive: false, send: 1 } } : {}) }),
      { addPaths: { receive: true } },
    );
    spoke(1).addInstance(ANYCAST);
    spoke(2).putPolicy('out', { action: 'accept', set: { localPref: 50 } });
    spoke(2).addPeer('to-hub', '192.0.2.100', 64_600, { addPaths: { receive: true }, export: ['out'] });
    spoke(2).addInstance(ANYCAST);
    await clock.advanceAsync(10_000);
    expect(withheld('to-h3')).toEqual([
      `${ANYCAST} to-h2: not sent: not among the paths to send (LOCAL_PREF: 50 is lower than 100)`,
    ]);
    expect(withheld('to-h1')).toEqual([
      `${ANYCAST} to-h1: not sent: it came from this router`,
      `${ANYCAST} to-h2: not sent: not the best (LOCAL_PREF: 50 is lower than 100)`,
    ]);
  });
});
