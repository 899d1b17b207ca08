import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** Two routers on links of their own, in one range of either family. */
const RANGES = { 4: '192.0.2.0/24', 6: '2001:db8:a::/48' } as const;
const BIRD = { 4: { host: '192.0.2.1', tor: '192.0.2.2' }, 6: { host: '2001:db8:a:1::1', tor: '2001:db8:a:1::2' } };
const FRR = { 4: { host: '192.0.2.129', tor: '192.0.2.130' }, 6: { host: '2001:db8:a:2::1', tor: '2001:db8:a:2::2' } };
type Family = keyof typeof RANGES;

let stack: AsyncDisposableStack;
let host: Namespace;
let left: Namespace;
let right: Namespace;
let bird: BirdRouter;
let frr: FrrRouter;
let speaker: SpeakerProcess;
let directory: string;
let serial = 0;

const passwordFile = () => join(directory, 'tors.password');

async function writePassword(text: string): Promise<void> {
  await writeFile(join(directory, 'new'), text, { mode: 0o600 });
  await rename(join(directory, 'new'), passwordFile());
}

function manifests(family: Family, spec = '', further = ''): string {
  return `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tors }
spec: { hosts: all(), range: "${RANGES[family]}", asNumber: external${spec} }
${further}`;
}

const birdText = (family: Family, options: string): string =>
  birdConfiguration({
    routerId: '192.0.2.2',
    localAddress: BIRD[family].tor,
    asNumber: 65_000,
    peerAddress: BIRD[family].host,
    peerAsNumber: 64_601,
    originates: ['0.0.0.0/0', '::/0'],
    options,
  });

const frrText = (family: Family, options: readonly string[]): string =>
  frrConfiguration({
    routerId: '192.0.2.130',
    asNumber: 65_001,
    peerAddress: FRR[family].host,
    peerAsNumber: 64_601,
    options,
  });

async function startSpeaker(text: string): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', text));
  speaker.start();
}

const nameOf = (address: string) => `tors/${address}`;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  serial += 1;
  directory = await mkdtemp(join(tmpdir(), 'bgp-range-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  host = stack.use(await Namespace.create(`dyn-host-${serial}`));
  left = stack.use(await Namespace.create(`dyn-left-${serial}`));
  right = stack.use(await Namespace.create(`dyn-right-${serial}`));
  for (const [tor, device, ends] of [
    [left, 'eth0', BIRD],
    [right, 'eth1', FRR],
  ] as const) {
    await Namespace.link(host, device, [`${ends[4].host}/25`, `${ends[6].host}/64`], tor, 'down0', [
      `${ends[4].tor}/25`,
      `${ends[6].tor}/64`,
    ]);
  }
  bird = stack.use(await BirdRouter.create(left));
  frr = stack.use(await FrrRouter.create(right));
});

afterEach(async () => {
  await stack.disposeAsync();
});

