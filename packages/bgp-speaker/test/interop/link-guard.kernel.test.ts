import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { DualRack } from '../lab/dual-rack.ts';
import type { Namespace } from '../lab/namespace.ts';
import { torOf } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

const NETS = ['192.0.2', '192.0.3'] as const;
/** Of tor-1: parts of its own link and of the other one's, and what is good. */
const ANNOUNCED = [
  '192.0.2.128/25',
  '192.0.2.0/24',
  '192.0.3.254/32',
  '192.0.3.192/26',
  '192.0.3.0/24',
  '192.0.2.0/23',
  '0.0.0.0/0',
];
const REFUSED = ANNOUNCED.slice(0, 5);

const MANIFESTS = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-1 }
spec: { hosts: 'all()', asNumber: 65000, address: 192.0.2.254, families: [ipv4-unicast], holdTimeSeconds: 3 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-2 }
spec: { hosts: 'all()', asNumber: 65001, address: 192.0.3.254, families: [ipv4-unicast], holdTimeSeconds: 3 }
`;

let stack: AsyncDisposableStack;
let host: Namespace;
let birds: readonly BirdRouter[];
let speaker: SpeakerProcess;

function configuration(index: number, originates: readonly string[]): string {
  return birdConfiguration({ ...torOf(NETS[index] ?? ''), asNumber: 65_000 + index, originates });
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const rack = stack.use(await DualRack.create('lg', { nets: NETS }));
  host = rack.host;
  const routers: BirdRouter[] = [];
  for (const [index, tor] of rack.tors.entries()) {
    const net = NETS[index] ?? '';
    // As NetworkManager does: the subnet's own route has a metric, and one of ours would win over it.
    await host.ip(`route del ${net}.0/24 dev eth${index}`);
    await host.ip(`route add ${net}.0/24 dev eth${index} proto kernel scope link src ${net}.1 metric 100`);
    const bird = stack.use(await BirdRouter.create(tor));
    await bird.start(configuration(index, index === 0 ? ANNOUNCED : ['0.0.0.0/0']));
    routers.push(bird);
  }
  birds = routers;
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  speaker.start();
  for (const name of ['tor-1', 'tor-2']) await speaker.established(name);
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function learned(): Promise<readonly string[]> {
  return (await host.routes(4)).filter((line) => line.includes('proto 135'));
}

describe('a router that announces parts of the links', () => {
  it('takes none of them: sessions stay, and routes over both routers are still taken', async () => {
    await waitUntil('both default routes', async () =>
      (await learned()).some((line) => line.startsWith('default') && (line.match(/via/g) ?? []).length === 2),
    );
    const prefixes = (await learned()).map((line) => line.split(' ')[0]);
    expect(prefixes.toSorted()).toEqual(['192.0.2.0/23', 'default']);
    for (const prefix of REFUSED) {
      const [route] = await speaker.routes(prefix);
      expect(route?.reason).toMatch(/^rejected: contains tor-[12], which is on eth[01]$/);
    }
    expect(await host.ip('route get 192.0.3.254')).toContain('dev eth1');
    expect(await host.ip('route get 192.0.2.254')).not.toContain('via');
    // Longer than the hold time: the sessions still reach their routers.
    const since = (await speaker.neighbor('tor-2')).stateSeconds;
    await waitUntil('more than the hold time', async () => (await speaker.neighbor('tor-2')).stateSeconds > since + 4);
    expect((await speaker.neighbor('tor-1')).state).toBe('Established');
    // And the kernel can still tell where new routes over them go.
    await birds[1]?.configure(configuration(1, ['0.0.0.0/0', '198.51.100.0/24']));
    await birds[0]?.configure(configuration(0, [...ANNOUNCED, '203.0.113.0/24']));
    await waitUntil('new routes over both', async () => {
      const lines = (await learned()).join('\n');
      return lines.includes('198.51.100.0/24 via 192.0.3.254') && lines.includes('203.0.113.0/24 via 192.0.2.254');
    });
  });
});
