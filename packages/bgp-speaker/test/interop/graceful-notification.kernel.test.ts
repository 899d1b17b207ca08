import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let frr: FrrRouter;
let speaker: SpeakerProcess;
/** What `ip monitor route` said of either side since both had the other's route. */
let changes: { host: () => string; tor: () => string };

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('gn')));
  await addTap(host);
  frr = stack.use(await FrrRouter.create(tor));
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function start(spec = '', options: readonly string[] = []): Promise<void> {
  await frr.start(frrConfiguration({ ...TOR, options }));
  await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', rackManifests(`, families: [ipv4-unicast]${spec}`)));
  speaker.start();
  await waitUntil('route at the router', torHas);
  await waitUntil('default here', hostHas);
  changes = { host: host.watchRoutes('-4'), tor: tor.watchRoutes('-4') };
}

async function torHas(): Promise<boolean> {
  return (await tor.routes(4)).some((line) => line.startsWith('203.0.113.10 '));
}

async function hostHas(): Promise<boolean> {
  return (await host.routes(4)).some((line) => line.startsWith('default ') && line.includes('proto 135'));
}

async function downReason(pattern: RegExp): Promise<void> {
  await waitUntil(
    () => `end of the session by ${pattern}; log:\n${speaker.log}`,
    async () => pattern.test((await speaker.neighbor('tor')).lastDown?.reason ?? ''),
  );
}

/** Up again, nothing stale; neither kernel has lost a route. */
async function backWithRoutes(): Promise<void> {
  await speaker.established('tor');
  await waitUntil('confirmed', async () => (await speaker.neighbor('tor')).gracefulRestart?.staleRoutes === 0);
  await waitUntil('routes on both sides', async () => (await hostHas()) && (await torHas()));
}

describe('RFC 8538 with FRR', () => {
  it('is negotiated; a reset from here is a Cease, and touches no kernel', async () => {
    await start();
    const { localCapabilities, remoteCapabilities } = await speaker.neighbor('tor');
    expect(localCapabilities.join()).toMatch(/graceful-restart 120 s.*notification/);
    expect(remoteCapabilities.join()).toMatch(/graceful-restart .*notification/);
    expect(JSON.parse(await frr.show('bgp neighbors 192.0.2.1 json'))).toMatchObject({
      '192.0.2.1': { gracefulRestartInfo: { nBit: true } },
    });
    await speaker.ask('speaker.clear', { peer: 'tor' });
    await downReason(/sent Cease\/Administrative Reset/);
    await backWithRoutes();
    expect([changes.host().includes('default'), changes.tor().includes('203.0.113.10')]).toEqual([false, false]);
  });

  it('a reset from there that is no Hard Reset keeps its routes here', async () => {
    await start();
    await frr.configure(['router bgp 65000', 'no bgp hard-administrative-reset']);
    await frr.command('clear bgp 192.0.2.1');
    await downReason(/received Cease\/Administrative Reset/);
    await backWithRoutes();
    // FRR 8.4 itself does not keep ours over a NOTIFICATION that it sends.
    expect(changes.host()).not.toContain('default');
  });

  it('a Hard Reset from there ends them, and its inner reason is shown', async () => {
    await start();
    await frr.command('clear bgp 192.0.2.1');
    await downReason(/received Cease\/Hard Reset \(6\/9\): Cease\/Administrative Reset/);
    await waitUntil('the kernel lost the default route', async () => changes.host().includes('default'));
    await speaker.established('tor');
  });

  it('a shutdown from here is a Hard Reset that FRR understands', async () => {
    await start();
    await speaker.ask('speaker.shutdown', { peer: 'tor', reason: 'maintenance' });
    await waitUntil('FRR has dropped the route', async () => !(await torHas()));
    expect(await hostHas()).toBe(false);
    const neighbor = JSON.parse(await frr.show('bgp neighbors 192.0.2.1 json'))['192.0.2.1'];
    expect(neighbor).toMatchObject({ lastNotificationHardReset: true });
  });

  it('a router that fell silent keeps its routes for its restart time', async () => {
    await start(', holdTimeSeconds: 3');
    await tor.ip('addr del 192.0.2.254/24 dev down0');
    await downReason(/sent Hold Timer Expired/);
    expect(await hostHas()).toBe(true);
    expect((await speaker.neighbor('tor')).gracefulRestart).toMatchObject({ peerRestarting: true });
  });
});
