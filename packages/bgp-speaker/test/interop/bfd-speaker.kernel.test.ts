import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let speaker: SpeakerProcess;

function manifests(bfd = '{ minTxMs: 50, minRxMs: 50, multiplier: 3 }'): string {
  return rackManifests(`, bfd: ${bfd}`);
}

function birdText(mode: 'on' | 'graceful'): string {
  const bgp = birdConfiguration({ ...TOR, originates: ['0.0.0.0/0'], options: `bfd ${mode};` });
  return `${bgp}\nprotocol bfd { interface "down0" { interval 50 ms; multiplier 3; }; }\n`;
}

async function learned(): Promise<readonly string[]> {
  return (await host.routes(4)).filter((line) => line.includes('proto 135'));
}

async function torHas(prefix: string): Promise<boolean> {
  return (await tor.routes(4)).some((line) => line.startsWith(`${prefix} `));
}

async function bfdUp(): Promise<void> {
  await waitUntil(
    () => `BFD up at 3 × 50 ms; log:\n${speaker.log}`,
    async () => {
      const { bfd } = await speaker.neighbor('tor');
      return bfd?.state === 'Up' && bfd.detectionMs === 150 && bfd.transmitMs === 50;
    },
  );
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('bfdsp')));
  await addTap(host, ['203.0.113.10/32']);
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests()));
});

afterEach(async () => {
  await stack.disposeAsync();
});

describe('a session with BFD to BIRD', () => {
  let bird: BirdRouter;

  async function startAll(mode: 'on' | 'graceful'): Promise<void> {
    bird = stack.use(await BirdRouter.create(tor));
    await bird.start(birdText(mode));
    speaker.start();
    await speaker.established('tor');
    await waitUntil('default here', async () => (await learned()).length === 1);
    await waitUntil('instance there', () => torHas('203.0.113.10'));
    await bfdUp();
  }

  it('ends, and its routes go, when the router hangs; and comes back with it', async () => {
    await startAll('on');
    const changes = host.watchRoutes('-4', '-ts');
    const silentAtMs = Date.now();
    bird.freeze();
    await waitUntil('route gone', async () => (await learned()).length === 0, 3000);
    const goneAtMs = Date.parse(/\[(\S+)\] Deleted default/.exec(changes())?.[1] ?? '');
    // 150 ms of silence, then the kernel; other work on the machine may come in between. The hold time is 90 s.
    expect(goneAtMs - silentAtMs).toBeLessThan(600);
    expect(await speaker.neighbor('tor')).toMatchObject({
      lastDown: { reason: expect.stringContaining('BFD Down') },
      bfd: { lastDown: { reason: 'Control Detection Time Expired' } },
    });
    bird.thaw();
    await waitUntil('default is back', async () => (await learned()).length === 1);
  });

  it('ends at the router when the host falls silent', async () => {
    await startAll('on');
    await host.exec('nft', [
      'add table ip cut; add chain ip cut out { type filter hook output priority 0; policy drop; }',
    ]);
    await waitUntil('routes gone at the router', async () => !(await torHas('203.0.113.10')), 3000);
    await waitUntil('routes gone here', async () => (await learned()).length === 0, 3000);
  });

  it('keeps the routes of both over a crash of either, with "bfd graceful"', async () => {
    await startAll('graceful');
    const hostChanges = host.watchRoutes('-4');
    const torChanges = tor.watchRoutes('-4');

    await speaker.stop('SIGKILL');
    await waitUntil('BFD down at the router', async () => (await bird.show('bfd sessions')).includes('Down'));
    speaker.start();
    await speaker.established('tor');
    await bfdUp();
    expect(await torHas('203.0.113.10')).toBe(true);
    expect(torChanges()).not.toContain('203.0.113.10');

    await bird.kill();
    await waitUntil('restart seen', async () => {
      const { bfd, gracefulRestart } = await speaker.neighbor('tor');
      return bfd?.state === 'Down' && gracefulRestart?.peerRestarting === true;
    });
    await bird.start(birdText('graceful'), { recover: true });
    await speaker.established('tor');
    await waitUntil('confirmed', async () => (await speaker.neighbor('tor')).gracefulRestart?.staleRoutes === 0);
    expect(await learned()).toHaveLength(1);
    expect(hostChanges()).not.toContain('default');
  });

  it('keeps our routes at the router over an orderly restart, with "bfd graceful"', async () => {
    await startAll('graceful');
    const torChanges = tor.watchRoutes('-4');
    await speaker.stop('SIGTERM');
    await waitUntil('BFD down at the router', async () => !(await bird.show('bfd sessions')).includes(' Up '));
    speaker.start();
    await speaker.established('tor');
    await bfdUp();
    expect(await torHas('203.0.113.10')).toBe(true);
    expect(torChanges()).not.toContain('203.0.113.10');
  });

  it('takes new timers, and the end of BFD, without a flap', async () => {
    await startAll('on');
    const { messages } = await speaker.neighbor('tor');
    await speaker.write(manifests('{ minTxMs: 200, minRxMs: 150, multiplier: 5 }'));
    await waitUntil('new timers', async () => {
      const { bfd } = await speaker.neighbor('tor');
      return bfd?.detectionMs === 450 && bfd.transmitMs === 200;
    });
    await speaker.write(manifests('false'));
    await waitUntil('no BFD', async () => (await speaker.neighbor('tor')).bfd === undefined);
    const after = await speaker.neighbor('tor');
    expect(after.messages.sent.OPEN).toBe(messages.sent.OPEN);
    expect(after.lastDown?.reason ?? '').not.toContain('BFD');
  });
});

describe('a session with BFD to FRR', () => {
  async function startAll(): Promise<FrrRouter> {
    const frr = stack.use(await FrrRouter.create(tor));
    await frr.start(frrConfiguration({ ...TOR, options: ['bfd', 'bfd 3 50 50'] }), { bfd: 'hostname bfdd\n' });
    speaker.start();
    await speaker.established('tor');
    await waitUntil('default here', async () => (await learned()).length === 1);
    await bfdUp();
    return frr;
  }

  it('ends when bfdd hangs, as bgpd might with it', async () => {
    const frr = await startAll();
    frr.freezeBfdd();
    await waitUntil(
      'BFD Down told',
      async () => (await speaker.neighbor('tor')).lastDown?.reason.includes('BFD Down') === true,
      3000,
    );
  });

  it('keeps our routes at FRR over a crash of the speaker', async () => {
    const frr = await startAll();
    await waitUntil('instance there', () => torHas('203.0.113.10'));
    const torChanges = tor.watchRoutes('-4');
    await speaker.stop('SIGKILL');
    await waitUntil('BFD down at the router', async () => (await frr.show('bfd peers')).includes('Status: down'));
    speaker.start();
    await speaker.established('tor');
    await bfdUp();
    expect(await torHas('203.0.113.10')).toBe(true);
    expect(torChanges()).not.toContain('203.0.113.10');
  });

  it('is ended by FRR when the host falls silent', async () => {
    await startAll();
    await waitUntil('instance there', () => torHas('203.0.113.10'));
    await host.exec('nft', [
      'add table ip cut; add chain ip cut out { type filter hook output priority 0; policy drop; }',
    ]);
    await waitUntil('routes gone at the router', async () => !(await torHas('203.0.113.10')), 3000);
  });
});
