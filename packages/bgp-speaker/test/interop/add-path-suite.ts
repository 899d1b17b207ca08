import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter } from '../lab/bird-router.ts';
import { Lan } from '../lab/lan.ts';
import type { Namespace } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

/**
 * A BGP daemon of others as AS 65000 at 192.0.2.254, with ADD-PATH both ways towards the host 192.0.2.1 (AS 64601), and
 * with two more peers, 192.0.2.11 (AS 64711) and 192.0.2.12 (AS 64712), whose routes it passes on to the host.
 */
export interface AddPathRouter extends AsyncDisposable {
  readonly log: string;
  start(): Promise<void>;
  /** Next hops of all its paths to a prefix. */
  nextHops(prefix: string): Promise<readonly string[]>;
}

export interface AddPathSuite {
  readonly name: string;
  readonly create: (namespace: Namespace) => Promise<AddPathRouter>;
  /** It has a usable next hop for IPv6 on an IPv4 session. */
  readonly knowsOtherNextHop: boolean;
}

/** What the two others announce to the daemon, and to the host. */
const TO_ROUTER = ['203.0.113.7/32', '2001:db8:7::7/128'] as const;
const TO_HOST = ['203.0.113.8/32', '2001:db8:7::8/128'] as const;
const BOTH_HOPS = { 4: ['192.0.2.11', '192.0.2.12'], 6: ['2001:db8:a::b', '2001:db8:a::c'] } as const;
const SECOND_HOP = { 4: ['192.0.2.12'], 6: ['2001:db8:a::c'] } as const;

/** ADD-PATH (RFC 7911) with a daemon of others, one LAN for all: two routers, us as a route server, and the daemon. */
export function describeAddPath({ name, create, knowsOtherNextHop }: AddPathSuite): void {
  let stack: AsyncDisposableStack;
  let host: Namespace;
  let router: AddPathRouter;
  let others: readonly BirdRouter[];
  let speaker: SpeakerProcess;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    const lan = stack.use(await Lan.create(`ap-${name}`));
    host = await lan.host('host', 1);
    router = stack.use(await create(await lan.host('router', 254)));
    others = await Promise.all(
      [11, 12].map(async (number) => stack.use(await BirdRouter.create(await lan.host(`other${number}`, number)))),
    );
    for (const [index, other] of others.entries()) await other.start(otherConfiguration(11 + index, true));
    speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
  });

  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function start(): Promise<void> {
    await router.start();
    speaker.start();
    for (const peer of ['router', 'other-11', 'other-12']) await speaker.established(peer);
  }

  async function routerHas(prefix: string, nextHops: readonly string[]): Promise<void> {
    let last: readonly string[] = [];
    await waitUntil(
      () => `${prefix} via ${nextHops.join(' ')} at the router, which has ${last.join(' ')}; ${router.log}`,
      async () => {
        last = [...(await router.nextHops(prefix))].sort();
        return last.join() === nextHops.join();
      },
    );
  }

  const fromRouter = (prefix: string) => speaker.ask('speaker.routes', { prefix, view: 'received', peer: 'router' });

  /** That it has the paths over these two, or one of them, and the kernel has their next hops. */
  async function hostHas(prefix: string, origins: readonly number[]): Promise<void> {
    const asPaths = origins.map((origin) => `65000 ${origin}`).join();
    await waitUntil(
      () => `${prefix} with ${asPaths} here; ${speaker.log}`,
      async () =>
        (await fromRouter(prefix))
          .map(({ asPath }) => asPath)
          .sort()
          .join() === asPaths,
    );
    const paths = await fromRouter(prefix);
    expect(new Set(paths.map(({ pathId }) => pathId)).size).toBe(origins.length);
    if (prefix.includes(':')) return;
    const nextHops = new Set(paths.map(({ nextHop }) => nextHop));
    await waitUntil(`${prefix} in the kernel over ${[...nextHops].join(' and ')}`, async () => {
      const line = (await host.routes(4)).find((text) => text.startsWith(prefix.replace('/32', '')));
      const installed = [...(line ?? '').matchAll(/via (\S+)/g)].map(([, nextHop = '']) => nextHop);
      return new Set(installed).symmetricDifference(nextHops).size === 0;
    });
  }

  describe(`ADD-PATH with ${name}`, () => {
    it('is told all paths, one by one', async () => {
      await start();
      for (const [index, prefix] of TO_HOST.entries()) await routerHas(prefix, BOTH_HOPS[index === 0 ? 4 : 6]);
      expect((await speaker.neighbor('router')).prefixes['ipv4-unicast']).toMatchObject({ advertised: 2 });
      await others[0]?.configure(otherConfiguration(11, false));
      for (const [index, prefix] of TO_HOST.entries()) await routerHas(prefix, SECOND_HOP[index === 0 ? 4 : 6]);
      await others[0]?.configure(otherConfiguration(11, true));
      for (const [index, prefix] of TO_HOST.entries()) await routerHas(prefix, BOTH_HOPS[index === 0 ? 4 : 6]);
      await speaker.ask('speaker.clear', { peer: 'router', soft: 'out' });
      await routerHas(TO_HOST[0], BOTH_HOPS[4]);
      expect(await speaker.neighbor('router')).toMatchObject({ state: 'Established' });
    });

    it('tells all paths, each with an identifier, and what they come to is in the kernel', async () => {
      await start();
      expect((await speaker.neighbor('router')).prefixes['ipv4-unicast']).toMatchObject({ addPath: 'both' });
      const prefixes = TO_ROUTER.slice(0, knowsOtherNextHop ? 2 : 1);
      for (const prefix of prefixes) await hostHas(prefix, [64_711, 64_712]);
      await others[0]?.configure(otherConfiguration(11, false));
      for (const prefix of prefixes) await hostHas(prefix, [64_712]);
    });
  });
}

