import { afterEach, beforeEach, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** Two sites in one private AS, each behind BIRD, and a route server on one link with them. */
const SITE = 64_700;
const SERVER = '192.0.2.1';
const LEFT = { tor: '192.0.2.2', prefix: '198.51.100.0/24' };
const RIGHT = { tor: '192.0.2.3', prefix: '203.0.113.0/24' };

let stack: AsyncDisposableStack;
let server: Namespace;
let speaker: SpeakerProcess;
let birds: readonly BirdRouter[];

const manifests = (spec: string) => `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: 64600 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: sites }
spec: { hosts: all(), range: 192.0.2.0/24, asNumber: external, families: [ipv4-unicast], routeServerClient: true${spec} }
`;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  server = stack.use(await Namespace.create('rs-server'));
  await server.ip('link add br0 type bridge');
  await server.ip(`addr add ${SERVER}/24 dev br0`);
  await server.ip('link set br0 up');
  const routers: BirdRouter[] = [];
  for (const [name, device, site] of [
    ['rs-left', 'eth0', LEFT],
    ['rs-right', 'eth1', RIGHT],
  ] as const) {
    const tor = stack.use(await Namespace.create(name));
    await Namespace.link(server, device, [], tor, 'down0', [`${site.tor}/24`]);
    await server.ip(`link set ${device} master br0`);
    const bird = stack.use(await BirdRouter.create(tor));
    await bird.start(
      birdConfiguration({
        routerId: site.tor,
        localAddress: site.tor,
        asNumber: SITE,
        peerAddress: SERVER,
        peerAsNumber: 64_600,
        originates: [site.prefix],
        options: 'enforce first as off;',
      }),
    );
    routers.push(bird);
  }
  birds = routers;
  speaker = stack.use(await SpeakerProcess.create(server, 'h1', manifests('')));
  speaker.start();
  for (const { tor } of [LEFT, RIGHT]) await speaker.established(`sites/${tor}`);
});

afterEach(() => stack.disposeAsync());

/** AS_PATH of a router's route; `undefined`: it has none, of which birdc makes an error. */
async function pathAt(router: BirdRouter | undefined, prefix: string): Promise<string | undefined> {
  const text = await router?.show(`route ${prefix} all`).catch(() => undefined);
  return /BGP\.as_path: ?([\d ]*)/.exec(text ?? '')?.[1]?.trim();
}

it('lets sites of one AS reach each other with asOverride, and hides private AS numbers, while sessions stay', async () => {
  const [left, right] = birds;
  // BIRD takes a route with its own AS number in it for a loop.
  await waitUntil('the route is there', async () => (await speaker.routes(LEFT.prefix)).length > 0);
  expect(await pathAt(right, LEFT.prefix)).toBeUndefined();
  await speaker.write(manifests(', asOverride: true'));
  await waitUntil('both have the other', async () =>
    [await pathAt(right, LEFT.prefix), await pathAt(left, RIGHT.prefix)].every((path) => path === '64600'),
  );
  await speaker.write(manifests(', removePrivateAs: all'));
  await waitUntil('gone again', async () => (await pathAt(right, LEFT.prefix)) === undefined);
  expect(speaker.log.match(/session up/g)).toHaveLength(2);
});
