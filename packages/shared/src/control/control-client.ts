import { connect, type Socket } from 'node:net';
import { FabricError } from '../errors/fabric-error.ts';
import { BatchQueue } from '../lifecycle/batch-queue.ts';
import type { Clock } from '../time/clock.ts';
import { SystemClock } from '../time/system-clock.ts';
import {
  type CallName,
  type ControlMethodMap,
  type ControlResponse,
  type EventOf,
  MAX_CONTROL_LINE_BYTES,
  type ParamsOf,
  type ResultOf,
  type StreamName,
} from './control-protocol.ts';
import { LineReader } from './line-reader.ts';

export interface ControlCallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until `control.timeout`; the client's default if left out. Streams have none. */
  readonly timeoutMs?: number;
}

/**
 * A connection to a daemon. Rejections are `FabricError`s: the daemon's own codes, or `control.closed`,
 * `control.timeout`, `control.line-too-long`; an aborted signal rejects with its reason.
 */
export interface ControlClient<Methods extends ControlMethodMap<Methods>> extends AsyncDisposable {
  readonly path: string;
  call<Name extends CallName<Methods>>(
    method: Name,
    params: ParamsOf<Methods[Name]>,
    options?: ControlCallOptions,
  ): Promise<ResultOf<Methods[Name]>>;
  /** Ends when the daemon ends it; stopping the iteration cancels it there. */
  stream<Name extends StreamName<Methods>>(
    method: Name,
    params: ParamsOf<Methods[Name]>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<EventOf<Methods[Name]>>;
}

export interface ControlClientOptions {
  /** Of the connection attempt and of calls; 10 s if left out. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Longest answer line, in octets. */
  readonly maxLineBytes?: number;
}

/** Connects to a daemon's control socket. Throws `FabricError` `control.unreachable`, `control.denied`. */
export async function connectControl<Methods extends ControlMethodMap<Methods>>(
  path: string,
  options: ControlClientOptions = {},
): Promise<ControlClient<Methods>> {
  const clock = options.clock ?? new SystemClock();
  const timeoutMs = options.timeoutMs ?? 10_000;
  const socket = await open(path, clock, timeoutMs, options.signal);
  const client = new SocketControlClient(
    path,
    socket,
    clock,
    timeoutMs,
    options.maxLineBytes ?? MAX_CONTROL_LINE_BYTES,
  );
  // The socket carries untyped JSON: that the daemon answers as `Methods` says holds because both are of one release.
  return client as unknown as ControlClient<Methods>;
}

/** Receives the answers to one request. */
interface PendingRequest {
  settle(response: ControlResponse): void;
  fail(error: unknown): void;
}

/** Events that may wait for a slow consumer before the socket is paused, so that the daemon is held back in turn. */
const MAX_WAITING_EVENTS = 64;

class SocketControlClient {
  readonly path: string;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #lines: LineReader;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #fullQueues = new Set<BatchQueue<unknown>>();
  #nextId = 1;
  #closedBy: unknown;

  constructor(path: string, socket: Socket, clock: Clock, timeoutMs: number, maxLineBytes: number) {
    this.path = path;
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#lines = new LineReader(maxLineBytes);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#shutDown(closedError(path, error)));
    socket.on('close', () => this.#shutDown(closedError(path)));
  }

  async call(method: string, params: object, options: ControlCallOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted();
    if (this.#closedBy !== undefined) throw this.#closedBy;
    const id = this.#takeId();
    const answer = Promise.withResolvers<unknown>();
    const cancel = (reason: unknown): void => {
      this.#write({ id, cancel: true });
      answer.reject(reason);
    };
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const timer = this.#clock.schedule(
      timeoutMs,
      () => cancel(new FabricError('control.timeout', `${this.path} did not answer ${method} within ${timeoutMs} ms`)),
      { keepAlive: true },
    );
    const abort = (): void => cancel(options.signal?.reason);
    options.signal?.addEventListener('abort', abort, { once: true });
    this.#pending.set(id, {
      settle: (response) => {
        if ('result' in response) answer.resolve(response.result);
        else if ('error' in response) answer.reject(errorOf(response.error));
        else answer.reject(new FabricError('control.bad-answer', `${method} answered with a stream; use stream()`));
      },
      fail: answer.reject,
    });
    this.#write({ id, method, params });
    try {
      return await answer.promise;
    } finally {
      this.#pending.delete(id);
      timer.cancel();
      options.signal?.removeEventListener('abort', abort);
    }
  }

