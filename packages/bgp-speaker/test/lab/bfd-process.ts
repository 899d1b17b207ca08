import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { BfdCounts } from '../../src/bfd/bfd-counters.ts';
import type { BfdSessionSettings, BfdStatusReport } from '../../src/bfd/bfd-service.ts';
import { type Namespace, stopChild } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

const NODE = join(import.meta.dirname, '../../../../node_modules/.bin/node');
const PROGRAM = join(import.meta.dirname, 'bfd-process-main.ts');

interface Line {
  readonly index?: number;
  readonly status?: BfdStatusReport;
  readonly blocking?: true;
  readonly blockedMs?: number;
  readonly counts?: readonly BfdCounts[];
  readonly cpu?: NodeJS.CpuUsage;
}

/** A process in a namespace that holds BFD sessions through a BfdService, and nothing else. */
export class BfdProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Line[] = [];
  #rest = '';
  #other = '';

  constructor(namespace: Namespace, sessions: readonly BfdSessionSettings[]) {
    this.#child = namespace.spawn(NODE, [PROGRAM, ...sessions.map((session) => JSON.stringify(session))], (text) =>
      this.#read(text),
    );
  }

  /** All statuses of a session so far, oldest first. */
  history(index = 0): readonly BfdStatusReport[] {
    return this.#lines.flatMap((line) => (line.index === index && line.status !== undefined ? [line.status] : []));
  }

  async state(state: BfdStatusReport['state'], index = 0): Promise<BfdStatusReport> {
    return await waitUntil(
      () => `BFD session ${index} in ${state}: ${JSON.stringify(this.history(index))} ${this.#other}`,
      () => {
        const latest = this.history(index).at(-1);
        return latest?.state === state ? latest : undefined;
      },
    );
  }

  /** Blocks the main thread for 2 s; resolves when that has begun, with a wait for its end. */
  async blockMainThread(): Promise<() => Promise<void>> {
    await this.#started();
    const before = this.#count('blocking');
    this.#child.kill('SIGUSR2');
    await waitUntil('main thread is blocked', () => this.#count('blocking') > before);
    return async () => {
      await waitUntil('main thread is back', () => this.#count('blockedMs') > before);
    };
  }

  /** It has printed something, so it also hears signals. */
  async #started(): Promise<void> {
    await waitUntil(
      () => `BFD process runs: ${this.#other}`,
      () => this.#lines.length > 0,
    );
  }

  async counts(): Promise<{ readonly sessions: readonly BfdCounts[]; readonly cpu: NodeJS.CpuUsage }> {
    await this.#started();
    const before = this.#count('counts');
    this.#child.kill('SIGHUP');
    return await waitUntil('counts', () => {
      const line = this.#lines.findLast(({ counts }) => counts !== undefined);
      if (this.#count('counts') === before || line?.counts === undefined || line.cpu === undefined) return undefined;
      return { sessions: line.counts, cpu: line.cpu };
    });
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await stopChild(this.#child, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }

  #count(field: keyof Line): number {
    return this.#lines.filter((line) => line[field] !== undefined).length;
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part.startsWith('{')) this.#lines.push(JSON.parse(part) as Line);
      else this.#other += `${part}\n`;
    }
  }
}
