import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BgpNeighborStatus,
  connectControl,
  type ParamsOf,
  type SpeakerMethods,
  type SpeakerStatus,
} from '@slash32/shared';
import { type Namespace, stopChild } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

type AnsweredMethod = 'speaker.routes' | 'speaker.clear' | 'speaker.shutdown' | 'speaker.enable';

const BINARY = join(import.meta.dirname, '../../../../bin/bgp-speaker');

/** `bin/bgp-speaker` as a process in a namespace, on a datastore directory of its own. */
export class SpeakerProcess implements AsyncDisposable {
  readonly #namespace: Namespace;
  readonly #directory: string;
  readonly #host: string;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(namespace: Namespace, directory: string, host: string) {
    this.#namespace = namespace;
    this.#directory = directory;
    this.#host = host;
  }

  /** `manifests`: YAML of all resources. */
  static async create(namespace: Namespace, host: string, manifests: string): Promise<SpeakerProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'speaker-'));
    await mkdir(join(directory, 'fabric'));
    const speaker = new SpeakerProcess(namespace, directory, host);
    await speaker.write(manifests);
    return speaker;
  }

  get log(): string {
    return this.#log;
  }

  get controlSocket(): string {
    return join(this.#directory, 'speaker.sock');
  }

  async write(manifests: string): Promise<void> {
    await writeFile(join(this.#directory, 'fabric/all.yaml'), manifests);
  }

  /** `options`: of the daemon, besides those that it always gets; `env`: variables, besides ours. */
  start(options: readonly string[] = [], env: Readonly<Record<string, string>> = {}): void {
    this.#child = this.#namespace.spawn(
      'env',
      [
        ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
        BINARY,
        '--host',
        this.#host,
        '--datastore',
        `dir:${join(this.#directory, 'fabric')}`,
        '--control-socket',
        this.controlSocket,
        '--log-level',
        'debug',
        ...options,
      ],
      (text) => {
        this.#log += text;
      },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#child !== undefined) await stopChild(this.#child, signal);
    this.#child = undefined;
  }

  status(): Promise<SpeakerStatus> {
    return this.#call((client) => client.call('speaker.status', {}));
  }

  async neighbor(peer: string): Promise<BgpNeighborStatus> {
    const neighbors = await this.#call((client) => client.call('speaker.neighbors', {}));
    const neighbor = neighbors.find((status) => status.peer === peer);
    if (neighbor === undefined) throw new Error(`no neighbor ${peer}`);
    return neighbor;
  }

  routes(prefix: string): Promise<SpeakerMethods['speaker.routes']['result']> {
    return this.#call((client) => client.call('speaker.routes', { prefix }));
  }

  /** Any question of the control socket that has one answer. */
  ask<Method extends AnsweredMethod>(
    method: Method,
    params: ParamsOf<SpeakerMethods[Method]>,
  ): Promise<SpeakerMethods[Method]['result']> {
    return this.#call((client) => client.call(method, params));
  }

  async established(peer: string, timeoutMs = 20_000): Promise<void> {
    await waitUntil(
      () => `session with ${peer}; log:\n${this.#log}`,
      async () => (await this.neighbor(peer)).state === 'Established',
      timeoutMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #call<Result>(
    ask: (client: Awaited<ReturnType<typeof connectControl<SpeakerMethods>>>) => Promise<Result>,
  ): Promise<Result> {
    await using client = await connectControl<SpeakerMethods>(this.controlSocket);
    return await ask(client);
  }
}
