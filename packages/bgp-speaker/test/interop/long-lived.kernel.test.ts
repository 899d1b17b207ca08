import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests, TOR, torOf } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

const AGED = 'router in session: this one has been away for longer than its restart time (LLGR)';

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let speaker: SpeakerProcess;
let hostChanges: () => string;

const MANIFESTS = rackManifests(
  ', families: [ipv4-unicast], gracefulRestart: { restartTimeSeconds: 2, longLivedStaleTimeSeconds: 600 }',
);

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('ll')));
  await addTap(host, ['203.0.113.10/32']);
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function startSpeaker(learned: string): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  speaker.start();
  await waitUntil(
    () => `${learned} here; log:\n${speaker.log}`,
    async () => (await hostRoute(learned)) !== undefined,
  );
  hostChanges = host.watchRoutes('-4');
}

async function hostRoute(prefix: string): Promise<string | undefined> {
  return (await host.routes(4)).find((line) => line.startsWith(`${prefix} `) && line.includes('proto 135'));
}

async function longLived(): Promise<number> {
  return (await speaker.neighbor('tor')).gracefulRestart?.longLived?.['ipv4-unicast'] ?? 0;
}

async function stale(): Promise<number | undefined> {
  return (await speaker.neighbor('tor')).gracefulRestart?.staleRoutes;
}

describe('long-lived graceful restart with BIRD', () => {
  const configuration = birdConfiguration({
    ...TOR,
    originates: ['198.51.100.0/24'],
    options: 'graceful restart time 2; long lived graceful restart on; long lived stale time 300;',
  });
  let bird: BirdRouter;

  beforeEach(async () => {
    bird = stack.use(await BirdRouter.create(tor));
    await bird.start(configuration);
  });

  const birdRoute = () => bird.show('route for 203.0.113.10/32 all');

  it('keeps the routes of a BIRD that is long gone, as the last resort, and takes it back without a change', async () => {
    await startSpeaker('198.51.100.0/24');
    await bird.kill();
    await waitUntil('the restart time is over', async () => (await longLived()) > 0);
    expect(await longLived()).toBeLessThanOrEqual(300);
    const [route] = await speaker.routes('198.51.100.0/24');
    expect(route).toMatchObject({ stale: true, best: true, installed: true, communities: ['LLGR_STALE'] });
    expect(await hostRoute('198.51.100.0/24')).toBeDefined();
    await bird.start(configuration, { recover: true });
    await waitUntil('confirmed', async () => (await stale()) === 0 && (await longLived()) === 0);
    expect((await speaker.routes('198.51.100.0/24'))[0]).toMatchObject({ stale: false, communities: [] });
    expect(hostChanges()).not.toContain('198.51.100.0');
  });

  it('BIRD keeps ours, marked, and takes us back', async () => {
    await startSpeaker('198.51.100.0/24');
    await waitUntil('our route at BIRD', async () => (await birdRoute()).includes('203.0.113.10'));
    await speaker.stop('SIGKILL');
    await waitUntil('BIRD has marked it', async () => (await birdRoute()).includes('(65535,6)'));
    expect(await bird.show('protocols all host')).toMatch(/Neighbor GR: +Long-lived/);
    speaker.start();
    await waitUntil('the mark is gone', async () => {
      const text = await birdRoute();
      return text.includes('203.0.113.10') && !text.includes('(65535,6)');
    });
    expect(hostChanges()).not.toContain('198.51.100.0');
  });
});

describe('long-lived graceful restart with FRR', () => {
  const configuration = frrConfiguration(TOR).replace(
    ' bgp graceful-restart\n',
    ' bgp graceful-restart\n bgp graceful-restart restart-time 2\n bgp long-lived-graceful-restart stale-time 300\n',
  );
  let frr: FrrRouter;

  beforeEach(async () => {
    frr = stack.use(await FrrRouter.create(tor));
    await frr.start(configuration);
  });

  it('keeps the routes of an FRR that is long gone, and takes it back without a change', async () => {
    await startSpeaker('default');
    await frr.killBgpd();
    await waitUntil('the restart time is over', async () => (await longLived()) > 0);
    const routes = await speaker.routes('0.0.0.0/0');
    expect(routes[0]).toMatchObject({ stale: true, best: true, reason: 'only route', communities: ['LLGR_STALE'] });
    frr.startBgpd();
    await waitUntil('confirmed', async () => (await stale()) === 0 && (await longLived()) === 0);
    expect(hostChanges()).not.toContain('default');
  });

  it('FRR keeps ours, marked, and takes us back', async () => {
    await startSpeaker('default');
    const frrRoute = () => frr.show('bgp ipv4 unicast 203.0.113.10/32');
    await waitUntil('our route at FRR', async () => (await frrRoute()).includes('valid'));
    await speaker.stop('SIGKILL');
    await waitUntil('FRR has marked it', async () => (await frrRoute()).includes('llgr-stale'));
    speaker.start();
    await waitUntil('the mark is gone', async () => {
      const text = await frrRoute();
      return text.includes('valid') && !text.includes('llgr-stale');
    });
  });
});

describe('with two routers', () => {
  it('whose routes are old loses to the other one, and is back when it is alone', async () => {
    const other = stack.use(await Namespace.create('ll-other'));
    await Namespace.link(host, 'eth1', ['192.0.3.1/24'], other, 'down0', ['192.0.3.254/24']);
    const birdOf = async (namespace: Namespace, network: string, asNumber: number): Promise<BirdRouter> => {
      const bird = stack.use(await BirdRouter.create(namespace));
      await bird.start(
        birdConfiguration({
          ...torOf(network),
          asNumber,
          originates: ['198.51.100.0/24'],
          options: 'graceful restart time 2; long lived graceful restart on; long lived stale time 300;',
        }),
      );
      return bird;
    };
    const left = await birdOf(tor, '192.0.2', 65_000);
    const right = await birdOf(other, '192.0.3', 65_001);
    const second = MANIFESTS.slice(MANIFESTS.indexOf('---'))
      .replace('name: tor', 'name: other')
      .replace('192.0.2.254', '192.0.3.254')
      .replace('65000', '65001');
    speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS + second));
    speaker.start();
    const via = async () => (await hostRoute('198.51.100.0/24'))?.match(/192\.0\.\d\.254/g) ?? [];
    await waitUntil('both forward', async () => (await via()).length === 2);
    await left.kill();
    await waitUntil('the other one alone', async () => (await via()).join() === '192.0.3.254');
    const routes = await speaker.routes('198.51.100.0/24');
    expect(routes.map(({ source, reason }) => [source, reason])).toEqual([
      ['other', 'best by router in session'],
      ['tor', AGED],
    ]);
    await right.command('disable host');
    await waitUntil('the old one again', async () => (await via()).join() === '192.0.2.254');
  });
});
