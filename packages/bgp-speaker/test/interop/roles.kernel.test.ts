import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests, TOR } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
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
            ...TOR,
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
        await frr.start(frrConfiguration({ ...TOR, options: [`local-role ${role} strict-mode`] }));
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

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('roles')));
  await addTap(host, ['203.0.113.10/32']);
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function startSpeaker(role: string): Promise<void> {
  const spec = `, families: [ipv4-unicast], connectRetrySeconds: 1, role: ${role}, strictRole: true`;
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', rackManifests(spec)));
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
