import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { Rack, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addInstanceRoutes, attachInstance } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

const BLOCK = '203.0.113.0/26';
const BLOCK6 = '2001:db8:1::/64';

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let instance: Namespace;
let bird: BirdRouter;
let speaker: SpeakerProcess;

function manifests(blocks: readonly string[]): string {
  return `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, address6: "2001:db8:a::1", asNumber: 64601, blocks: [${blocks.map((text) => `"${text}"`).join(', ')}] }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor }
spec: { hosts: all(), address: 192.0.2.254, asNumber: external }
`;
}

const routes = (namespace: Namespace, family: 4 | 6, pattern: RegExp) =>
  namespace
    .routes(family)
    .then((lines) =>
      lines.filter((line) => pattern.test(line)).map((line) => line.replace('unreachable ', '').split(' ')[0]),
    );
/** What the router's kernel has of the host, without the length of host routes. */
const atRouter = async () => [...(await routes(tor, 4, /proto bird/)), ...(await routes(tor, 6, /proto bird/))].sort();
const discarded = () => routes(host, 4, /proto 136/);

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('blk', { ipv6: true })));
  instance = stack.use(await Namespace.create('blk-inst'));
  await attachInstance(host, instance, '203.0.113.10');
  await addInstanceRoutes(host, ['203.0.113.77/32', '2001:db8:1::10/128']);
  for (const space of [host, tor]) {
    await space.exec('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  }
  bird = stack.use(await BirdRouter.create(tor));
  await bird.start(birdConfiguration({ ...TOR, originates: ['0.0.0.0/0', '::/0'] }));
});

afterEach(async () => {
  await stack.disposeAsync();
});

describe('address blocks, with BIRD', () => {
  it('are one route at the router, reach instances, and end what is sent to unused addresses', async () => {
    speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests([BLOCK, BLOCK6])));
    speaker.start();
    await speaker.established('tor');
    await waitUntil('the blocks', async () => (await atRouter()).length === 3);
    expect(await atRouter()).toEqual(['2001:db8:1::/64', '203.0.113.0/26', '203.0.113.77'].sort());
    expect(await bird.show(`route ${BLOCK} all`)).toMatch(/BGP\.aggregator: 192\.0\.2\.1 AS64601/);
    expect(await bird.show(`route ${BLOCK} all`)).not.toContain('atomic_aggr');
    await tor.exec('ping', ['-c', '1', '-W', '2', '203.0.113.10']);
    // The host has a default route to the router: without the block's route, this would go round until its TTL is used up.
    const lost = await tor
      .exec('ping', ['-c', '1', '-W', '2', '203.0.113.20'])
      .catch((error: { stdout: string }) => error.stdout);
    expect(lost).toMatch(/Destination Host Unreachable/);
    expect(lost).not.toMatch(/Time to live exceeded/);
  });

  it('come and go without a lost packet', async () => {
    speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests([])));
    speaker.start();
    await speaker.established('tor');
    await waitUntil('the addresses', async () => (await atRouter()).length === 3);
    const count = 400;
    const pinging = tor.exec('ping', ['-i', '0.01', '-c', String(count), '-W', '2', '203.0.113.10']);
    for (const blocks of [[BLOCK, BLOCK6], [], ['203.0.113.0/24'], [BLOCK6, BLOCK]]) {
      await speaker.write(manifests(blocks));
      await waitUntil('the kernel has the blocks', async () => {
        const wanted = blocks.filter((text) => !text.includes(':'));
        const found = await discarded();
        return found.length === wanted.length && wanted.every((text) => found.includes(text));
      });
      await waitUntil('the router has the blocks', async () => {
        const found = await atRouter();
        return blocks.every((text) => found.includes(text)) && (blocks.length > 0 || !found.includes(BLOCK));
      });
    }
    expect(await pinging).toContain(`${count} received`);
    expect(await atRouter()).toEqual(['2001:db8:1::/64', '203.0.113.0/26', '203.0.113.77'].sort());
  });

  it('leave an address of an instance on another host to the default route, as soon as the datastore has it', async () => {
    // The router knows the way to the instance that moved, and tells us of a default route alone.
    await tor.ip('addr add 203.0.113.20/32 dev lo');
    const moved = (name: string) => `---
apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: moved }
spec: { host: ${name}, interface: tapmoved, mac: "52:54:00:00:00:20", network: n, addresses: [203.0.113.20] }
`;
    speaker = stack.use(await SpeakerProcess.create(host, 'h1', `${manifests([BLOCK, BLOCK6])}${moved('h1')}`));
    speaker.start();
    await speaker.established('tor');
    await waitUntil('the block', async () => (await atRouter()).includes(BLOCK));
    const ping = () => host.exec('ping', ['-c', '1', '-W', '1', '203.0.113.20']);
    await expect(ping()).rejects.toThrow();
    await speaker.write(`${manifests([BLOCK, BLOCK6])}${moved('h2')}`);
    await waitUntil('the exception', async () => (await discarded()).length === 6);
    await ping();
    expect(await atRouter()).toContain(BLOCK);
    expect(await discarded()).not.toContain(BLOCK);
    await speaker.write(manifests([BLOCK, BLOCK6]));
    await waitUntil('no exception', async () => (await discarded()).join() === BLOCK);
    await expect(ping()).rejects.toThrow();
  });

  it('live through a kill of the speaker, and go when they are taken away meanwhile', async () => {
    speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests([BLOCK, BLOCK6])));
    speaker.start();
    await speaker.established('tor');
    await waitUntil('the blocks', async () => (await atRouter()).includes(BLOCK));
    await speaker.stop('SIGKILL');
    expect(await discarded()).toEqual([BLOCK]);
    expect(await atRouter()).toContain(BLOCK);
    await host.ip(`route del unreachable ${BLOCK} proto 136`);
    speaker.start();
    await speaker.established('tor');
    await waitUntil('back', async () => (await discarded()).length === 1);
    await speaker.stop('SIGKILL');
    await speaker.write(manifests([]));
    speaker.start();
    await speaker.established('tor');
    await waitUntil('the addresses', async () => (await atRouter()).includes('203.0.113.10'));
    await waitUntil('no block', async () => !(await atRouter()).includes(BLOCK) && (await discarded()).length === 0);
  });
});
