import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GobgpRouter } from '../lab/gobgp-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

const OURS = '203.0.113.10/32';
const THEIRS = '198.51.100.0/24';

const MANIFESTS = rackManifests(
  ', families: [ipv4-unicast], connectRetrySeconds: 1, gracefulRestart: { restartTimeSeconds: 2, longLivedStaleTimeSeconds: 600 }',
);

const CONFIGURATION = `
[global.config]
  as = 65000
  router-id = "192.0.2.254"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "192.0.2.1"
    peer-as = 64601
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [neighbors.graceful-restart.config]
    enabled = true
    notification-enabled = true
    long-lived-enabled = true
    restart-time = 2
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
    [neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = true
      restart-time = 300
`;

let stack: AsyncDisposableStack;
let host: Namespace;
let gobgp: GobgpRouter;
let speaker: SpeakerProcess;
let hostChanges: () => string;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const rack = stack.use(await Rack.create('rg'));
  host = rack.host;
  await addTap(host, [OURS]);
  gobgp = stack.use(await GobgpRouter.create(rack.tor));
  await startGobgp();
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  speaker.start();
  await waitUntil('our route there', () => gobgp.has(OURS));
  await waitUntil('its route here', hostHas);
  hostChanges = host.watchRoutes('-4');
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function startGobgp(): Promise<void> {
  await gobgp.startWith(CONFIGURATION);
  await gobgp.command(`global rib add ${THEIRS} nexthop 192.0.2.254`);
}

async function hostHas(): Promise<boolean> {
  return (await host.routes(4)).some((line) => line.startsWith(`${THEIRS} `) && line.includes('proto 135'));
}

const communities = async () => (await speaker.routes(THEIRS))[0]?.communities ?? [];

describe('with GoBGP', () => {
  it('a reset keeps the routes of both while the session is away (RFC 8538)', async () => {
    expect((await speaker.neighbor('tor')).remoteCapabilities.join()).toMatch(/graceful-restart .*notification/);
    await speaker.ask('speaker.clear', { peer: 'tor' });
    await waitUntil('down', async () =>
      /Administrative Reset/.test((await speaker.neighbor('tor')).lastDown?.reason ?? ''),
    );
    expect([await gobgp.has(OURS), await hostHas(), hostChanges()]).toEqual([true, true, '']);
    await speaker.established('tor');
    await waitUntil('confirmed', async () => (await speaker.neighbor('tor')).gracefulRestart?.staleRoutes === 0);
    // GoBGP 3.10 is back without an F bit: then what is stale goes at once (RFC 4724 4.2), and comes anew.
    await waitUntil('both', async () => (await gobgp.has(OURS)) && (await hostHas()));
  });

  it('its routes outlive its restart time as the last resort (RFC 9494)', async () => {
    await gobgp.kill();
    await waitUntil('marked', async () => (await communities()).join() === 'LLGR_STALE');
    expect((await speaker.neighbor('tor')).gracefulRestart?.longLived?.['ipv4-unicast']).toBeLessThanOrEqual(300);
    await startGobgp();
    await waitUntil('no longer', async () => (await communities()).length === 0 && (await hostHas()));
  });

  it('our routes outlive our restart time there', async () => {
    await speaker.stop('SIGKILL');
    await waitUntil('marked', async () => (await gobgp.command('global rib -a ipv4')).includes('llgr-stale'));
    speaker.start();
    await waitUntil('no longer', async () => {
      const rib = await gobgp.command('global rib -a ipv4');
      return rib.includes(OURS) && !rib.includes('llgr-stale');
    });
  });
});
