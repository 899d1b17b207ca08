import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

export interface TrafficCounts {
  readonly sent: number;
  readonly received: number;
  readonly receivedByPort: Readonly<Record<string, number>>;
}

export const PINNED_NODE = resolve(import.meta.dirname, '../../../node_modules/.bin/node');

/** `traffic.ts` as a child in a network namespace. */
export class TrafficProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: PromiseWithResolvers<string>[] = [];

  private constructor(namespace: string, args: readonly string[]) {
    const script = resolve(import.meta.dirname, 'traffic.ts');
    this.#child = spawn('ip', ['netns', 'exec', namespace, PINNED_NODE, script, ...args]);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(line));
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`traffic.ts ended with ${code}`));
    });
    this.#child.stderr.pipe(process.stderr);
  }

  /** Resolves when it listens or sends. */
  static async start(namespace: string, ...args: readonly string[]): Promise<TrafficProcess> {
    const traffic = new TrafficProcess(namespace, args);
    await traffic.#nextLine();
    return traffic;
  }

  counts(): Promise<TrafficCounts> {
    return this.#ask('counts');
  }

  /** Datagrams that were sent and not answered so far. */
  async unanswered(): Promise<number> {
    const { sent, received } = await this.counts();
    return sent - received;
  }

  /** Ends the sending; answers to what was sent may still come. */
  stop(): Promise<TrafficCounts> {
    return this.#ask('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exited;
  }

  async #ask(request: string): Promise<TrafficCounts> {
    const line = this.#nextLine();
    this.#child.stdin.write(`${request}\n`);
    return JSON.parse(await line) as TrafficCounts;
  }

  #nextLine(): Promise<string> {
    const line = Promise.withResolvers<string>();
    this.#waiting.push(line);
    return line.promise;
  }
}
