import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrrRouter } from '../lab/frr-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let instance: Namespace;
let frr: FrrRouter;
let speaker: SpeakerProcess;
let serial = 0;

function manifests(spec = ''): string {
  return `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 10.255.0.1, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor }
spec: { hosts: all(), interface: eth0, asNumber: external${spec} }
`;
}

/** A router whose only address that matters is its link-local one. */
function configuration(options: readonly string[] = []): string {
  return `
hostname tor
router bgp 65000
 bgp router-id 10.255.0.254
 no bgp ebgp-requires-policy
 timers bgp 3 9
 neighbor down0 interface remote-as external
 neighbor down0 timers connect 1
${options.map((line) => ` neighbor down0 ${line}`).join('\n')}
 address-family ipv4 unicast
  neighbor down0 activate
  neighbor down0 default-originate
 exit-address-family
 address-family ipv6 unicast
  neighbor down0 activate
  neighbor down0 default-originate
 exit-address-family
`;
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  serial += 1;
  host = stack.use(await Namespace.create(`un-host-${serial}`));
  tor = stack.use(await Namespace.create(`un-tor-${serial}`));
  instance = stack.use(await Namespace.create(`un-inst-${serial}`));
  await Namespace.link(host, 'eth0', [], tor, 'down0', []);
  await Namespace.link(host, 'tap0', ['169.254.1.1/32', 'fe80::1/64'], instance, 'eth0', [
    '203.0.113.10/32',
    '2001:db8:1::10/128',
  ]);
  for (const [space, device] of [
    [host, 'eth0'],
    [tor, 'down0'],
  ] as const) {
    await space.exec('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    await space.exec('sysctl', ['-qw', `net.ipv4.conf.${device}.rp_filter=0`, 'net.ipv4.conf.all.rp_filter=0']);
  }
  await tor.ip('addr add 198.51.100.1/32 dev lo');
  await tor.ip('addr add 2001:db8:9::1/128 dev lo');
  await instance.ip('route add 169.254.1.1 dev eth0');
  await instance.ip('route add default via 169.254.1.1 dev eth0');
  await instance.ip('route add default via fe80::1 dev eth0');
  frr = stack.use(await FrrRouter.create(tor));
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function startSpeaker(text: string): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', text));
  speaker.start();
}

async function learned(family: 4 | 6): Promise<readonly string[]> {
  return (await host.routes(family)).filter((line) => line.includes('proto 135'));
}

async function linkLocalOf(space: Namespace, device: string): Promise<string> {
  return /inet6 (fe80::[^/]+)/.exec(await space.ip(`-6 addr show dev ${device}`))?.[1] ?? '';
}

describe('unnumbered, with FRR', () => {
  it.each([
    ['both call', '', []],
    ['FRR calls', ', passive: true', []],
    ['we call', '', ['passive']],
  ] as const)(
    'finds the router, and carries IPv4 and IPv6 traffic over link-local next hops: %s',
    async (_, spec, options) => {
      await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
      await host.ip('route add 2001:db8:1::10/128 dev tap0 proto 133');
      await startSpeaker(manifests(spec));
      await frr.start(configuration(options));
      await waitUntil(
        () => `session; FRR:\n${frr.log}\n${speaker.log}`,
        async () => (await speaker.neighbor('tor')).state === 'Established',
      );
      const router = await linkLocalOf(tor, 'down0');
      expect((await speaker.neighbor('tor')).address).toBe(router);
      await waitUntil('IPv4 default', async () => (await learned(4))[0]?.includes(`via inet6 ${router} dev eth0`));
      await waitUntil('IPv6 default', async () => (await learned(6))[0]?.includes(`via ${router} dev eth0`));
      const ours = await linkLocalOf(host, 'eth0');
      await waitUntil('IPv4 route at the router', async () =>
        (await tor.routes(4)).some((line) => line.startsWith('203.0.113.10 ') && line.includes(ours)),
      );
      await waitUntil('IPv6 route at the router', async () =>
        (await tor.routes(6)).some((line) => line.startsWith('2001:db8:1::10 ') && line.includes(ours)),
      );
      expect(await instance.exec('ping', ['-c', '1', '-W', '3', '-I', '203.0.113.10', '198.51.100.1'])).toContain(
        ' 0% packet loss',
      );
      expect(
        await instance.exec('ping', ['-6', '-c', '1', '-W', '3', '-I', '2001:db8:1::10', '2001:db8:9::1']),
      ).toContain(' 0% packet loss');
    },
  );

  it('waits for a router, and says so', async () => {
    // A neighbour that forwards says so in its neighbour advertisements.
    await tor.exec('sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=0']);
    await startSpeaker(manifests());
    await waitUntil(
      () => `finding; log:\n${speaker.log}`,
      async () =>
        (await speaker.status()).findings.some(
          ({ code, message }) => code === 'bgp-peer.no-router' && message.includes('no router is known on eth0'),
        ),
    );
    expect(await speaker.neighbor('tor')).toMatchObject({ state: 'Idle', address: '%eth0' });
    await frr.start(configuration());
    await speaker.established('tor');
    expect((await speaker.status()).findings).toEqual([]);
  });
});

describe('unnumbered, with another speaker of this kind', () => {
  it('finds it, with password and TTL security', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'unnumbered-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const passwordFile = join(directory, 'password');
    await writeFile(passwordFile, 'swordfish\n', { mode: 0o600 });
    const protection = `, ttlSecurity: { hops: 1 }, passwordFile: ${passwordFile}`;
    const other = manifests(protection)
      .replace('name: h1', 'name: h2')
      .replace('address: 10.255.0.1, asNumber: 64601', 'address: 10.255.0.2, asNumber: 65000')
      .replace('interface: eth0, asNumber: external', 'interface: down0, asNumber: external');
    const far = stack.use(await SpeakerProcess.create(tor, 'h2', other));
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await startSpeaker(manifests(protection));
    far.start();
    await speaker.established('tor');
    await far.established('tor');
    const ours = await linkLocalOf(host, 'eth0');
    await waitUntil('IPv4 route over IPv6 at the far end', async () =>
      (await tor.routes(4)).some(
        (line) => line.startsWith('203.0.113.10 ') && line.includes(`via inet6 ${ours} dev down0`),
      ),
    );
  });
});