describe('a range, called by BIRD and FRR', () => {
  it.each([4, 6] as const)('has a session with each, over IPv%i, with password and TTL security', async (family) => {
    await writePassword('swordfish');
    await startSpeaker(manifests(family, `, passwordFile: ${passwordFile()}, ttlSecurity: { hops: 1 }`));
    await host.ip('route add 203.0.113.10/32 dev lo proto 133');
    await bird.start(birdText(family, 'password "swordfish"; ttl security on;'));
    await frr.start(frrText(family, ['password swordfish', 'ttl-security hops 1']));
    for (const [address, asNumber] of [
      [BIRD[family].tor, 65_000],
      [FRR[family].tor, 65_001],
    ] as const) {
      await speaker.established(nameOf(address));
      expect(await speaker.neighbor(nameOf(address))).toMatchObject({
        remoteAsNumber: asNumber,
        dynamic: { peer: 'tors', range: RANGES[family] },
      });
    }
    await waitUntil('both have the instance', async () =>
      [await bird.show('route for 203.0.113.10'), await frr.show('ip route 203.0.113.10')].every((text) =>
        text.includes('203.0.113.10/32'),
      ),
    );
    await waitUntil('default over both', async () => {
      const text = (await host.routes(4)).find((line) => line.startsWith('default')) ?? '';
      return text.includes(BIRD[4].tor) && text.includes(FRR[4].tor);
    });
    expect((await speaker.neighbor('tors')).range).toMatchObject({ neighbors: 2, refused: 0 });
    expect(speaker.log).not.toContain('swordfish');
  });

  it('takes nobody without the password or from too far away, and follows a change of the password', async () => {
    await writePassword('swordfish');
    await startSpeaker(manifests(4, `, passwordFile: ${passwordFile()}, ttlSecurity: { hops: 1 }`));
    // `direct` and nothing else: TTL 1.
    await bird.start(birdText(4, 'password "swordfish";'));
    await frr.start(frrText(4, ['password sardine', 'ttl-security hops 1']));
    await waitUntil('both tried', async () => (await bird.show('protocols all host')).includes('Connect'));
    await frr.configure(['router bgp 65001', `neighbor ${FRR[4].host} password swordfish`]);
    await speaker.established(nameOf(FRR[4].tor));
    expect((await speaker.neighbor('tors')).range?.neighbors).toBe(1);
    await writePassword('sardine');
    await waitUntil('closed', async () => (await speaker.neighbor(nameOf(FRR[4].tor))).state !== 'Established');
    await bird.kill();
    await bird.start(birdText(4, 'password "sardine"; ttl security on;'));
    await speaker.established(nameOf(BIRD[4].tor));
    await frr.configure(['router bgp 65001', `neighbor ${FRR[4].host} password sardine`]);
    await speaker.established(nameOf(FRR[4].tor));
  });

  it('leaves a router to the BGPPeer with its address, password and all', async () => {
    await writePassword('swordfish');
    await writeFile(join(directory, 'own'), 'mackerel');
    const own = `---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: left }
spec: { hosts: all(), address: ${BIRD[4].tor}, asNumber: 65000, passive: true, passwordFile: ${join(directory, 'own')} }
`;
    await startSpeaker(manifests(4, `, passwordFile: ${passwordFile()}`, own));
    await bird.start(birdText(4, 'password "mackerel";'));
    await frr.start(frrText(4, ['password swordfish']));
    await speaker.established('left');
    await speaker.established(nameOf(FRR[4].tor));
    expect((await speaker.neighbor('tors')).range?.neighbors).toBe(1);
    // Without its own BGPPeer it is one of the range, with the range's password.
    await speaker.write(manifests(4, `, passwordFile: ${passwordFile()}`));
    await bird.kill();
    await bird.start(birdText(4, 'password "swordfish";'));
    await speaker.established(nameOf(BIRD[4].tor));
  });

  it('has a BFD session with who called, which ends the BGP session of one that hangs', async () => {
    await startSpeaker(manifests(4, ', bfd: { minTxMs: 100, minRxMs: 100, multiplier: 3 }'));
    const bfd = 'protocol bfd { interface "down0" { interval 100 ms; multiplier 3; }; }';
    await bird.start(`${birdText(4, 'bfd on;')}\n${bfd}`);
    const name = nameOf(BIRD[4].tor);
    await speaker.established(name);
    await waitUntil('BFD is up', async () => (await speaker.neighbor(name)).bfd?.state === 'Up');
    bird.freeze();
    await waitUntil('the session ends', async () => (await speaker.neighbor(name)).state !== 'Established', 5000);
    expect((await speaker.neighbor(name)).lastDown?.reason).toContain('BFD Down');
    bird.thaw();
    await speaker.established(name);
  });

  it('keeps forwarding while BIRD is killed and comes back', async () => {
    await startSpeaker(manifests(4));
    await bird.start(birdText(4, ''));
    await speaker.established(nameOf(BIRD[4].tor));
    await waitUntil('default', async () => (await host.routes(4)).some((line) => line.startsWith('default')));
    await bird.kill();
    await waitUntil('down', async () => (await speaker.neighbor(nameOf(BIRD[4].tor))).state !== 'Established');
    expect((await host.routes(4)).some((line) => line.startsWith('default'))).toBe(true);
    expect((await speaker.neighbor(nameOf(BIRD[4].tor))).gracefulRestart?.peerRestarting).toBe(true);
    await bird.start(birdText(4, ''), { recover: true });
    await speaker.established(nameOf(BIRD[4].tor));
    await waitUntil(
      'confirmed',
      async () => (await speaker.neighbor(nameOf(BIRD[4].tor))).gracefulRestart?.staleRoutes === 0,
    );
    expect((await host.routes(4)).some((line) => line.startsWith('default'))).toBe(true);
  });
});
