import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { NEEDS_OTHER_USERS, rootIsTheOnlyUser } from '../lab/unprivileged.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { FULL_TABLE_ROUTERS, type FullTableRouter, hostRoutes } from './full-table-routers.ts';

const FLAPS = 20;
const PATIENCE_MS = 40_000;
const PAUSE_MS = 200;
/** Of the speaker's memory, over what it has before the storm: one socket buffer, and what the engine has not collected. */
const MAX_GROWTH_MB = 60;

const OURS = hostRoutes(100, 2000);
const THEIRS = hostRoutes(200, 2000);
/** What is left in the end: every third. */
const LEFT = OURS.filter((_, index) => index % 3 === 0);

const MANIFESTS = rackManifests(', connectRetrySeconds: 1', { hostAsNumber: 4_200_000_001 });

let host: Namespace;
let tor: Namespace;
let stack: AsyncDisposableStack;
let router: FullTableRouter;
let speaker: SpeakerProcess;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('storm')));
  await addTap(host);
});

afterEach(() => stack.disposeAsync());

async function start(
  create: (typeof FULL_TABLE_ROUTERS)[number]['create'],
  originates: readonly string[],
  narrow = false,
): Promise<void> {
  if (narrow) {
    // Octets of socket buffers, so that a router that does not read is noticed soon.
    await tor.exec('sysctl', ['-qw', 'net.ipv4.tcp_rmem=4096 8192 8192']);
    await host.exec('sysctl', ['-qw', 'net.ipv4.tcp_wmem=4096 8192 8192']);
  }
  router = stack.use(await create(tor));
  await router.start(originates);
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  speaker.start();
  await speaker.established('tor');
}

const present = (routes: readonly string[]) =>
  host.ipBatch(routes.map((prefix) => `route add ${prefix} dev tap0 proto 133`));
const absent = (routes: readonly string[]) =>
  host.ipBatch(routes.map((prefix) => `route del ${prefix} dev tap0 proto 133`));

/** All routes come and go {@link FLAPS} times, as fast as the kernel takes it; a third stays. */
async function storm(between: (flap: number) => Promise<void> = async () => undefined, flaps = FLAPS): Promise<void> {
  for (let flap = 0; flap < flaps; flap += 1) {
    await present(OURS);
    await between(flap);
    await absent(OURS);
  }
  await present(LEFT);
}

async function routerHasLeft(): Promise<void> {
  const expected = LEFT.map((prefix) => `${prefix} 192.0.2.1 4200000001`).toSorted();
  let seen: readonly string[] = [];
  await waitUntil(
    () => `the router has ${seen.length} routes, not ${expected.length}; ${speaker.log.slice(-1500)}`,
    async () => {
      seen = (await router.learned()).toSorted();
      return seen.length === expected.length && seen.every((line, index) => line === expected[index]);
    },
    PATIENCE_MS,
    PAUSE_MS,
  );
}

async function residentMegabytes(): Promise<number> {
  const { pid } = await speaker.status();
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

const openbgpdIsSkipped = rootIsTheOnlyUser();

describe.each(FULL_TABLE_ROUTERS)('2,000 routes that flap 20 times, with $name', ({ name, create }) => {
  const isSkipped = name === 'OpenBGPD' && openbgpdIsSkipped;

  it.skipIf(isSkipped)(isSkipped ? NEEDS_OTHER_USERS : 'end in equal tables, over one session', async () => {
    await start(create, []);
    const before = await residentMegabytes();
    await storm();
    await routerHasLeft();
    expect(await speaker.neighbor('tor')).toMatchObject({ state: 'Established' });
    expect(speaker.log.match(/session up/g)).toHaveLength(1);
    expect((await residentMegabytes()) - before).toBeLessThan(MAX_GROWTH_MB);
  });

  it.skipIf(isSkipped)('end in equal tables though the session is cleared in between', async () => {
    await start(create, []);
    // OpenBGPD stays deaf for ever longer times after each session that ends: 30 s from the second one on.
    const clears = name === 'OpenBGPD' ? [3] : [3, 10, 17];
    await storm(async (flap) => {
      if (!clears.includes(flap) || (await speaker.neighbor('tor')).state !== 'Established') return;
      await speaker.ask('speaker.clear', { peer: 'tor' });
    });
    await speaker.established('tor', PATIENCE_MS);
    await routerHasLeft();
  });
});

describe('a storm', () => {
  const [bird] = FULL_TABLE_ROUTERS;
  if (bird === undefined) throw new Error('there is no BIRD');

  it('that a router sleeps through costs no memory, and the router has what is left when it wakes up', async () => {
    await start(bird.create, [], true);
    const before = await residentMegabytes();
    const updates = async () => (await speaker.neighbor('tor')).messages.sent.UPDATE ?? 0;
    router.freeze?.();
    await storm(async () => undefined, 2 * FLAPS);
    // 160,000 changes would take 200 full messages; what no buffer takes is coalesced. The buffers take some 20 full ones,
    // and three times as many where a busy machine lets routes come in spurts that do not fill any.
    expect(await updates()).toBeLessThan(100);
    expect((await residentMegabytes()) - before).toBeLessThan(MAX_GROWTH_MB);
    router.thaw?.();
    await routerHasLeft();
    expect(speaker.log.match(/session up/g)).toHaveLength(1);
  });

  it('of a router’s routes ends in our kernel as at the router', async () => {
    await start(bird.create, THEIRS);
    for (let flap = 0; flap < FLAPS; flap += 1) {
      await router.flap?.(false);
      await router.flap?.(true);
    }
    const learned = async () =>
      (await host.routes(4)).filter((line) => line.startsWith('10.200.') && line.includes('via 192.0.2.254'));
    await waitUntil('all routes', async () => (await learned()).length === THEIRS.length, PATIENCE_MS, PAUSE_MS);
    await router.flap?.(false);
    await waitUntil('no route', async () => (await learned()).length === 0, PATIENCE_MS, PAUSE_MS);
    expect(speaker.log.match(/session up/g)).toHaveLength(1);
  });
});
