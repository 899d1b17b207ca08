/**
 * Records the sessions that replay.test.ts plays again, with real routers in namespaces:
 *
 *   scripts/sandbox node_modules/.bin/node --conditions=@slash32/source packages/bgp-speaker/test/replay/record-sessions.ts
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { type BgpCaptureEvent, connectControl, type SpeakerMethods } from '@slash32/shared';
import { BirdRouter, birdConfiguration } from '../lab/bird-router.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import { GobgpRouter } from '../lab/gobgp-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { OpenbgpdRouter } from '../lab/openbgpd-router.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';
import {
  FIRST_INSTANCES,
  LATER_INSTANCE,
  type LocalAction,
  RECORDED_HOST,
  RECORDED_ROUTER,
  SHUTDOWN_REASON,
  type TranscriptEntry,
  type TranscriptName,
} from './transcript.ts';

/** A router to record a session with. */
interface RecordedRouter extends AsyncDisposable {
  readonly version: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Asks us for a route refresh; absent: it cannot be told to. */
  refresh?(): Promise<unknown>;
}

const PEER = {
  routerId: RECORDED_ROUTER.address,
  asNumber: RECORDED_ROUTER.asNumber,
  peerAddress: RECORDED_HOST.address,
  peerAsNumber: RECORDED_HOST.asNumber,
};

const ROUTERS: Readonly<Record<TranscriptName, (namespace: Namespace) => Promise<RecordedRouter>>> = {
  async bird(namespace) {
    const bird = await BirdRouter.create(namespace);
    const configuration = birdConfiguration({
      ...PEER,
      localAddress: RECORDED_ROUTER.address,
      originates: ['0.0.0.0/0', '::/0'],
    });
    return {
      version: debianVersion('bird2'),
      start: () => bird.start(configuration),
      kill: () => bird.kill(),
      restart: () => bird.start(configuration, { recover: true }),
      refresh: () => bird.command('reload in host'),
      [Symbol.asyncDispose]: () => bird[Symbol.asyncDispose](),
    };
  },
  async frr(namespace) {
    const frr = await FrrRouter.create(namespace);
    return {
      version: debianVersion('frr'),
      start: () => frr.start(frrConfiguration(PEER)),
      kill: () => frr.killBgpd(),
      restart: () => frr.restartBgpd(),
      refresh: () => frr.command(`clear bgp ${RECORDED_HOST.address} soft in`),
      [Symbol.asyncDispose]: () => frr[Symbol.asyncDispose](),
    };
  },
  async gobgp(namespace) {
    const gobgp = await GobgpRouter.create(namespace);
    return {
      version: debianVersion('gobgpd'),
      start: () => gobgp.start({ peerAddress: RECORDED_HOST.address }),
      kill: () => gobgp.kill(),
      restart: () => gobgp.start({ peerAddress: RECORDED_HOST.address }, { recover: true }),
      [Symbol.asyncDispose]: () => gobgp[Symbol.asyncDispose](),
    };
  },
  async openbgpd(namespace) {
    const openbgpd = await OpenbgpdRouter.create(namespace);
    return {
      version: debianVersion('openbgpd'),
      start: () => openbgpd.start({ peerAddress: RECORDED_HOST.address }),
      kill: () => openbgpd.kill(),
      restart: () => openbgpd.start({ peerAddress: RECORDED_HOST.address }),
      refresh: () => openbgpd.askForRefresh(RECORDED_HOST.address),
      [Symbol.asyncDispose]: () => openbgpd[Symbol.asyncDispose](),
    };
  },
};

/** Of dpkg-query, not of a template. */
const FIELD = '\u0024{Version}';

function debianVersion(name: string): string {
  return `${name} ${execFileSync('dpkg-query', ['-W', '-f', FIELD, name], { encoding: 'utf8' })}`;
}

const MANIFESTS = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: ${RECORDED_HOST.name} }
spec: { address: ${RECORDED_HOST.address}, asNumber: ${RECORDED_HOST.asNumber} }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor }
spec: { hosts: all(), address: ${RECORDED_ROUTER.address}, asNumber: ${RECORDED_ROUTER.asNumber}, connectRetrySeconds: 1 }
`;

async function record(name: TranscriptName): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await Namespace.create(`rec-host-${name}`));
  const tor = stack.use(await Namespace.create(`rec-tor-${name}`));
  await Namespace.link(host, 'eth0', [`${RECORDED_HOST.address}/24`, `${RECORDED_HOST.address6}/64`], tor, 'down0', [
    `${RECORDED_ROUTER.address}/24`,
    '2001:db8:a::fe/64',
  ]);
  await addTap(host, FIRST_INSTANCES);
  const router = stack.use(await ROUTERS[name](tor));
  const speaker = stack.use(await SpeakerProcess.create(host, RECORDED_HOST.name, MANIFESTS));
  speaker.start();
  await waitUntil('the speaker answers', () => speaker.status());

  const startMs = Date.now();
  const entries: TranscriptEntry[] = [];
  const act = (action: LocalAction) => entries.push({ atMs: Date.now() - startMs, ...action });
  const client = stack.use(await connectControl<SpeakerMethods>(speaker.controlSocket));
  const ended = new AbortController();
  const keep = (event: BgpCaptureEvent) => {
    if (event.type !== 'message' || event.message === 'KEEPALIVE') return;
    const octets = Buffer.from(event.octets, 'base64').toString('hex');
    entries.push({ atMs: Math.round(event.wallMs - startMs), kind: 'message', direction: event.direction, octets });
  };
  const capture = (async () => {
    for await (const event of client.stream('speaker.capture', { peer: 'tor' }, { signal: ended.signal })) {
      keep(event);
    }
  })().catch(() => undefined);
  /** Until nothing was said for two and a half seconds. */
  const quiet = async () => {
    let seen = -1;
    await waitUntil(
      'silence',
      () => {
        const isQuiet = seen === entries.length;
        seen = entries.length;
        return isQuiet;
      },
      60_000,
      2500,
    );
  };

  await router.start();
  await speaker.established('tor', 60_000);
  await quiet();
  act({ kind: 'instance', prefix: LATER_INSTANCE, present: true });
  await host.ip(`route add ${LATER_INSTANCE} dev tap0 proto 133`);
  act({ kind: 'instance', prefix: FIRST_INSTANCES[1], present: false });
  await host.ip(`route del ${FIRST_INSTANCES[1]} dev tap0 proto 133`);
  await quiet();
  act({ kind: 'refresh' });
  await speaker.ask('speaker.clear', { peer: 'tor', soft: 'in' });
  await quiet();
  await router.refresh?.();
  await quiet();
  act({ kind: 'closed' });
  await router.kill();
  await waitUntil('the session is down', async () => (await speaker.neighbor('tor')).state !== 'Established');
  await router.restart();
  await speaker.established('tor', 60_000);
  await quiet();
  act({ kind: 'shutdown', reason: SHUTDOWN_REASON });
  await speaker.ask('speaker.shutdown', { peer: 'tor', reason: SHUTDOWN_REASON });
  await quiet();
  ended.abort();
  await capture;
  const sorted = entries.toSorted((left, right) => left.atMs - right.atMs);
  const lines = sorted.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
  const path = new URL(`./transcripts/${name}.json`, import.meta.url);
  await writeFile(path, `{\n  "router": ${JSON.stringify(router.version)},\n  "entries": [\n${lines}\n  ]\n}\n`);
  process.stdout.write(`${name}: ${sorted.length} entries\n`);
}

for (const name of Object.keys(ROUTERS) as TranscriptName[]) await record(name);
