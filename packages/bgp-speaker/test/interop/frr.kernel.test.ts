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

function manifests(address: string, spec = ''): string {
  return rackManifests(spec, { address, hostAsNumber: 4_200_000_001 });
}

function configuration(peerAddress: string, options: readonly string[] = []): string {
  return frrConfiguration({ ...TOR, peerAddress, peerAsNumber: 4_200_000_001, options });
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('frr', { ipv6: true })));
  await addTap(host);
  frr = stack.use(await FrrRouter.create(tor));
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function startSpeaker(text: string): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', text));
  speaker.start();
}

async function torHas(family: 4 | 6, prefix: string): Promise<boolean> {
  return (await tor.routes(family)).some((line) => line.startsWith(`${prefix} `));
}

async function learned(family: 4 | 6): Promise<readonly string[]> {
  return (await host.routes(family)).filter((line) => line.includes('proto 135'));
}

describe('with FRR', () => {
  it('announces and withdraws, and installs defaults, both families over an IPv4 session, with a 4-octet AS', async () => {
    await frr.start(configuration('192.0.2.1'));
    await startSpeaker(manifests('192.0.2.254'));
    await speaker.established('tor');
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await host.ip('route add 2001:db8:1::10/128 dev tap0 proto 133');
    await waitUntil('IPv4 at the router', () => torHas(4, '203.0.113.10'));
    await waitUntil('IPv6 at the router', () => torHas(6, '2001:db8:1::10'));
    await waitUntil('defaults here', async () => (await learned(4)).length === 1 && (await learned(6)).length === 1);
    expect(await speaker.neighbor('tor')).toMatchObject({
      holdTimeSeconds: 9,
      keepaliveSeconds: 3,
      remoteHostname: 'tor',
    });
    expect(await frr.show('bgp neighbors 192.0.2.1')).toContain('Hostname: h1');
    await host.ip('route del 203.0.113.10/32 dev tap0 proto 133');
    await host.ip('route del 2001:db8:1::10/128 dev tap0 proto 133');
    await waitUntil(
      'withdrawn',
      async () => !(await torHas(4, '203.0.113.10')) && !(await torHas(6, '2001:db8:1::10')),
    );
    const routes = await frr.show('bgp ipv4 unicast json');
    expect(routes).not.toContain('203.0.113.10');
  });

  it('does so over an IPv6 session as well', async () => {
    await frr.start(configuration('2001:db8:a::1'));
    await startSpeaker(manifests('2001:db8:a::fe'));
    await speaker.established('tor');
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await host.ip('route add 2001:db8:1::10/128 dev tap0 proto 133');
    await waitUntil('IPv6 at the router', () => torHas(6, '2001:db8:1::10'));
    await waitUntil('IPv4 at the router', () => torHas(4, '203.0.113.10'));
  });

  it('survives kill -9: FRR keeps our routes as stale until they are announced again', async () => {
    await frr.start(configuration('192.0.2.1'));
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await host.ip('route add 203.0.113.11/32 dev tap0 proto 133');
    await startSpeaker(manifests('192.0.2.254'));
    await waitUntil('route at the router', () => torHas(4, '203.0.113.10'));
    await waitUntil('default here', async () => (await learned(4)).length === 1);
    const changes = tor.watchRoutes();
    await speaker.stop('SIGKILL');
    await host.ip('route del 203.0.113.11/32 dev tap0 proto 133');
    await waitUntil('FRR sees it go', async () => (await frr.show('bgp summary json')).includes('"Active"'));
    expect(await torHas(4, '203.0.113.10')).toBe(true);
    expect(await learned(4)).toHaveLength(1);
    speaker.start();
    await speaker.established('tor');
    await waitUntil('what is gone is withdrawn', async () => !(await torHas(4, '203.0.113.11')));
    expect(await torHas(4, '203.0.113.10')).toBe(true);
    expect(changes()).not.toContain('203.0.113.10');
  });

  it('keeps the routes of a bgpd that crashed and is back', async () => {
    await frr.start(configuration('192.0.2.1'));
    await startSpeaker(manifests('192.0.2.254'));
    await waitUntil('default here', async () => (await learned(4)).length === 1);
    const changes = host.watchRoutes('-4');
    await frr.killBgpd();
    await waitUntil('stale', async () => (await speaker.neighbor('tor')).gracefulRestart?.peerRestarting === true);
    frr.startBgpd();
    await speaker.established('tor');
    await waitUntil('confirmed', async () => (await speaker.neighbor('tor')).gracefulRestart?.staleRoutes === 0);
    expect(await learned(4)).toHaveLength(1);
    expect(changes()).not.toContain('default');
  });

  it('notices within the hold time that the router is gone', async () => {
    await frr.start(configuration('192.0.2.1'));
    await startSpeaker(manifests('192.0.2.254', ', holdTimeSeconds: 3, gracefulRestart: { notifications: false }'));
    await waitUntil('default here', async () => (await learned(4)).length === 1);
    await tor.ip('addr del 192.0.2.254/24 dev down0');
    await waitUntil('gone', async () => (await speaker.neighbor('tor')).state !== 'Established');
    expect((await speaker.neighbor('tor')).lastDown?.reason).toContain('Hold Timer Expired');
    await waitUntil('removed', async () => (await learned(4)).length === 0);
  });
});
