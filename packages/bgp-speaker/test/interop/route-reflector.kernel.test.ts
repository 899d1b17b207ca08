import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdRouter } from '../lab/bird-router.ts';
import { FrrRouter } from '../lab/frr-router.ts';
import { Lan } from '../lab/lan.ts';
import type { Namespace } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** All in AS 64600 on one LAN: the host .1, BIRD .11, FRR .12. */
const OF_BIRD = '203.0.113.11/32';
const OF_FRR = '203.0.113.12/32';
const OF_HOST = '203.0.113.1/32';

let stack: AsyncDisposableStack;
let host: Namespace;
let bird: BirdRouter;
let frr: FrrRouter;
let speaker: SpeakerProcess;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const lan = stack.use(await Lan.create('rr'));
  host = await lan.host('host', 1);
  bird = stack.use(await BirdRouter.create(await lan.host('bird', 11)));
  frr = stack.use(await FrrRouter.create(await lan.host('frr', 12)));
  await addTap(host, [OF_HOST]);
});

afterEach(async () => {
  await stack.disposeAsync();
});

/** `sessions`: number of the peer, and further lines of its protocol. */
function birdConfiguration(sessions: readonly (readonly [number, string])[]): string {
  return `
log stderr all;
router id 192.0.2.11;
protocol device { scan time 1; }
protocol direct { ipv4; }
protocol static { ipv4; route ${OF_BIRD} unreachable; }
${sessions
  .map(
    ([number, lines]) => `
protocol bgp to${number} {
  local 192.0.2.11 as 64600;
  neighbor 192.0.2.${number} as 64600;
  direct;
  connect delay time 1;
  error wait time 1, 2;
  ${lines}
  ipv4 { import all; export where source ~ [RTS_STATIC, RTS_BGP]; next hop self off; };
}`,
  )
  .join('\n')}
`;
}

function frrConfiguration(peer: number): string {
  return `
hostname frr
ip route ${OF_FRR} blackhole
router bgp 64600
 bgp router-id 192.0.2.12
 no bgp network import-check
 timers bgp 3 9
 neighbor 192.0.2.${peer} remote-as 64600
 neighbor 192.0.2.${peer} timers connect 1
 address-family ipv4 unicast
  network ${OF_FRR}
 exit-address-family
`;
}

function manifests(peers: readonly (readonly [string, number])[], spec: string): string {
  return [
    'kind: Host\nmetadata: { name: h1 }\nspec: { address: 192.0.2.1, asNumber: 64600, clusterId: 192.0.2.200 }\n',
    ...peers.map(
      ([name, number]) =>
        `kind: BGPPeer\nmetadata: { name: ${name} }\nspec: { hosts: all(), address: 192.0.2.${number}, asNumber: internal, families: [ipv4-unicast], connectRetrySeconds: 1${spec} }\n`,
    ),
  ]
    .map((text) => `apiVersion: slash32.dev/v1\n${text}`)
    .join('---\n');
}

async function startSpeaker(peers: readonly (readonly [string, number])[], spec: string): Promise<void> {
  speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests(peers, spec)));
  speaker.start();
  for (const [name] of peers) await speaker.established(name);
}

async function shows(text: () => Promise<string>, ...patterns: readonly RegExp[]): Promise<void> {
  let last = '';
  await waitUntil(
    () => `${patterns.join(' and ')} in ${last}; ${speaker.log}`,
    async () => {
      last = await text();
      return patterns.every((pattern) => pattern.test(last));
    },
  );
}

const atFrr = (prefix: string) => () => frr.show(`bgp ipv4 unicast ${prefix}`);
const atBird = (prefix: string) => () => bird.show(`route ${prefix} all`).catch(() => '');

describe('route reflection', () => {
  it('by us between BIRD and FRR: origin, cluster and next hop are as they should be', async () => {
    await bird.start(birdConfiguration([[1, '']]));
    await frr.start(frrConfiguration(1));
    await startSpeaker(
      [
        ['bird', 11],
        ['frr', 12],
      ],
      ', routeReflectorClient: true',
    );
    await shows(
      atFrr(OF_BIRD),
      /Originator: 192\.0\.2\.11/,
      /Cluster list: 192\.0\.2\.200/,
      /192\.0\.2\.11 from 192\.0\.2\.1/,
    );
    await shows(
      atBird(OF_FRR),
      /BGP\.originator_id: 192\.0\.2\.12/,
      /BGP\.cluster_list: 192\.0\.2\.200/,
      /via 192\.0\.2\.12/,
    );
    await shows(atFrr(OF_HOST), /192\.0\.2\.1 from 192\.0\.2\.1/);
    expect(await atFrr(OF_HOST)()).not.toContain('Originator');
    expect((await host.routes(4)).filter((line) => line.includes('proto 135'))).toEqual([
      expect.stringContaining('203.0.113.11 via 192.0.2.11'),
      expect.stringContaining('203.0.113.12 via 192.0.2.12'),
    ]);
    await bird.configure(birdConfiguration([[1, '']]).replace(`route ${OF_BIRD} unreachable;`, ''));
    await waitUntil('withdrawn at FRR', async () => (await atFrr(OF_BIRD)()).includes('Network not in table'));
  });

  it('by BIRD between us and FRR: we are a client, and take what it reflects', async () => {
    await bird.start(
      birdConfiguration([
        [1, 'rr client;'],
        [12, 'rr client;'],
      ]),
    );
    await frr.start(frrConfiguration(11));
    await startSpeaker([['bird', 11]], '');
    await shows(atFrr(OF_HOST), /Originator: 192\.0\.2\.1\b/, /192\.0\.2\.1 from 192\.0\.2\.11/);
    await waitUntil('the route of FRR in our kernel', async () =>
      (await host.routes(4)).some((line) => line.startsWith('203.0.113.12 via 192.0.2.12')),
    );
    // What it would reflect to us of ourselves we refuse: it does not even send it.
    expect(await speaker.ask('speaker.routes', { prefix: OF_HOST, view: 'received', peer: 'bird' })).toEqual([]);
  });
});