const MANIFESTS = [
  'kind: Host\nmetadata: { name: h1 }\nspec: { address: 192.0.2.1, address6: "2001:db8:a::1", asNumber: 64601 }\n',
  peerManifest('router', 254, 65_000, ', addPaths: { receive: true, send: all }'),
  peerManifest('other-11', 11, 64_711),
  peerManifest('other-12', 12, 64_712),
]
  .map((text) => `apiVersion: slash32.dev/v1\n${text}`)
  .join('---\n');

function peerManifest(name: string, number: number, asNumber: number, spec = ''): string {
  return `kind: BGPPeer
metadata: { name: ${name} }
spec: { hosts: all(), address: 192.0.2.${number}, asNumber: ${asNumber}, connectRetrySeconds: 1, routeServerClient: true${spec} }
`;
}

/** Of one of the two others; `announces`: its routes are there. */
function otherConfiguration(number: number, announces: boolean): string {
  const statics = (family: 4 | 6) =>
    [TO_ROUTER, TO_HOST]
      .map((prefixes) => prefixes[family === 4 ? 0 : 1])
      .map((prefix) => (announces ? `route ${prefix} unreachable;` : ''))
      .join(' ');
  const session = (protocol: string, peer: number, asNumber: number, prefixes: readonly [string, string]) => `
protocol bgp ${protocol} {
  local 192.0.2.${number} as ${64_700 + number};
  neighbor 192.0.2.${peer} as ${asNumber};
  direct;
  connect delay time 1;
  error wait time 1, 2;
  ipv4 { import none; export where net = ${prefixes[0]}; next hop self; };
  ipv6 { import none; export where net = ${prefixes[1]}; next hop address 2001:db8:a::${number.toString(16)}; };
}`;
  return `
log stderr all;
router id 192.0.2.${number};
protocol device { scan time 1; }
protocol static s4 { ipv4; ${statics(4)} }
protocol static s6 { ipv6; ${statics(6)} }
${session('to_router', 254, 65_000, TO_ROUTER)}
${session('to_host', 1, 64_601, TO_HOST)}
`;
}
