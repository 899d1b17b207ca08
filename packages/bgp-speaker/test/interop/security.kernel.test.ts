import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import { GobgpRouter } from '../lab/gobgp-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { OpenbgpdRouter } from '../lab/openbgpd-router.ts';
import { Rack, rackManifests, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { NEEDS_OTHER_USERS, rootIsTheOnlyUser } from '../lab/unprivileged.ts';
import { waitUntil } from '../lab/wait-until.ts';

const ADDRESSES = {
  4: { host: '192.0.2.1', tor: '192.0.2.254' },
  6: { host: '2001:db8:a::1', tor: '2001:db8:a::fe' },
} as const;
type Family = keyof typeof ADDRESSES;

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let speaker: SpeakerProcess;
let directory: string;

const passwordFile = () => join(directory, 'tor.password');

function manifests(family: Family, spec: string, hostAsNumber = 64_601): string {
  return rackManifests(`, connectRetrySeconds: 1, ${spec}`, { address: ADDRESSES[family].tor, hostAsNumber });
}

/** As a careful program writes it: renamed into place. */
async function writePassword(text: string): Promise<void> {
  await writeFile(join(directory, 'new'), text, { mode: 0o600 });
  await rename(join(directory, 'new'), passwordFile());
}

async function startSpeaker(family: Family, spec: string, asNumber?: number): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests(family, spec, asNumber)));
  speaker.start();
}

async function startBird(family: Family, options: string): Promise<BirdRouter> {
  const bird = stack.use(await BirdRouter.create(tor));
  await bird.start(
    birdConfiguration({
      ...TOR,
      localAddress: ADDRESSES[family].tor,
      peerAddress: ADDRESSES[family].host,
      originates: ['0.0.0.0/0'],
      options,
    }),
  );
  return bird;
}

async function startFrr(family: Family, options: readonly string[]): Promise<FrrRouter> {
  const frr = stack.use(await FrrRouter.create(tor));
  await frr.start(frrConfiguration({ ...TOR, peerAddress: ADDRESSES[family].host, options }));
  return frr;
}

