import { FabricError } from '../errors/fabric-error.ts';
import type { Logger } from '../logging/logger.ts';

/** Exit codes of the daemons, as systemd and people see them. */
export const DAEMON_EXIT_CODES = {
  ok: 0,
  /** Something failed that a restart may heal. */
  failure: 1,
  /** Wrong options; a restart heals nothing. */
  usage: 2,
  /** A second SIGINT or SIGTERM while shutting down. */
  forced: 130,
} as const;

/** What {@link runDaemon} needs of the process; tests pass their own. */
export interface DaemonProcess {
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  exit(code: number): unknown;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Lets `runDaemon` log through the daemon's own logger once it exists. */
export interface DaemonContext {
  useLogger(logger: Logger): void;
}

/**
 * Runs a daemon's `main` and ends the process when it is done. SIGTERM and SIGINT abort its signal; a second one exits
 * at once. `usage` errors are printed with exit code 2, `usage.help` with 0 on standard output; every other error, an
 * unhandled one included, is logged and exits with 1.
 */
export async function runDaemon(
  main: (signal: AbortSignal, context: DaemonContext) => Promise<void>,
  daemonProcess: DaemonProcess = process,
): Promise<void> {
  const controller = new AbortController();
  let logger: Logger | undefined;
  const fail = (error: unknown, message: string): void => {
    if (logger === undefined) daemonProcess.stderr.write(`${describeFailure(error)}\n`);
    else logger.error({ err: error }, message);
    daemonProcess.exit(DAEMON_EXIT_CODES.failure);
  };
  const stop = (signalName: string): void => {
    if (controller.signal.aborted) {
      daemonProcess.exit(DAEMON_EXIT_CODES.forced);
      return;
    }
    logger?.info({ signal: signalName }, 'shutting down');
    controller.abort(new FabricError('daemon.stopped', `stopped by ${signalName}`));
  };
  daemonProcess.on('SIGTERM', () => stop('SIGTERM'));
  daemonProcess.on('SIGINT', () => stop('SIGINT'));
  daemonProcess.on('uncaughtException', (error: unknown) => fail(error, 'uncaught exception'));
  daemonProcess.on('unhandledRejection', (error: unknown) => fail(error, 'unhandled rejection'));
  try {
    await main(controller.signal, {
      useLogger: (next) => {
        logger = next;
      },
    });
    daemonProcess.exit(DAEMON_EXIT_CODES.ok);
  } catch (error) {
    if (error instanceof FabricError && error.code === 'usage.help') {
      daemonProcess.stdout.write(`${error.message}\n`);
      daemonProcess.exit(DAEMON_EXIT_CODES.ok);
    } else if (error instanceof FabricError && error.code === 'usage') {
      daemonProcess.stderr.write(`${error.message}\n`);
      daemonProcess.exit(DAEMON_EXIT_CODES.usage);
    } else if (controller.signal.aborted && error === controller.signal.reason) {
      daemonProcess.exit(DAEMON_EXIT_CODES.ok);
    } else {
      fail(error, 'daemon failed');
    }
  }
}

function describeFailure(error: unknown): string {
  if (error instanceof FabricError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
