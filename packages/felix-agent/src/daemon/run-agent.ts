import { flushCompileCache } from 'node:module';
import { openKernel } from '@slash32/linux';
import {
  type AgentMethods,
  createLogger,
  type DaemonContext,
  openDatastore,
  readDaemonOptions,
  SystemClock,
  serveControl,
  serveHealthAndMetrics,
  VERSION,
} from '@slash32/shared';
import { FelixAgent } from './felix-agent.ts';

/** The daemon: opens what the options name, runs the agent on it until `signal` aborts, closes it all. */
export async function runAgent(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  context: DaemonContext,
): Promise<void> {
  const options = readDaemonOptions(argv, env, {
    name: 'felix-agent',
    description:
      'Gives the instances of this host their network: policy, routes, neighbours and settings of their taps.\n' +
      '`felix-agent boot-ruleset --help` tells how instances stay closed until it has started.',
    defaultControlSocket: '/run/slash32/felix-agent.sock',
  });
  const clock = new SystemClock();
  const logger = createLogger({ name: 'felix-agent', level: options.logLevel, host: options.host });
  context.useLogger(logger);
  logger.info({ version: VERSION, datastore: options.datastore, controlSocket: options.controlSocket }, 'starting');

  await using datastore = await openDatastore(options.datastore, { clock, logger });
  await using kernel = await openKernel({ clock, logger });
  await using agent = new FelixAgent({ host: options.host, datastore, kernel, clock, logger, random: Math.random });
  await using _control = await serveControl<AgentMethods>(options.controlSocket, agent.handlers, { logger });
  await using _metrics =
    options.metrics === undefined
      ? undefined
      : await serveHealthAndMetrics({
          listen: options.metrics,
          registry: agent.metrics.registry,
          health: () => agent.health(),
        });
  // Written now, since a daemon may end without a chance to; nothing happens if there is no cache.
  flushCompileCache();
  await agent.start();
  await aborted(signal);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
