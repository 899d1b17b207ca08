import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

const ATTACKED = '198.18.5.5';
const ATTACKED6 = '2001:db8:5::5';

let stack: AsyncDisposableStack;
let host: Namespace;
let bird: BirdRouter;
let speaker: SpeakerProcess;

function manifests(spec: string): string {
  return `${rackManifests(spec)}---
apiVersion: slash32.dev/v1
kind: RoutePolicy
metadata: { name: attacked }
spec: { terms: [{ action: accept, set: { communities: { add: [BLACKHOLE] } } }] }
`;
}

/** Everything but 198.18.7.0/24 goes out with BLACKHOLE. */
function marked(configuration: string): string {
  return [
    ['ipv4', '[198.18.5.0/24+, 198.18.6.0/24]'],
    ['ipv6', '[2001:db8:5::/48+]'],
  ].reduce(
    (text, [family, prefixes]) =>
      text.replace(
        `${family} { import all; export all;`,
        `${family} { import all; export filter { if net ~ ${prefixes} then bgp_community.add((65535,666)); accept; };`,
      ),
    configuration,
  );
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const rack = stack.use(await Rack.create('bh', { ipv6: true }));
  host = rack.host;
  await addTap(host);
  bird = stack.use(await BirdRouter.create(rack.tor));
  await bird.start(
    marked(
      birdConfiguration({
        ...TOR,
        originates: [`${ATTACKED}/32`, `${ATTACKED6}/128`, '198.18.6.0/24', '198.18.7.0/24'],
      }),
    ),
  );
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function start(spec: string): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests(spec)));
  speaker.start();
  await speaker.established('tor');
}

async function learned(): Promise<readonly string[]> {
  return [...(await host.routes(4)), ...(await host.routes(6))].filter((line) => line.includes('proto 135'));
}

const drops = async (address: string) => (await learned()).some((line) => line.startsWith(`blackhole ${address} `));
const forwards = async (address: string) => (await learned()).some((line) => line.startsWith(`${address} via `));

describe('BLACKHOLE (RFC 7999) with BIRD', () => {
  it('drops packets to single addresses where the router may ask for it, and over the same session no more', async () => {
    await start(', acceptBlackhole: true');
    await waitUntil('both families', async () => (await drops(ATTACKED)) && (await drops(ATTACKED6)));
    const answer = await host.exec('ping', ['-c', '1', '-W', '1', ATTACKED]).catch((error: Error) => error.message);
    expect(answer).toMatch(/Invalid argument/);
    expect(await speaker.routes(`${ATTACKED}/32`)).toMatchObject([
      { best: true, installed: true, blackhole: true, communities: ['BLACKHOLE', 'NO_EXPORT'] },
    ]);
    expect(await speaker.routes('198.18.6.0/24')).toMatchObject([
      { best: false, reason: 'rejected: BLACKHOLE is taken for single addresses only' },
    ]);
    await speaker.write(manifests(''));
    await waitUntil('forwarded', async () => (await forwards(ATTACKED)) && (await forwards(ATTACKED6)));
    expect(await forwards('198.18.6.0/24')).toBe(true);
    await speaker.write(manifests(', acceptBlackhole: true'));
    await waitUntil('dropped again', async () => (await drops(ATTACKED)) && (await drops(ATTACKED6)));
    expect((await speaker.neighbor('tor')).messages.sent.OPEN).toBe(1);
  });

  it('stays through repairs and a restart, untouched', async () => {
    await start(', acceptBlackhole: true');
    await waitUntil('both families', async () => (await drops(ATTACKED)) && (await drops(ATTACKED6)));
    const watches = [host.watchRoutes('-4'), host.watchRoutes('-6')];
    await host.ip('route del 198.18.7.0/24');
    await waitUntil('repaired', () => forwards('198.18.7.0/24'));
    await speaker.stop('SIGKILL');
    speaker.start();
    await speaker.established('tor');
    await waitUntil('confirmed', async () => (await speaker.status()).installedRoutes === 3);
    expect([await drops(ATTACKED), await drops(ATTACKED6)]).toEqual([true, true]);
    const changes = watches.map((text) => text()).join('');
    expect(changes).toContain('198.18.7.0');
    expect(changes).not.toMatch(/198\.18\.5\.5|2001:db8:5::5/);
  });

  it('is announced by choice, for the router to drop packets on the way', async () => {
    await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
    await start(', export: [attacked]');
    await waitUntil('BIRD has it', async () =>
      (await bird.show('route for 203.0.113.10/32 all')).includes('(65535,666)'),
    );
  });
});