  async *stream(
    method: string,
    params: object,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<unknown> {
    options.signal?.throwIfAborted();
    if (this.#closedBy !== undefined) throw this.#closedBy;
    const id = this.#takeId();
    const queue = new BatchQueue<unknown>();
    const abort = (): void => queue.fail(options.signal?.reason);
    options.signal?.addEventListener('abort', abort, { once: true });
    let ended = false;
    this.#pending.set(id, {
      settle: (response) => {
        if ('event' in response) {
          queue.push(response.event);
          if (queue.size >= MAX_WAITING_EVENTS) this.#holdBack(queue);
          return;
        }
        ended = true;
        if ('error' in response) queue.fail(errorOf(response.error));
        else queue.end();
      },
      fail: (error) => {
        ended = true;
        queue.fail(error);
      },
    });
    this.#write({ id, method, params });
    try {
      for await (const batch of queue) {
        yield* batch;
        this.#letGo(queue);
      }
    } finally {
      this.#pending.delete(id);
      this.#letGo(queue);
      options.signal?.removeEventListener('abort', abort);
      if (!ended) this.#write({ id, cancel: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.destroy();
    await closed;
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  #write(request: object): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(request)}\n`);
  }

  #holdBack(queue: BatchQueue<unknown>): void {
    this.#fullQueues.add(queue);
    this.#socket.pause();
  }

  #letGo(queue: BatchQueue<unknown>): void {
    if (this.#fullQueues.delete(queue) && this.#fullQueues.size === 0) this.#socket.resume();
  }

  #receive(chunk: Buffer | string): void {
    try {
      for (const line of this.#lines.push(chunk)) {
        const response = JSON.parse(line) as ControlResponse;
        if (response.id === null)
          this.#shutDown('error' in response ? errorOf(response.error) : closedError(this.path));
        else this.#pending.get(response.id)?.settle(response);
      }
    } catch (error) {
      this.#shutDown(
        error instanceof FabricError
          ? error
          : new FabricError('control.bad-answer', `${this.path} sent no JSON`, { cause: error }),
      );
    }
  }

  #shutDown(error: unknown): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = error;
    for (const request of this.#pending.values()) request.fail(error);
    this.#pending.clear();
    this.#socket.destroy();
  }
}

function open(path: string, clock: Clock, timeoutMs: number, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const socket = connect(path);
    const finish = (outcome: () => void): void => {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
      socket.off('error', refuse);
      outcome();
    };
    const give = (error: unknown): void =>
      finish(() => {
        socket.on('error', () => undefined);
        socket.destroy();
        reject(error);
      });
    const abort = (): void => give(signal?.reason);
    const refuse = (cause: NodeJS.ErrnoException): void => give(connectError(path, cause));
    const timer = clock.schedule(
      timeoutMs,
      () => give(new FabricError('control.timeout', `nobody answered on ${path} within ${timeoutMs} ms`)),
      { keepAlive: true },
    );
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', refuse);
    socket.once('connect', () => finish(() => resolve(socket)));
  });
}

function connectError(path: string, cause: NodeJS.ErrnoException): FabricError {
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new FabricError('control.denied', `may not connect to ${path}; run as root or as a member of its group`, {
      cause,
    });
  }
  return new FabricError(
    'control.unreachable',
    `no daemon answers on ${path} (${cause.code ?? cause.message}); is it running, and is this its --control-socket?`,
    { cause },
  );
}

function closedError(path: string, cause?: unknown): FabricError {
  return new FabricError('control.closed', `the daemon on ${path} closed the connection`, { cause });
}

function errorOf(body: { readonly code: string; readonly message: string; readonly details: object }): FabricError {
  return new FabricError(body.code, body.message, { details: { ...body.details } });
}
