import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { DualRack } from '../lab/dual-rack.ts';
import type { Namespace } from '../lab/namespace.ts';
import { torOf } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

let stack: AsyncDisposableStack;
let host: Namespace;
let birds: readonly [BirdRouter, BirdRouter];
let speaker: SpeakerProcess;

const NETS = ['192.0.2', '198.51.100'] as const;

function manifests(peerSpecs: readonly [string, string], policies = ''): string {
  const peers = peerSpecs.map(
    (spec, index) => `apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-${index + 1} }
spec: { hosts: all(), asNumber: 65000, address: ${NETS[index]}.254, families: [ipv4-unicast]${spec} }
`,
  );
  const hostManifest = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: 64601 }
`;
  return [hostManifest, ...peers, ...(policies === '' ? [] : [policies])].join('---\n');
}

function policy(name: string, terms: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'slash32.dev/v1', kind: 'RoutePolicy', metadata: { name }, spec: { terms } });
}

function configuration(index: 0 | 1, originates: readonly string[], attributes = ''): string {
  return birdConfiguration({ ...torOf(NETS[index]), originates }).replace(
    'ipv4 { import all; export all;',
    `ipv4 { import all; export filter { ${attributes} accept; };`,
  );
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const rack = stack.use(await DualRack.create('policy', { nets: NETS }));
  host = rack.host;
  await addTap(host);
  birds = [stack.use(await BirdRouter.create(rack.tors[0])), stack.use(await BirdRouter.create(rack.tors[1]))];
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests(['', ''])));
});

afterEach(async () => {
  await stack.disposeAsync();
});

const torRoute = (index: 0 | 1, prefix: string) => birds[index].show(`route all for ${prefix}`).catch(() => '');

async function defaultRoutes(): Promise<readonly string[]> {
  return (await host.routes(4)).filter((line) => line.startsWith('default') && line.includes('proto 135'));
}

async function goesOnlyVia(gateway: string): Promise<boolean> {
  const [route] = await defaultRoutes();
  return route?.includes(`via ${gateway} `) === true && !route.includes('nexthop');
}

async function start(...specs: Parameters<typeof manifests>): Promise<void> {
  await speaker.write(manifests(...specs));
  speaker.start();
  await speaker.established('tor-1');
}

describe('with BIRD', () => {
  it('export policies set what the router sees, and change it over the same session', async () => {
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await host.ip('route add 203.0.113.11/32 dev tap0 proto 133 metric 100');
    await birds[0].start(configuration(0, []));
    const moving = { match: { metric: { ge: 100 } }, action: 'next', set: { med: 500 } };
    const mark = { action: 'accept', set: { prepend: 2, communities: { add: ['64601:7', 'NO_EXPORT'] } } };
    await start([', export: [out]', ''], policy('out', [moving, mark]));
    await waitUntil('the route', async () => (await torRoute(0, '203.0.113.11')).includes('as_path'));
    const route = await torRoute(0, '203.0.113.11');
    expect(route).toMatch(/as_path: 64601 64601 64601\n/);
    expect(route).toMatch(/community: \(64601,7\) \(65535,65281\)/);
    expect(route).toMatch(/med: 500/);
    expect(await torRoute(0, '203.0.113.10')).not.toMatch(/med: 500/);
    expect(await speaker.ask('speaker.routes', { view: 'advertised', peer: 'tor-1' })).toMatchObject([
      { prefix: '203.0.113.10/32', asPath: '64601 64601 64601', policy: 'policy out, term 2' },
      { prefix: '203.0.113.11/32', med: 500 },
    ]);

    const { sent } = (await speaker.neighbor('tor-1')).messages;
    await speaker.write(manifests([', export: [out]', ''], policy('out', [{ ...moving, action: 'accept' }])));
    await waitUntil('one withdrawn', async () => !(await torRoute(0, '203.0.113.10')).includes('as_path'));
    await waitUntil('one changed', async () => /as_path: 64601\n/.test(await torRoute(0, '203.0.113.11')));
    const after = await speaker.neighbor('tor-1');
    expect(after.messages.sent.OPEN).toBe(sent.OPEN);
    expect(after.messages.sent.UPDATE).toBe((sent.UPDATE ?? 0) + 2);
  });

  it('import policies choose and refuse, and are applied to what is there', async () => {
    await birds[0].start(configuration(0, ['0.0.0.0/0', '198.18.0.0/15'], 'bgp_community.add((65000,1));'));
    await birds[1].start(configuration(1, ['0.0.0.0/0']));
    await start([', import: [in]', ''], policy('in', [{ action: 'accept' }]));
    await speaker.established('tor-2');
    await waitUntil('both', async () => (await defaultRoutes())[0]?.includes('nexthop') === true);
    const prefer = {
      match: { communities: ['65000:*'], prefixes: [{ cidr: '0.0.0.0/0' }] },
      action: 'accept',
      set: { localPref: 200 },
    };
    await speaker.write(manifests([', import: [in]', ''], policy('in', [prefer])));
    await waitUntil('one', () => goesOnlyVia('192.0.2.254'));
    expect(await speaker.ask('speaker.routes', { prefix: '198.18.0.0/15' })).toMatchObject([
      { best: false, reason: 'rejected: no term of in accepts it', communities: ['65000:1'] },
    ]);
    expect(await speaker.ask('speaker.routes', { view: 'accepted', peer: 'tor-1' })).toMatchObject([
      { prefix: '0.0.0.0/0', localPref: 200 },
    ]);
    expect((await speaker.neighbor('tor-1')).messages.sent['ROUTE-REFRESH']).toBe(0);

    // A name without a policy: nothing in, and a finding.
    await speaker.write(manifests([', import: [gone]', '']));
    await waitUntil('over the other router', () => goesOnlyVia('198.51.100.254'));
    expect((await speaker.status()).findings).toMatchObject([
      { code: 'bgp-peer.unknown-policy', path: 'spec.import[0]' },
    ]);
  });

  it('a router that says GRACEFUL_SHUTDOWN is left while there is another', async () => {
    await birds[0].start(configuration(0, ['0.0.0.0/0']));
    await birds[1].start(configuration(1, ['0.0.0.0/0']));
    await start(['', '']);
    await speaker.established('tor-2');
    await waitUntil('both', async () => (await defaultRoutes())[0]?.includes('nexthop') === true);
    await birds[0].configure(configuration(0, ['0.0.0.0/0'], 'bgp_community.add((65535,0));'));
    await waitUntil('the other', () => goesOnlyVia('198.51.100.254'));
    expect((await speaker.routes('0.0.0.0/0')).map(({ source, reason }) => [source, reason])).toEqual([
      ['tor-2', 'best by LOCAL_PREF'],
      ['tor-1', 'LOCAL_PREF: 0 is lower than 100'],
    ]);
    await birds[1].command('disable host');
    await waitUntil('the last resort', () => goesOnlyVia('192.0.2.254'));
  });

  it('routes are refreshed both ways, between marks', async () => {
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await birds[0].start(configuration(0, ['0.0.0.0/0']));
    await start(['', '']);
    await waitUntil('default', async () => (await defaultRoutes()).length === 1);
    await waitUntil('ours', async () => (await torRoute(0, '203.0.113.10')).includes('as_path'));
    expect((await speaker.neighbor('tor-1')).remoteCapabilities).toContain('enhanced-route-refresh');
    const changes = host.watchRoutes('-4');
    await birds[0].command('reload in host');
    await waitUntil('asked and marked', async () => {
      const { messages } = await speaker.neighbor('tor-1');
      return messages.received['ROUTE-REFRESH'] === 1 && messages.sent['ROUTE-REFRESH'] === 2;
    });
    await waitUntil('ours still there', async () => (await torRoute(0, '203.0.113.10')).includes('as_path'));
    expect((await speaker.ask('speaker.clear', { peer: 'tor-1', soft: 'in' })).done).toContain(
      'asked for ipv4-unicast again',
    );
    await waitUntil('answered', async () => (await speaker.neighbor('tor-1')).messages.received['ROUTE-REFRESH'] === 3);
    expect((await speaker.neighbor('tor-1')).gracefulRestart?.staleRoutes).toBe(0);
    expect(await defaultRoutes()).toHaveLength(1);
    expect(changes()).not.toContain('default');
  });

  it('a router that announces too much is cut off, told why, and let up again', async () => {
    await birds[0].start(configuration(0, ['198.18.0.0/24', '198.18.1.0/24', '198.18.2.0/24']));
    await speaker.write(manifests([', maxPrefixes: { ipv4-unicast: { limit: 2, action: idle } }', '']));
    speaker.start();
    await waitUntil('held', async () => (await speaker.neighbor('tor-1')).held?.cause === 'max-prefixes');
    await waitUntil('told', async () => birds[0].log.includes('Maximum number of prefixes reached'));
    expect((await host.routes(4)).filter((line) => line.includes('proto 135'))).toEqual([]);
    await birds[0].configure(configuration(0, ['198.18.0.0/24']));
    await speaker.ask('speaker.enable', { peer: 'tor-1' });
    await speaker.established('tor-1');
  });

  it('a shutdown tells the router why, after the routes were the last resort', async () => {
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await birds[0].start(configuration(0, []));
    await start(['', '']);
    await waitUntil('ours', async () => (await torRoute(0, '203.0.113.10')).includes('as_path'));
    await speaker.ask('speaker.shutdown', { peer: 'tor-1', reason: 'new line card', drainSeconds: 2 });
    await waitUntil('drained', async () => (await torRoute(0, '203.0.113.10')).includes('community: (65535,0)'));
    await waitUntil('down', async () => (await speaker.neighbor('tor-1')).held?.cause === 'shutdown');
    await waitUntil('told', async () => birds[0].log.includes('new line card'));
    await waitUntil('gone', async () => !(await torRoute(0, '203.0.113.10')).includes('as_path'));
    await speaker.ask('speaker.enable', { peer: 'tor-1' });
    await speaker.established('tor-1', 70_000);
  });
});
