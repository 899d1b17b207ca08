import type { ServerResponse } from 'node:http';
import { FabricError } from '../errors/fabric-error.ts';
import type { MetricsRegistry } from './metrics-registry.ts';

/** What /healthz and /readyz say. Both are JSON with all reasons; status 200 or 503. */
export interface HealthReport {
  /** False: a restart is needed. */
  readonly alive: boolean;
  /** False: works, but not (or no longer) on current data. */
  readonly ready: boolean;
  /** Named facts behind these. */
  readonly checks?: Readonly<Record<string, { readonly ok: boolean; readonly message?: string }>>;
}

export interface HealthServerOptions {
  /** `ADDR:PORT`, `[ADDR6]:PORT`, or `:PORT` for all addresses; port 0: any free one. */
  readonly listen: string;
  readonly registry: MetricsRegistry;
  readonly health: () => HealthReport | Promise<HealthReport>;
}

export interface HealthServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** Serves /metrics, /healthz and /readyz. Throws `FabricError` `listen.invalid` or `listen.failed`. */
export async function serveHealthAndMetrics(options: HealthServerOptions): Promise<HealthServer> {
  const { host, port } = parseListenAddress(options.listen);
  // Loading node:http takes 50 ms, which fabricctl, sharing this package, would pay at every start.
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    answer(options, request.method ?? 'GET', request.url ?? '/', response).catch((error: unknown) => {
      send(response, 500, 'text/plain; charset=utf-8', `${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new FabricError(
          'listen.failed',
          `cannot serve metrics on ${options.listen}: ${cause.message}; choose another --metrics address`,
          { cause },
        ),
      ),
    );
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
  const bound = server.address();
  return {
    address: typeof bound === 'object' && bound !== null ? bound.address : host,
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Reads `ADDR:PORT`, `[ADDR6]:PORT` or `:PORT`. Throws `FabricError` `listen.invalid`. */
export function parseListenAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new FabricError('listen.invalid', `"${text}" is not ADDR:PORT; write it like 127.0.0.1:9091 or [::1]:9091`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

async function answer(
  options: HealthServerOptions,
  method: string,
  url: string,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') {
    send(response, 405, 'text/plain; charset=utf-8', 'only GET and HEAD\n');
    return;
  }
  const path = url.split('?')[0];
  if (path === '/metrics') {
    send(response, 200, options.registry.contentType, await options.registry.text());
  } else if (path === '/healthz' || path === '/readyz') {
    const report = await options.health();
    const good = path === '/healthz' ? report.alive : report.alive && report.ready;
    send(response, good ? 200 : 503, 'application/json', `${JSON.stringify(report)}\n`);
  } else {
    send(response, 404, 'text/plain; charset=utf-8', 'there are /metrics, /healthz and /readyz\n');
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(body);
}
