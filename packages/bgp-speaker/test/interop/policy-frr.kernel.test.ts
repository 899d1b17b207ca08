import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

let stack: AsyncDisposableStack;
let host: Namespace;
let frr: FrrRouter;
let speaker: SpeakerProcess;

function manifests(spec: string, terms: readonly object[]): string {
  const policy = { apiVersion: 'slash32.dev/v1', kind: 'RoutePolicy', metadata: { name: 'p' }, spec: { terms } };
  const peer = rackManifests(`, families: [ipv4-unicast]${spec}`, { hostAsNumber: 4_200_000_001 });
  return `${peer}---\n${JSON.stringify(policy)}\n`;
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const rack = stack.use(await Rack.create('policy-frr'));
  host = rack.host;
  await addTap(host, ['203.0.113.10/32']);
  frr = stack.use(await FrrRouter.create(rack.tor));
  await frr.start(frrConfiguration({ ...TOR, peerAsNumber: 4_200_000_001, options: ['timers connect 1'] }));
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function start(spec: string, terms: readonly object[]): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests(spec, terms)));
  speaker.start();
  await speaker.established('tor');
}

const torRoute = () => frr.show('bgp ipv4 unicast 203.0.113.10/32');

describe('with FRR', () => {
  it('export policies set what the router sees', async () => {
    const set = {
      med: 50,
      prepend: 2,
      communities: { add: ['65001:7'] },
      largeCommunities: { add: ['4200000001:1:2'] },
    };
    await start(', export: [p]', [{ action: 'accept', set }]);
    await waitUntil('the route', async () => (await torRoute()).includes('4200000001 4200000001 4200000001'));
    const route = await torRoute();
    expect(route).toContain('metric 50');
    expect(route).toMatch(/Community: 65001:7/);
    expect(route).toMatch(/Large Community: 4200000001:1:2/);
  });

  it('routes are refreshed both ways', async () => {
    await start('', []);
    await waitUntil('the route', async () => (await torRoute()).includes('4200000001'));
    await frr.command('clear bgp ipv4 unicast 192.0.2.1 soft in');
    await waitUntil('asked', async () => ((await speaker.neighbor('tor')).messages.received['ROUTE-REFRESH'] ?? 0) > 0);
    const { messages } = await speaker.neighbor('tor');
    await speaker.ask('speaker.clear', { peer: 'tor', soft: 'in' });
    await waitUntil('answered', async () => {
      const now = await speaker.neighbor('tor');
      return (now.messages.received.UPDATE ?? 0) > (messages.received.UPDATE ?? 0);
    });
    await waitUntil('nothing stale', async () => (await speaker.neighbor('tor')).gracefulRestart?.staleRoutes === 0);
    expect((await speaker.routes('0.0.0.0/0'))[0]).toMatchObject({ best: true, installed: true });
    expect(await torRoute()).toContain('4200000001');
    expect((await speaker.neighbor('tor')).messages.sent.OPEN).toBe(messages.sent.OPEN);
  });

  it('a shutdown tells the router why, and a clear that it was one', async () => {
    await start('', []);
    await waitUntil('the route', async () => (await torRoute()).includes('4200000001'));
    await frr.command('configure terminal\nrouter bgp 65000\nbgp log-neighbor-changes');
    await speaker.ask('speaker.clear', { peer: 'tor' });
    await waitUntil(
      () => `told of the reset: ${frr.log}`,
      () => Promise.resolve(frr.log.includes('Administrative Reset')),
    );
    await speaker.established('tor');
    await speaker.ask('speaker.shutdown', { peer: 'tor', reason: 'new line card' });
    await waitUntil(
      () => `told why: ${frr.log}`,
      () => Promise.resolve(/Administrative Shutdown.*new line card/.test(frr.log)),
    );
    await speaker.ask('speaker.enable', { peer: 'tor' });
    await speaker.established('tor');
  });

  it('a router that announces too much is cut off, and told why', async () => {
    speaker = stack.use(
      await SpeakerProcess.create(
        host,
        'h1',
        manifests(', maxPrefixes: { ipv4-unicast: { limit: 1, action: restart, restartSeconds: 3 } }', []),
      ),
    );
    speaker.start();
    await speaker.established('tor');
    await frr.command(
      'configure terminal\nrouter bgp 65000\nno bgp network import-check\naddress-family ipv4 unicast\nnetwork 198.18.0.0/24',
    );
    await waitUntil('held', async () => (await speaker.neighbor('tor')).held?.cause === 'max-prefixes');
    await waitUntil('told', async () =>
      (await frr.show('bgp neighbors 192.0.2.1')).includes('Maximum Number of Prefixes Reached'),
    );
    await waitUntil('tried again', async () => ((await speaker.neighbor('tor')).messages.sent.NOTIFICATION ?? 0) > 1);
  });
});
