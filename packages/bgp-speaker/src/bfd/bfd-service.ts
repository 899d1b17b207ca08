import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Clock, FabricError, type Logger, type Timer } from '@slash32/shared';
import { BfdCounters, type BfdCounts } from './bfd-counters.ts';
import type { BfdTimers } from './bfd-session-state.ts';
import type { BfdSessionStatus } from './bfd-status.ts';
import type { BfdEndpoint } from './bfd-transport.ts';
import type { BfdReport, BfdRequest } from './bfd-worker-messages.ts';

export interface BfdSessionSettings {
  readonly endpoint: BfdEndpoint;
  readonly timers: BfdTimers;
}

/** A status with the wall-clock time, in milliseconds since 1970, at which the worker had it. */
export interface BfdStatusReport extends BfdSessionStatus {
  readonly atMs: number;
}

/** One session as the main thread sees it. */
export interface BfdSessionHandle {
  /** `undefined` until the worker has taken it up. */
  readonly status: BfdStatusReport | undefined;
  readonly counts: BfdCounts;
  /** New timers without a new session (a Poll Sequence, RFC 5880 6.8.3). */
  configure(timers: BfdTimers): void;
  /** Ends it as AdminDown; no more calls come. */
  remove(): void;
}

/** Where sessions are kept; `BfdService`, or a stand-in in tests. */
export interface BfdSessions {
  /** Why there is no BFD at all, for people; `undefined` while there is, or none is needed. */
  readonly failure: string | undefined;
  /** `onStatus` is called with every status that differs from the one before it. */
  add(
    settings: BfdSessionSettings,
    onStatus: (status: BfdStatusReport, previous: BfdStatusReport | undefined) => void,
  ): BfdSessionHandle;
}

interface Entry {
  readonly settings: { endpoint: BfdEndpoint; timers: BfdTimers };
  readonly counters: BfdCounters;
  readonly onStatus: (status: BfdStatusReport, previous: BfdStatusReport | undefined) => void;
  status: BfdStatusReport | undefined;
}

const RESTART_MS = 1000;
const STOP_TIMEOUT_MS = 500;

/** Beside this module: a source beside a source, a bundle beside a bundle (scripts/build.ts). */
const WORKER_PROGRAM = new URL(`./bfd-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * BFD on a thread of its own, so that packets leave and silence is noticed on time whatever the main thread does.
 * Threads of a process share its network namespace, so the worker's sockets are where the speaker's are.
 */
export class BfdService implements BfdSessions, AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #program: URL;
  readonly #entries = new Map<number, Entry>();
  #worker: Worker | undefined;
  #restartTimer: Timer | undefined;
  #lastId = 0;
  #stopped = false;
  #failure: string | undefined;

  /**
   * The worker starts with the first session: hosts without BFD pay nothing. `worker`: its program, if it is not the
   * real one, which tests of this side are about.
   */
  constructor(options: { readonly clock: Clock; readonly logger: Logger; readonly worker?: URL }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#program = options.worker ?? WORKER_PROGRAM;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  add(settings: BfdSessionSettings, onStatus: Entry['onStatus']): BfdSessionHandle {
    if (this.#stopped) throw new FabricError('bfd.stopped', 'the BFD service has stopped; no session can be added');
    this.#lastId += 1;
    const id = this.#lastId;
    const entry: Entry = { settings: { ...settings }, counters: new BfdCounters(), onStatus, status: undefined };
    this.#entries.set(id, entry);
    if (this.#worker === undefined) this.#startWorker();
    else this.#announce(id, entry);
    return {
      get status() {
        return entry.status;
      },
      get counts() {
        return entry.counters.read();
      },
      configure: (timers) => {
        entry.settings.timers = timers;
        if (this.#entries.has(id)) this.#request({ type: 'configure', id, timers });
      },
      remove: () => {
        if (this.#entries.delete(id)) this.#request({ type: 'remove', id });
      },
    };
  }

  /** Sessions by state. */
  stats(): ReadonlyMap<string, number> {
    const states = new Map<string, number>();
    for (const { status } of this.#entries.values()) {
      const state = status?.state ?? 'Down';
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    return states;
  }

  /** Remote systems are told AdminDown before it resolves, or 500 ms have passed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#restartTimer?.cancel();
    this.#entries.clear();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#request({ type: 'stop' });
    const timer = this.#clock.schedule(STOP_TIMEOUT_MS, () => void worker.terminate(), { keepAlive: true });
    await ended;
    timer.cancel();
  }

  #startWorker(): void {
    const worker = new Worker(this.#program, { name: 'bfd' });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (report: BfdReport) => this.#receive(report));
    worker.on('error', (cause) =>
      this.#workerFailed(worker, cause instanceof Error ? cause : new Error(String(cause))),
    );
    worker.on('exit', () => this.#workerFailed(worker, new Error('the thread ended')));
    for (const [id, entry] of this.#entries) this.#announce(id, entry);
  }

  #receive(report: BfdReport): void {
    if (report.type === 'ready') {
      this.#failure = undefined;
      this.#logger.debug({ priority: report.priority }, 'BFD runs');
      return;
    }
    const entry = this.#entries.get(report.id);
    if (entry === undefined) return;
    const previous = entry.status;
    entry.status = { ...report.status, atMs: report.atMs };
    entry.onStatus(entry.status, previous);
  }

  /**
   * A bug, or no library for this machine. Sessions start anew with the next worker; that they end here is no failure
   * of the path, so nobody is told Down.
   */
  #workerFailed(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (this.#stopped) return;
    this.#failure = error.message;
    this.#logger.error({ err: error }, 'BFD has failed; BGP sessions rely on their hold timers until it is back');
    for (const entry of this.#entries.values()) entry.status = undefined;
    this.#restartTimer = this.#clock.schedule(RESTART_MS, () => this.#startWorker());
  }

  #announce(id: number, { settings, counters }: Entry): void {
    this.#request({ type: 'add', id, ...settings, counters: counters.memory });
  }

  #request(request: BfdRequest): void {
    this.#worker?.postMessage(request);
  }
}
