import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AgentMethods, type AgentStatus, connectControl } from '@slash32/shared';

const BINARY = resolve(import.meta.dirname, '../../../bin/felix-agent');

/** The felix-agent binary as a child on a `dir` datastore. */
export class AgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #socket: string;
  readonly #directory: string;
  #stderr = '';

  private constructor(child: ChildProcess, socket: string, directory: string) {
    this.#child = child;
    this.#socket = socket;
    this.#directory = directory;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
  }

  static async start(host: string, datastoreDirectory: string): Promise<AgentProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'felix-agent-'));
    const socket = join(directory, 'agent.sock');
    const args = ['--host', host, '--datastore', `dir:${datastoreDirectory}`, '--control-socket', socket];
    const child = spawn(BINARY, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    return new AgentProcess(child, socket, directory);
  }

  /** What it has logged so far. */
  get log(): string {
    return this.#stderr;
  }

  /** Its status, or `undefined` while it does not answer. */
  async status(): Promise<AgentStatus | undefined> {
    try {
      await using client = await connectControl<AgentMethods>(this.#socket);
      return await client.call('agent.status', {});
    } catch {
      return undefined;
    }
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }
}
