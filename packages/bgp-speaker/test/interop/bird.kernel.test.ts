import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { DualRack } from '../lab/dual-rack.ts';
import type { Namespace } from '../lab/namespace.ts';
import { TOR, torOf } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

const LEARNED = 'proto 135';

let stack: AsyncDisposableStack;
let host: Namespace;
let tors: readonly [Namespace, Namespace];
let birds: readonly [BirdRouter, BirdRouter];
let speaker: SpeakerProcess;

function manifests(peerSpecs: readonly string[]): string {
  return [
    `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1, labels: { rack: a } }
spec: { address: 192.0.2.1, asNumber: 64601 }
`,
    ...peerSpecs.map(
      (spec, index) => `apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-${index + 1} }
spec: { hosts: 'rack == "a"', asNumber: 65000, ${spec} }
`,
    ),
  ].join('---\n');
}

async function startBird(index: 0 | 1, options = ''): Promise<void> {
  const net = index === 0 ? '192.0.2' : '198.51.100';
  await birds[index].start(birdConfiguration({ ...torOf(net), originates: ['0.0.0.0/0', '::/0'], options }));
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const nets = ['192.0.2', '198.51.100'] as const;
  ({ host, tors } = stack.use(await DualRack.create('bird', { nets, ipv6: true })));
  await addTap(host);
  birds = [stack.use(await BirdRouter.create(tors[0])), stack.use(await BirdRouter.create(tors[1]))];
  speaker = stack.use(
    await SpeakerProcess.create(host, 'h1', manifests(['address: 192.0.2.254', 'address: 198.51.100.254'])),
  );
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function torHas(index: 0 | 1, family: 4 | 6, prefix: string): Promise<boolean> {
  return (await tors[index].routes(family)).some((line) => line.startsWith(`${prefix} `));
}

async function learned(family: 4 | 6): Promise<readonly string[]> {
  return (await host.routes(family)).filter((line) => line.includes(LEARNED));
}

describe('with BIRD', () => {
  it('announces, withdraws, and installs defaults over both routers, both families', async () => {
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await Promise.all([startBird(0), startBird(1)]);
    speaker.start();
    await speaker.established('tor-1');
    await speaker.established('tor-2');
    await host.ip('route add 2001:db8:1::10/128 dev tap0 proto 133');
    for (const index of [0, 1] as const) {
      await waitUntil('IPv4 route at the router', () => torHas(index, 4, '203.0.113.10'));
      await waitUntil('IPv6 route at the router', () => torHas(index, 6, '2001:db8:1::10'));
    }
    await waitUntil('IPv4 multipath default', async () => (await learned(4))[0]?.match(/nexthop/g)?.length === 2);
    await waitUntil('IPv6 multipath default', async () => (await learned(6))[0]?.match(/nexthop/g)?.length === 2);
    expect(await speaker.routes('0.0.0.0/0')).toMatchObject([
      { source: 'tor-1', best: true, installed: true, reason: 'lowest BGP Identifier of 2 equal routes' },
      { source: 'tor-2', best: false, installed: true, reason: 'multipath: equal to tor-1 up to the BGP Identifier' },
    ]);

    await host.ip('route del 203.0.113.10/32 dev tap0 proto 133');
    await waitUntil('withdrawn', async () => !(await torHas(0, 4, '203.0.113.10')));

    await birds[1].kill();
    await tors[1].ip('link set down0 down');
    await waitUntil('route over the router that is left', async () => {
      const [route] = await learned(4);
      return route?.includes('via 192.0.2.254') === true;
    });
  });

  it('is called by a router, and calls none, when the peer is passive', async () => {
    await speaker.write(manifests(['address: 192.0.2.254, passive: true']));
    speaker.start();
    await startBird(0);
    await speaker.established('tor-1');
  });

  it('calls a router that calls nobody', async () => {
    await startBird(0, 'passive on;');
    speaker.start();
    await speaker.established('tor-1');
  });

  it('survives kill -9: the router keeps our routes and the kernel keeps the router’s', async () => {
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await Promise.all([startBird(0), startBird(1)]);
    speaker.start();
    await speaker.established('tor-1');
    await speaker.established('tor-2');
    await waitUntil('route at the router', () => torHas(0, 4, '203.0.113.10'));
    for (const family of [4, 6] as const) {
      await waitUntil('defaults', async () => (await learned(family))[0]?.match(/nexthop/g)?.length === 2);
    }
    const changes = { host: host.watchRoutes(), tor: tors[0].watchRoutes() };
    await speaker.stop('SIGKILL');
    await waitUntil(
      'the router sees it go',
      async () => !(await birds[0].show('protocols host')).includes('Established'),
    );
    expect(await torHas(0, 4, '203.0.113.10')).toBe(true);
    await host.ip('route add 203.0.113.11/32 dev tap0 proto 133');
    speaker.start();
    await speaker.established('tor-1');
    await speaker.established('tor-2');
    await waitUntil('deferral over', () => speaker.log.includes('selection deferral is over'));
    await waitUntil('new route at the router', () => torHas(0, 4, '203.0.113.11'));
    expect(await torHas(0, 4, '203.0.113.10')).toBe(true);
    expect(changes.tor()).not.toContain('203.0.113.10');
    expect(changes.host()).not.toContain('default');
  });

  it('survives SIGTERM the same way, and ends at once', async () => {
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await startBird(0, 'passive on;');
    speaker.start();
    await waitUntil('route at the router', () => torHas(0, 4, '203.0.113.10'));
    await waitUntil('default', async () => (await learned(4)).length === 1);
    const startMs = performance.now();
    await speaker.stop('SIGTERM');
    expect(performance.now() - startMs).toBeLessThan(3000);
    await waitUntil(
      'the router sees it go',
      async () => !(await birds[0].show('protocols host')).includes('Established'),
    );
    expect(await torHas(0, 4, '203.0.113.10')).toBe(true);
    expect(await learned(4)).toHaveLength(1);
    speaker.start();
    await speaker.established('tor-1');
    expect(await torHas(0, 4, '203.0.113.10')).toBe(true);
  });

  it('keeps a restarting router’s routes, and removes what it does not announce again', async () => {
    await startBird(0);
    speaker.start();
    await speaker.established('tor-1');
    await waitUntil('default', async () => (await learned(4)).length === 1);
    const changes = host.watchRoutes('-4');
    await birds[0].kill();
    await waitUntil('stale', async () => (await speaker.neighbor('tor-1')).gracefulRestart?.peerRestarting === true);
    expect(await learned(4)).toHaveLength(1);
    expect(await speaker.routes('0.0.0.0/0')).toMatchObject([{ stale: true, best: true, installed: true }]);
    await birds[0].start(birdConfiguration({ ...TOR, originates: ['0.0.0.0/0'] }), { recover: true });
    await speaker.established('tor-1');
    await waitUntil('swept', async () => (await learned(6)).length === 0);
    expect(await learned(4)).toHaveLength(1);
    expect(changes()).not.toContain('default');
  });

  it('is back after the interface was down, and puts a deleted route back', async () => {
    await startBird(0);
    speaker.start();
    await speaker.established('tor-1');
    await waitUntil('default', async () => (await learned(4)).length === 1);
    await host.ip('route del default proto 135');
    await waitUntil('repaired', async () => (await learned(4)).length === 1);
    await host.ip('link set eth0 down');
    await waitUntil('gone with the interface', async () => (await learned(4)).length === 0);
    await host.ip('link set eth0 up');
    await waitUntil(
      () => `route is back; speaker:\n${speaker.log}\nBIRD:\n${birds[0].log}`,
      async () => (await learned(4)).length === 1,
      40_000,
    );
  });

  it('takes peers up and down as manifests change, and keeps the last good ones', async () => {
    await Promise.all([startBird(0), startBird(1)]);
    await speaker.write(manifests(['address: 192.0.2.254']));
    speaker.start();
    await speaker.established('tor-1');
    await speaker.write(manifests(['address: 192.0.2.254', 'address: 198.51.100.254']));
    await speaker.established('tor-2');
    await speaker.write(manifests(['address: 192.0.2.254', 'address: 198.51.100.299']));
    await waitUntil('problem', async () => (await speaker.status()).problems.length > 0);
    expect((await speaker.status()).sessions).toEqual({ configured: 2, established: 2 });
    await speaker.write(manifests(['address: 192.0.2.254']));
    await waitUntil('removed', async () => (await speaker.status()).sessions.configured === 1);
    expect(await birds[1].show('protocols all host')).toContain('Peer de-configured');
  });
});
