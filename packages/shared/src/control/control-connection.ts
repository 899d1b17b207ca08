import { once } from 'node:events';
import type { Socket } from 'node:net';
import { FabricError } from '../errors/fabric-error.ts';
import type { Logger } from '../logging/logger.ts';
import type { ControlErrorBody, ControlRequest, ControlResponse } from './control-protocol.ts';
import { LineReader } from './line-reader.ts';

/** A handler with its types gone: what arrives on a socket is JSON. */
export type UntypedHandler = (params: object, context: { readonly signal: AbortSignal }) => unknown;

/** One client of a control server: reads its requests, runs the handlers, writes their answers. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #handlers: ReadonlyMap<string, UntypedHandler>;
  readonly #logger: Logger;
  readonly #lines: LineReader;
  readonly #running = new Map<number, AbortController>();

  constructor(socket: Socket, handlers: ReadonlyMap<string, UntypedHandler>, logger: Logger, maxLineBytes: number) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#logger = logger;
    this.#lines = new LineReader(maxLineBytes);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#logger.debug({ err: error }, 'control connection failed'));
    socket.on('close', () => this.#abortAll());
  }

  close(): void {
    this.#abortAll();
    this.#socket.destroy();
  }

  #abortAll(): void {
    for (const controller of this.#running.values()) {
      controller.abort(new FabricError('control.closed', 'the control connection is closed'));
    }
    this.#running.clear();
  }

  #receive(chunk: Buffer | string): void {
    let lines: string[];
    try {
      lines = this.#lines.push(chunk);
    } catch (error) {
      void this.#send({ id: null, error: errorBody(error) });
      this.#socket.end();
      this.#socket.destroySoon();
      return;
    }
    for (const line of lines) {
      const request = readRequest(line);
      if (request === undefined) {
        const message = 'a request must be a JSON object {"id": NUMBER, "method": TEXT, "params": {…}}';
        void this.#send({ id: null, error: { code: 'control.bad-request', message, details: {} } });
      } else if ('cancel' in request) {
        this.#running.get(request.id)?.abort(new FabricError('control.cancelled', 'cancelled by the client'));
      } else {
        void this.#run(request.id, request.method, request.params);
      }
    }
  }

  async #run(id: number, method: string, params: object): Promise<void> {
    if (this.#running.has(id)) {
      const message = `request id ${id} is in use; number the requests of a connection`;
      await this.#send({ id, error: { code: 'control.bad-request', message, details: {} } });
      return;
    }
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const handler = this.#handlers.get(method);
      if (handler === undefined) throw unknownMethod(method, [...this.#handlers.keys()]);
      const outcome = await handler(params, { signal: controller.signal });
      if (isAsyncIterable(outcome)) await this.#stream(id, outcome, controller.signal);
      else if (!controller.signal.aborted) await this.#send({ id, result: outcome ?? null });
    } catch (error) {
      if (!controller.signal.aborted) {
        if (!(error instanceof FabricError)) this.#logger.error({ err: error, method }, 'control handler failed');
        await this.#send({ id, error: errorBody(error) });
      }
    } finally {
      if (this.#running.get(id) === controller) this.#running.delete(id);
    }
  }

  async #stream(id: number, events: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
    const iterator = events[Symbol.asyncIterator]();
    // A fresh promise per event: racing each against one promise of the abort would collect reactions on that for ever.
    let giveUp: (() => void) | undefined;
    signal.addEventListener('abort', () => giveUp?.(), { once: true });
    while (true) {
      const next = await new Promise<IteratorResult<unknown> | undefined>((resolve, reject) => {
        giveUp = () => resolve(undefined);
        if (signal.aborted) giveUp();
        else iterator.next().then(resolve, reject);
      });
      if (next === undefined || signal.aborted) {
        // Not awaited: a generator that waits for its source answers only when that source moves.
        void Promise.resolve(iterator.return?.()).catch((error: unknown) =>
          this.#logger.debug({ err: error }, 'control stream failed while closing'),
        );
        return;
      }
      if (next.done === true) break;
      await this.#send({ id, event: next.value });
    }
    await this.#send({ id, end: true });
  }

  /** Resolves when the client has taken enough of what was sent before. */
  async #send(response: ControlResponse): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    if (this.#socket.write(`${JSON.stringify(response)}\n`)) return;
    const waiting = new AbortController();
    const closed = once(this.#socket, 'close', { signal: waiting.signal });
    const drained = once(this.#socket, 'drain', { signal: waiting.signal });
    const settled = Promise.race([closed, drained]);
    closed.catch(() => undefined);
    drained.catch(() => undefined);
    await settled.catch(() => undefined);
    waiting.abort();
  }
}

function readRequest(line: string): ControlRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, method, params = {}, cancel } = value as Record<string, unknown>;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
  if (cancel === true) return { id, cancel };
  if (typeof method !== 'string' || typeof params !== 'object' || params === null) return undefined;
  return { id, method, params };
}

function unknownMethod(method: string, known: readonly string[]): FabricError {
  return new FabricError('control.unknown-method', `there is no method "${method}"; known: ${known.join(', ')}`, {
    details: { method, known },
  });
}

function errorBody(error: unknown): ControlErrorBody {
  if (error instanceof FabricError) return { code: error.code, message: error.message, details: error.details };
  return {
    code: 'control.internal',
    message: `${error instanceof Error ? error.message : String(error)}; the daemon's log says more`,
    details: {},
  };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
