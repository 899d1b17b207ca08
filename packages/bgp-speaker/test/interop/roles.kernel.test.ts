import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** A daemon of others as AS 65000 at 192.0.2.254 that announces 198.51.100.0/24, with a role of its own. */
interface RoleRouter extends AsyncDisposable {
  start(role: 'provider' | 'customer'): Promise<void>;
  /** What it knows of 203.0.113.10/32. */
  route(): Promise<string>;
  /** How it writes that AS 64601 sends the route to customers only. */
  readonly mark: RegExp;
}

const ROUTERS: Readonly<Record<string, (namespace: Namespace) => Promise<RoleRouter>>> = {
  bird: async (namespace) => {
    const bird = await BirdRouter.create(namespace);
    return {
      start: (role) =>
        bird.start(
          birdConfiguration({
            routerId: '192.0.2.254',
            localAddress: '192.0.2.254',
            asNumber: 65_000,
            peerAddress: '192.0.2.1',
            peerAsNumber: 64_601,
            originates: ['198.51.100.0/24'],
            options: `local role ${role}; require roles yes;`,
          }),
        ),
      route: () => bird.show('route 203.0.113.10/32 all'),
      mark: /BGP\.otc: 64601/,
      [Symbol.asyncDispose]: () => bird[Symbol.asyncDispose](),
    };
  },
  frr: async (namespace) => {
    const frr = await FrrRouter.create(namespace);
    return {
      // Default routes that it makes for a neighbour are not marked.
      start: async (role) => {
        const settings = { routerId: '192.0.2.254', asNumber: 65_000, peerAddress: '192.0.2.1', peerAsNumber: 64_601 };
        await frr.start(frrConfiguration({ ...settings, options: [`local-role ${role} strict-mode`] }));
        const network = ['no bgp network import-check', 'address-family ipv4 unicast', 'network 198.51.100.0/24'];
        await frr.configure(['router bgp 65000', ...network]);
      },
      route: () => frr.show('bgp ipv4 unicast 203.0.113.10/32'),
      mark: /otc 64601/,
      [Symbol.asyncDispose]: () => frr[Symbol.asyncDispose](),
    };
  },
};

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let speaker: SpeakerProcess;
let serial = 0;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  serial += 1;
  host = stack.use(await Namespace.create(`roles-host-${serial}`));
  tor = stack.use(await Namespace.create(`roles-tor-${serial}`));
  await Namespace.link(host, 'eth0', ['192.0.2.1/24'], tor, 'down0', ['192.0.2.254/24']);
  await host.ip('link add tap0 type veth peer name inst0');
  await host.ip('link set tap0 up');
  await host.ip('route add 203.0.113.10/32 dev tap0 proto 133');
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function startSpeaker(role: string): Promise<void> {
  speaker = stack.use(
    await SpeakerProcess.create(
      host,
      'h1',
      `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor }
spec: { hosts: all(), address: 192.0.2.254, asNumber: 65000, families: [ipv4-unicast], connectRetrySeconds: 1, role: ${role}, strictRole: true }
`,
    ),
  );
  speaker.start();
}

describe.each(Object.entries(ROUTERS))('roles (RFC 9234) with %s', (_name, create) => {
  it('as its customer: its routes are marked', async () => {
    const router = stack.use(await create(tor));
    await router.start('provider');
    await startSpeaker('customer');
    await speaker.established('tor');
    expect(await speaker.neighbor('tor')).toMatchObject({ role: { local: 'customer', remote: 'provider' } });
    await waitUntil(
      () => `a marked route; ${speaker.log}`,
      async () => {
        const [route] = await speaker.ask('speaker.routes', {
          prefix: '198.51.100.0/24',
          view: 'received',
          peer: 'tor',
        });
        return route?.onlyToCustomer === 65_000;
      },
    );
    await waitUntil('our route there', async () => (await router.route()).includes('192.0.2.1'));
    expect(await router.route()).not.toMatch(/otc/i);
  });

  it('as its provider: our routes are marked', async () => {
    const router = stack.use(await create(tor));
    await router.start('customer');
    await startSpeaker('provider');
    await speaker.established('tor');
    await waitUntil('our marked route there', async () => router.mark.test(await router.route()));
  });

  it('makes no session of two roles that do not fit, and says why', async () => {
    const router = stack.use(await create(tor));
    await router.start('provider');
    await startSpeaker('peer');
    await waitUntil(
      () => `a reason; ${speaker.log}`,
      async () => /role/i.test((await speaker.neighbor('tor')).lastDown?.reason ?? ''),
    );
    expect((await speaker.neighbor('tor')).state).not.toBe('Established');
  });
});
