import { chmod, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { FabricError } from '../errors/fabric-error.ts';
import type { Logger } from '../logging/logger.ts';
import { ControlConnection } from './control-connection.ts';
import {
  type ControlMethodMap,
  type EventOf,
  MAX_CONTROL_LINE_BYTES,
  type ParamsOf,
  type ResultOf,
} from './control-protocol.ts';

export interface ControlCallContext {
  /** Aborts when the client cancels or goes away. */
  readonly signal: AbortSignal;
}

/**
 * One function per method. Streaming methods return an AsyncIterable; it is not asked for its next event before the
 * client has taken the last one. A `FabricError` reaches the client with code and details, any other error as
 * `control.internal`.
 */
export type ControlHandlers<Methods extends ControlMethodMap<Methods>> = {
  readonly [Name in keyof Methods]: Methods[Name] extends { readonly event: unknown }
    ? (params: ParamsOf<Methods[Name]>, context: ControlCallContext) => AsyncIterable<EventOf<Methods[Name]>>
    : (
        params: ParamsOf<Methods[Name]>,
        context: ControlCallContext,
      ) => ResultOf<Methods[Name]> | Promise<ResultOf<Methods[Name]>>;
};

export interface ControlServerOptions {
  readonly logger: Logger;
  /** Longest request line, in octets. */
  readonly maxLineBytes?: number;
}

export interface ControlServer extends AsyncDisposable {
  readonly path: string;
}

/** sun_path holds 108 octets with its final NUL, and the socket is bound under a name one longer than its path. */
const MAX_PATH_BYTES = 106;

/**
 * Listens on the UNIX socket `path`, mode 0660, making its directory if need be. Errors: `control.path-too-long`,
 * `control.in-use` if a daemon answers there already, `control.listen-failed`. A socket nobody answers on is replaced.
 */
export async function serveControl<Methods extends ControlMethodMap<Methods>>(
  path: string,
  handlers: ControlHandlers<Methods>,
  options: ControlServerOptions,
): Promise<ControlServer> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new FabricError(
      'control.path-too-long',
      `control socket path ${path} is longer than ${MAX_PATH_BYTES} octets; choose a shorter --control-socket`,
    );
  }
  if (await answers(path)) {
    throw new FabricError(
      'control.in-use',
      `a daemon answers on ${path} already; stop it, or choose another --control-socket`,
    );
  }
  // Bound beside its place and moved there once its mode is right: nobody can connect before that, and a stale socket
  // is replaced in one step.
  const bindPath = `${path}~`;
  const connections = new Set<ControlConnection>();
  const server = createServer((socket) => {
    const connection = new ControlConnection(
      socket,
      new Map(Object.entries(handlers)) as never,
      options.logger,
      options.maxLineBytes ?? MAX_CONTROL_LINE_BYTES,
    );
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  try {
    await mkdir(dirname(path), { recursive: true });
    await rm(bindPath, { force: true });
    await listen(server, bindPath);
    await chmod(bindPath, 0o660);
    await rename(bindPath, path);
  } catch (cause) {
    server.close();
    throw new FabricError(
      'control.listen-failed',
      `cannot listen on ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  const { ino } = await lstat(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.close();
      await closed;
      const current = await lstat(path).catch(() => undefined);
      if (current?.ino === ino) await rm(path, { force: true });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A connection refused means a dead daemon's socket; anything but that (a full backlog, say) a living one's. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED');
    });
  });
}
