import { flushCompileCache } from 'node:module';
import { openKernel, readSignatureCounters } from '@slash32/linux';
import {
  createLogger,
  type DaemonContext,
  FabricError,
  HeapKeeper,
  openDatastore,
  processHeap,
  readDaemonOptions,
  type SpeakerMethods,
  SystemClock,
  serveControl,
  serveHealthAndMetrics,
  VERSION,
} from '@slash32/shared';
import { BfdService } from '../bfd/bfd-service.ts';
import { readFileStart } from '../peers/read-file-start.ts';
import { ResourceFollower } from '../peers/resource-follower.ts';
import { BgpListener } from '../session/bgp-listener.ts';
import { TcpTransport } from '../session/tcp-transport.ts';
import { Speaker } from './speaker.ts';
import { speakerHandlers } from './speaker-handlers.ts';
import { SpeakerMetrics } from './speaker-metrics.ts';
import { readVisibilityOptions, startVisibility, VISIBILITY_OPTIONS } from './visibility-options.ts';

/** The daemon: opens what the options name, speaks BGP until `signal` aborts, closes it all. */
export async function runSpeaker(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  context: DaemonContext,
): Promise<void> {
  const options = readDaemonOptions(argv, env, {
    name: 'bgp-speaker',
    description:
      'Announces the routes of this host’s instances to its routers, and installs what they announce.\n' +
      'SIGTERM is a restart: sessions close so that routers keep our routes (graceful restart).',
    defaultControlSocket: '/run/slash32/bgp-speaker.sock',
    extra: {
      'bgp-port': { placeholder: 'PORT', description: 'TCP port of BGP, ours and the peers’', default: '179' },
      listen: {
        placeholder: 'ADDR',
        description: 'address to accept BGP connections on; :: is both families',
        default: '::',
      },
      'install-routes': {
        placeholder: 'yes|no',
        description: 'whether learned routes go into the kernel; no: they are only shown',
        default: 'yes',
      },
      ...VISIBILITY_OPTIONS,
    },
  });
  const port = readPort(options.extra['bgp-port']);
  const installRoutes = readYesOrNo('install-routes', options.extra['install-routes']);
  const visibility = readVisibilityOptions(options.extra);
  const clock = new SystemClock();
  const logger = createLogger({ name: 'bgp-speaker', level: options.logLevel, host: options.host });
  context.useLogger(logger);
  logger.info({ version: VERSION, datastore: options.datastore, controlSocket: options.controlSocket }, 'starting');

  await using datastore = await openDatastore(options.datastore, { clock, logger });
  await using kernel = await openKernel({ clock, logger });
  await using bfd = new BfdService({ clock, logger });
  const speaker: Speaker = new Speaker({
    host: options.host,
    kernel,
    clock,
    random: Math.random,
    logger,
    transport: new TcpTransport(),
    readFile: readFileStart,
    signatureCounters: readSignatureCounters,
    admit: (peers) => listener.admit(peers),
    bfd,
    port,
    installRoutes,
    onAnnounced: (durationMs) => metrics.announceDuration.observe(durationMs / 1000),
  });
  const follower = new ResourceFollower({
    host: options.host,
    datastore,
    clock,
    random: Math.random,
    logger,
    onResources: (resources) => speaker.applyResources(resources),
  });
  const metrics = new SpeakerMetrics(
    () => speaker,
    () => follower.inSync,
  );
  const startedMs = clock.monotonicMs();
  const handlers = speakerHandlers({
    speaker,
    clock,
    process: () => ({
      host: options.host,
      version: VERSION,
      pid: process.pid,
      uptimeSeconds: (clock.monotonicMs() - startedMs) / 1000,
      datastore: { description: datastore.description, inSync: follower.inSync },
      problems: follower.problems,
    }),
  });
  await using _visibility = startVisibility(speaker, visibility, {
    host: options.host,
    clock,
    logger,
    registry: metrics.registry,
  });
  await speaker.start(signal);
  await using listener: BgpListener = new BgpListener({
    address: options.extra.listen,
    port,
    clock,
    logger,
    onConnection: (incoming) => speaker.accept(incoming),
  });
  await using _control = await serveControl<SpeakerMethods>(options.controlSocket, handlers, { logger });
  await using _metrics =
    options.metrics === undefined
      ? undefined
      : await serveHealthAndMetrics({
          listen: options.metrics,
          registry: metrics.registry,
          health: () => ({
            alive: true,
            ready: follower.inSync,
            checks: { datastore: { ok: follower.inSync, message: datastore.description } },
          }),
        });
  const heap = processHeap();
  using _heapKeeper = heap === undefined ? undefined : new HeapKeeper(clock, heap);
  // Written now, since a daemon may end without a chance to; nothing happens if there is no cache.
  flushCompileCache();
  try {
    await follower.follow(signal);
  } finally {
    speaker.shutDown();
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new FabricError('usage', `--bgp-port "${text}" is not a port; give a number from 1 to 65535`);
}

function readYesOrNo(name: string, text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new FabricError('usage', `--${name} "${text}" is neither; give yes or no`);
}