async function findingCodes(): Promise<readonly string[]> {
  return (await speaker.status()).findings.map(({ code }) => code);
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  directory = await mkdtemp(join(tmpdir(), 'bgp-password-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  ({ host, tor } = stack.use(await Rack.create('sec', { ipv6: true })));
});

afterEach(async () => {
  await stack.disposeAsync();
});

const ROLES = [
  ['calls', { speaker: '', bird: 'passive on;', frr: ['passive'] }],
  ['is called', { speaker: ', passive: true', bird: '', frr: [] }],
] as const;
const FAMILIES = [4, 6] as const;
const CASES = FAMILIES.flatMap((family) => ROLES.map(([role, options]) => [role, family, options] as const));

describe('TCP-MD5', () => {
  it.each(CASES)('with BIRD: %s, IPv%i', async (_role, family, options) => {
    await writePassword('swordfish\n');
    await startBird(family, `password "swordfish"; ${options.bird}`);
    await startSpeaker(family, `passwordFile: ${passwordFile()}${options.speaker}`);
    await speaker.established('tor');
    expect(speaker.log).not.toContain('swordfish');
  });

  it.each(CASES)('with FRR: %s, IPv%i', async (_role, family, options) => {
    await writePassword('swordfish');
    await startFrr(family, ['password swordfish', ...options.frr]);
    await startSpeaker(family, `passwordFile: ${passwordFile()}${options.speaker}`);
    await speaker.established('tor');
  });

  it('never comes up with the wrong password, says why, and comes up once it is right', async () => {
    await writePassword('sardine');
    const bird = await startBird(4, 'password "swordfish";');
    await startSpeaker(4, `passwordFile: ${passwordFile()}`);
    await waitUntil('finding', async () => (await findingCodes()).includes('bgp-peer.no-answer'));
    expect((await speaker.neighbor('tor')).lastDown?.reason).toContain('is the password right, on both sides?');
    expect((await speaker.neighbor('tor')).state).not.toBe('Established');
    await writePassword('swordfish');
    await speaker.established('tor');
    await waitUntil('no finding', async () => (await findingCodes()).length === 0);
    expect(await bird.show('protocols host')).toContain('Established');
    expect(speaker.log).not.toMatch(/sardine|swordfish/);
  });

  it('does not talk to a router without password, nor one that is called without', async () => {
    await writePassword('swordfish');
    await startBird(4, '');
    await startSpeaker(4, `passwordFile: ${passwordFile()}`);
    await waitUntil('finding', async () => (await findingCodes()).includes('bgp-peer.no-answer'));
    expect((await speaker.neighbor('tor')).messages.received.OPEN).toBe(0);
  });

  it('says of a passive peer that the router calls with another password, or with one that nobody asked for', async () => {
    await writePassword('sardine');
    await startBird(4, 'password "swordfish";');
    await startSpeaker(4, `passive: true, passwordFile: ${passwordFile()}`);
    await waitUntil('finding', async () => (await findingCodes()).includes('bgp-peer.bad-signatures'));
    expect((await speaker.neighbor('tor')).hint).toMatch(/MD5 signature of another password came to this host/);
    await speaker.write(manifests(4, 'passive: true'));
    await waitUntil('another hint', async () =>
      /that nothing here asks for/.test((await speaker.neighbor('tor')).hint ?? ''),
    );
    await speaker.write(manifests(4, `passive: true, passwordFile: ${passwordFile()}`));
    await writePassword('swordfish');
    await speaker.established('tor');
    expect((await speaker.neighbor('tor')).hint).toBeUndefined();
  });

  it('keeps the session closed without the file, and opens it when the file is there', async () => {
    await startBird(4, 'password "swordfish";');
    await startSpeaker(4, `passwordFile: ${passwordFile()}`);
    await waitUntil('finding', async () => (await findingCodes()).includes('bgp-peer.no-password'));
    expect(await speaker.neighbor('tor')).toMatchObject({
      state: 'Idle',
      lastDown: { reason: expect.stringContaining('the session stays closed') },
    });
    await writePassword('swordfish');
    await speaker.established('tor');
  });

  it('makes the session anew when the key changes, and only then', async () => {
    await writePassword('one');
    const bird = await startBird(4, 'password "one"; passive on;');
    await startSpeaker(4, `passwordFile: ${passwordFile()}`);
    await speaker.established('tor');
    await writePassword('one\n');
    await rm(passwordFile());
    await waitUntil('finding', async () => (await findingCodes()).includes('bgp-peer.no-password'));
    await writePassword('one\n');
    await waitUntil('no finding', async () => (await findingCodes()).length === 0);
    expect(speaker.log.match(/session up/g)).toHaveLength(1);
    await writePassword('two');
    await waitUntil('closed', async () => (await speaker.neighbor('tor')).state !== 'Established');
    await bird.kill();
    await bird.start(
      birdConfiguration({
        routerId: '192.0.2.254',
        localAddress: ADDRESSES[4].tor,
        asNumber: 65_000,
        peerAddress: ADDRESSES[4].host,
        peerAsNumber: 64_601,
        originates: [],
        options: 'password "two";',
      }),
    );
    await speaker.established('tor');
    expect(speaker.log).toContain('passwordId');
  });
});

describe('TTL security', () => {
  it.each(CASES)('with BIRD: %s, IPv%i', async (_role, family, options) => {
    await startBird(family, `ttl security on; ${options.bird}`);
    await startSpeaker(family, `ttlSecurity: { hops: 1 }${options.speaker}`);
    await speaker.established('tor');
  });

  it.each(CASES)('with FRR: %s, IPv%i', async (_role, family, options) => {
    await startFrr(family, ['ttl-security hops 1', ...options.frr]);
    await startSpeaker(family, `ttlSecurity: { hops: 1 }${options.speaker}`);
    await speaker.established('tor');
  });

  it.each(FAMILIES)('is deaf to a router whose packets come with TTL 254, IPv%i', async (family) => {
    await tor.exec('sh', [
      '-c',
      `nft 'add table inet far; add chain inet far out { type filter hook output priority 0; };
       add rule inet far out tcp sport 179 ip ttl set 254; add rule inet far out tcp dport 179 ip ttl set 254;
       add rule inet far out tcp sport 179 ip6 hoplimit set 254; add rule inet far out tcp dport 179 ip6 hoplimit set 254'`,
    ]);
    await startBird(family, 'ttl security on;');
    await startSpeaker(family, 'ttlSecurity: { hops: 1 }');
    await waitUntil('finding', async () => (await findingCodes()).includes('bgp-peer.no-answer'));
    const { state, messages, lastDown } = await speaker.neighbor('tor');
    expect(state).not.toBe('Established');
    expect(messages.received.OPEN).toBe(0);
    expect(lastDown?.reason).toContain('at most 1 hop');
    await speaker.write(manifests(family, 'ttlSecurity: { hops: 2 }'));
    await speaker.established('tor');
  });
});

/** Routers whose lab gives their peer this AS number. */
const PEER_AS = 4_200_000_001;

const openbgpdIsSkipped = rootIsTheOnlyUser();

describe.each([
  { name: 'GoBGP', create: GobgpRouter.create, isSkipped: false },
  {
    name: openbgpdIsSkipped ? `OpenBGPD (${NEEDS_OTHER_USERS})` : 'OpenBGPD',
    create: OpenbgpdRouter.create,
    isSkipped: openbgpdIsSkipped,
  },
])('$name', ({ create, isSkipped }) => {
  it.skipIf(isSkipped).each(CASES)('has a password: %s, IPv%i', async (_role, family, options) => {
    await writePassword('swordfish');
    const router = stack.use(await create(tor));
    await router.start({
      peerAddress: ADDRESSES[family].host,
      passive: options.speaker === '',
      password: 'swordfish',
    });
    await startSpeaker(family, `passwordFile: ${passwordFile()}${options.speaker}`, PEER_AS);
    await speaker.established('tor');
  });

  it.skipIf(isSkipped).each(CASES)('has TTL security: %s, IPv%i', async (_role, family, options) => {
    const router = stack.use(await create(tor));
    await router.start({ peerAddress: ADDRESSES[family].host, passive: options.speaker === '', ttlSecurity: true });
    await startSpeaker(family, `ttlSecurity: { hops: 1 }${options.speaker}`, PEER_AS);
    await speaker.established('tor');
  });
});
