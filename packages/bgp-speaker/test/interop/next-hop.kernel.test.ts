import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { DualRack } from '../lab/dual-rack.ts';
import type { Namespace } from '../lab/namespace.ts';
import { pingAnswersMs } from '../lab/ping-answers.ts';
import { torOf } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** An address that both routers have, as a service behind two of them. */
const SERVICE = '198.18.0.1';
const NETS = ['192.0.2', '198.51.100'] as const;

/** tor-2 is preferred, and its routes are kept for its restart time of 120 s when it is away. */
const MANIFESTS = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: RoutePolicy
metadata: { name: preferred }
spec: { terms: [{ set: { localPref: 200 }, action: accept }] }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-1 }
spec: { hosts: 'all()', asNumber: 65000, address: 192.0.2.254 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-2 }
spec: { hosts: 'all()', asNumber: 65000, address: 198.51.100.254, import: [preferred] }
`;

let stack: AsyncDisposableStack;
let host: Namespace;
let tors: readonly Namespace[];
let birds: readonly BirdRouter[];
let speaker: SpeakerProcess;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tors } = stack.use(await DualRack.create('nh', { nets: NETS })));
  const routers: BirdRouter[] = [];
  for (const [index, tor] of tors.entries()) {
    await tor.ip(`addr add ${SERVICE}/32 dev lo`);
    const bird = stack.use(await BirdRouter.create(tor));
    routers.push(bird);
    await bird.start(birdConfiguration({ ...torOf(NETS[index] ?? ''), originates: ['0.0.0.0/0'] }));
  }
  birds = routers;
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  speaker.start();
  for (const name of ['tor-1', 'tor-2']) await speaker.established(name);
  await waitUntil('the preferred router in use', async () => (await gateways()) === '198.51.100.254');
});

afterEach(async () => {
  await stack.disposeAsync();
});

/** Of the learned default route, in one text. */
async function gateways(): Promise<string> {
  const learned = (await host.routes(4)).filter((line) => line.includes('proto 135'));
  return learned.flatMap((line) => [...line.matchAll(/via ([\d.]+)/g)].map((match) => match[1] ?? '')).join(' ');
}

/** Pings the service over the routers; answers the longest time between two answers after `disturb`. */
async function outageMs(disturb: () => Promise<void>): Promise<number> {
  let output = '';
  const ping = host.spawn('ping', ['-D', '-i', '0.01', '-W', '1', SERVICE], (text) => {
    output += text;
  });
  const answersMs = () => pingAnswersMs(output);
  await waitUntil('answers', () => answersMs().length >= 20);
  const disturbedAtMs = Date.now();
  await disturb();
  const enough = await waitUntil(
    () => `answers over the other router; speaker:\n${speaker.log}`,
    () => {
      const all = answersMs();
      return all.filter((answerMs) => answerMs > disturbedAtMs + 500).length >= 20 ? all : undefined;
    },
  );
  ping.kill();
  return Math.max(...enough.map((answerMs, index) => answerMs - (enough[index - 1] ?? answerMs)));
}

describe('the link to the preferred router', () => {
  it.each<readonly [string, string, () => Promise<unknown>]>([
    ['is set down', 'eth1 is down', () => host.ip('link set eth1 down')],
    ['loses its carrier', 'eth1 has no carrier', () => tors[1]?.ip('link set down0 down') ?? Promise.resolve()],
    ['is gone', 'eth1 is gone', () => host.ip('link del eth1')],
  ])('%s while the router restarts: the other one takes over at once', async (_what, cause, disturb) => {
    await birds[1]?.kill();
    await waitUntil(
      'its routes are kept',
      async () => (await speaker.neighbor('tor-2')).gracefulRestart?.peerRestarting === true,
    );
    expect(await gateways()).toBe('198.51.100.254');
    const lostMs = await outageMs(async () => void (await disturb()));
    expect(await gateways()).toBe('192.0.2.254');
    expect(lostMs).toBeLessThan(1000);
    expect(await speaker.routes('0.0.0.0/0')).toMatchObject([
      { source: 'tor-1', best: true, installed: true, reason: 'only route with a reachable next hop' },
      {
        source: 'tor-2',
        best: false,
        stale: true,
        reason: `next hop 198.51.100.254 is not reachable: ${cause}`,
      },
    ]);
  });

  it('comes back: its routes, still kept, are preferred again', async () => {
    await birds[1]?.kill();
    await waitUntil('kept', async () => (await speaker.neighbor('tor-2')).gracefulRestart?.peerRestarting === true);
    await host.ip('link set eth1 down');
    await waitUntil('the other router', async () => (await gateways()) === '192.0.2.254');
    await host.ip('link set eth1 up');
    await waitUntil('the preferred router', async () => (await gateways()) === '198.51.100.254');
  });

  it('loses its address: the kernel refuses the next hop, and the other router takes over until it is back', async () => {
    await birds[1]?.kill();
    await waitUntil('kept', async () => (await speaker.neighbor('tor-2')).gracefulRestart?.peerRestarting === true);
    await host.ip('addr del 198.51.100.1/24 dev eth1');
    await waitUntil('the other router', async () => (await gateways()) === '192.0.2.254');
    const [, refused] = await speaker.routes('0.0.0.0/0');
    expect(refused?.reason).toContain('next hop 198.51.100.254 is not reachable: the kernel refuses it');
    await host.ip('addr add 198.51.100.1/24 dev eth1');
    await waitUntil('the preferred router', async () => (await gateways()) === '198.51.100.254');
  });
});
