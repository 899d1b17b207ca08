import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** A BGP daemon of others as AS 65000 at 192.0.2.254 and 2001:db8:a::fe, that announces both default routes. */
export interface RouterUnderTest extends AsyncDisposable {
  readonly log: string;
  start(settings: { readonly peerAddress: string; readonly passive?: boolean }): Promise<void>;
  /** As a crash. */
  kill(): Promise<void>;
  has(prefix: string): Promise<boolean>;
  /** Sends ROUTE-REFRESH to the peer (RFC 2918); absent: it cannot be told to. */
  askForRefresh?(peerAddress: string): Promise<void>;
}

export interface RouterSuite {
  readonly name: string;
  readonly create: (namespace: Namespace) => Promise<RouterUnderTest>;
  /** It keeps our routes while we are away (RFC 4724 4.2). */
  readonly keepsRoutesOfRestartingPeer: boolean;
  readonly asksForRefresh: boolean;
  /** It has a usable next hop for the family that is not the session's. */
  readonly knowsOtherNextHop: boolean;
  /** Why it cannot be had here. */
  readonly skipped?: string;
}

/** What every daemon of others has to do with ours; those with a kernel of their own have suites of their own. */
export function describeRouter({
  name,
  create,
  keepsRoutesOfRestartingPeer,
  asksForRefresh,
  knowsOtherNextHop,
  skipped,
}: RouterSuite): void {
  let stack: AsyncDisposableStack;
  let host: Namespace;
  let router: RouterUnderTest;
  let speaker: SpeakerProcess;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    const rack = stack.use(await Rack.create(name, { ipv6: true }));
    host = rack.host;
    await addTap(host, ['203.0.113.10/32', '2001:db8:1::10/128']);
    router = stack.use(await create(rack.tor));
  });

  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function startSpeaker(address: string, spec = ''): Promise<void> {
    speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests(address, spec)));
    speaker.start();
    await speaker.established('tor');
  }

  async function routerHas(prefix: string, present = true): Promise<void> {
    await waitUntil(
      () => `${prefix} ${present ? 'at the router' : 'withdrawn'}; ${router.log}`,
      async () => (await router.has(prefix)) === present,
    );
  }

  async function hasDefaults(ofSession: 4 | 6 = 4): Promise<void> {
    for (const family of knowsOtherNextHop ? ([4, 6] as const) : [ofSession]) {
      await waitUntil(
        () => `IPv${family} default here; ${speaker.log}`,
        async () =>
          (await host.routes(family)).some((line) => line.startsWith('default') && line.includes('proto 135')),
      );
    }
  }

  describe.skipIf(skipped !== undefined)(skipped === undefined ? `with ${name}` : `with ${name} (${skipped})`, () => {
    it('announces, withdraws and installs both families over an IPv4 session, with a 4-octet AS', async () => {
      await router.start({ peerAddress: '192.0.2.1' });
      await startSpeaker('192.0.2.254');
      await routerHas('203.0.113.10/32');
      await routerHas('2001:db8:1::10/128');
      await hasDefaults();
      expect(await speaker.neighbor('tor')).toMatchObject({ holdTimeSeconds: 9, keepaliveSeconds: 3 });
      expect(await speaker.routes('0.0.0.0/0')).toMatchObject([{ asPath: '65000', best: true, installed: true }]);
      await host.ip('route add 203.0.113.11/32 dev tap0 proto 133');
      await routerHas('203.0.113.11/32');
      await host.ip('route del 203.0.113.10/32 dev tap0 proto 133');
      await host.ip('route del 2001:db8:1::10/128 dev tap0 proto 133');
      await routerHas('203.0.113.10/32', false);
      await routerHas('2001:db8:1::10/128', false);
    });

    it('does so over an IPv6 session as well', async () => {
      await router.start({ peerAddress: '2001:db8:a::1' });
      await startSpeaker('2001:db8:a::fe');
      await routerHas('203.0.113.10/32');
      await routerHas('2001:db8:1::10/128');
      await hasDefaults(6);
    });

    it('calls one that calls nobody, and is called by one when it calls nobody itself', async () => {
      await router.start({ peerAddress: '192.0.2.1', passive: true });
      await startSpeaker('192.0.2.254');
      await speaker.stop('SIGKILL');
      await router.kill();
      // It may not call again for two minutes, so somebody has to be there.
      await speaker.write(manifests('192.0.2.254', ', passive: true'));
      speaker.start();
      await waitUntil('speaker listens', async () => (await speaker.status()).sessions.configured === 1);
      await router.start({ peerAddress: '192.0.2.1' });
      await speaker.established('tor');
      await routerHas('203.0.113.10/32');
    });

    const refresh = 'announces everything again when asked for a route refresh';
    it.skipIf(!asksForRefresh)(
      asksForRefresh ? refresh : `${refresh} (skipped: it cannot be told to ask)`,
      async () => {
        await router.start({ peerAddress: '192.0.2.1' });
        await startSpeaker('192.0.2.254');
        await routerHas('203.0.113.10/32');
        const sent = async () => (await speaker.neighbor('tor')).messages.sent.UPDATE ?? 0;
        const before = await sent();
        await router.askForRefresh?.('192.0.2.1');
        await waitUntil('UPDATEs of both families again', async () => (await sent()) >= before + 2);
        await routerHas('203.0.113.10/32');
        expect(await speaker.neighbor('tor')).toMatchObject({ state: 'Established' });
      },
    );

    it('is back after kill -9 of either side, with the routes that there are then', async () => {
      await router.start({ peerAddress: '192.0.2.1' });
      await startSpeaker('192.0.2.254');
      await routerHas('203.0.113.10/32');
      await hasDefaults();
      await speaker.stop('SIGKILL');
      await host.ip('route add 203.0.113.12/32 dev tap0 proto 133');
      await host.ip('route del 2001:db8:1::10/128 dev tap0 proto 133');
      if (keepsRoutesOfRestartingPeer) expect(await router.has('203.0.113.10/32')).toBe(true);
      speaker.start();
      await speaker.established('tor');
      await routerHas('203.0.113.12/32');
      await routerHas('203.0.113.10/32');
      await routerHas('2001:db8:1::10/128', false);
      await hasDefaults();
      await router.kill();
      await waitUntil('session down', async () => (await speaker.neighbor('tor')).state !== 'Established');
      await router.start({ peerAddress: '192.0.2.1' });
      await speaker.established('tor');
      await routerHas('203.0.113.10/32');
      await hasDefaults();
    });
  });
}

function manifests(address: string, spec: string): string {
  return rackManifests(`, connectRetrySeconds: 1${spec}`, { address, hostAsNumber: 4_200_000_001 });
}
