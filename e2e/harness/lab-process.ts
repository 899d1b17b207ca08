import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { FabricError } from '@slash32/shared';

export interface LabProcessOptions {
  /** For messages and the log's name: `felix-agent`. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Receives standard output (unless piped) and standard error, appended. */
  readonly logFile: string;
  /** Keep standard input and output for the caller, as {@link LabProcess.input} and {@link LabProcess.output}. */
  readonly piped?: boolean;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process in a node of the lab, with its output in a file. Disposal terminates it, then kills it. */
export class LabProcess implements AsyncDisposable {
  readonly name: string;
  readonly logFile: string;
  readonly exited: Promise<ExitStatus>;
  readonly #child: ChildProcess;
  #exit: ExitStatus | undefined;

  private constructor(options: LabProcessOptions, child: ChildProcess) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.#child = child;
    this.exited = new Promise((resolve) => {
      const settle = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#exit ??= { code, signal };
        resolve(this.#exit);
      };
      child.once('exit', settle);
      child.once('error', () => settle(127, null));
    });
  }

  static start(options: LabProcessOptions): LabProcess {
    const [program, ...parameters] = options.command;
    if (program === undefined) throw new FabricError('lab.empty-command', `${options.name}: the command is empty`);
    const log = openSync(options.logFile, 'a');
    const input = options.piped === true ? 'pipe' : 'ignore';
    const output = options.piped === true ? 'pipe' : log;
    try {
      // In a group of its own: Ctrl-C is for the lab, which then ends its processes in order.
      const child = spawn(program, parameters, { env: options.env, stdio: [input, output, log], detached: true });
      return new LabProcess(options, child);
    } finally {
      closeSync(log);
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new FabricError('lab.not-started', `${this.name} did not start`);
    return this.#child.pid;
  }

  get exit(): ExitStatus | undefined {
    return this.#exit;
  }

  get input(): Writable {
    if (this.#child.stdin === null) throw new FabricError('lab.not-piped', `${this.name} was not started piped`);
    return this.#child.stdin;
  }

  get output(): Readable {
    if (this.#child.stdout === null) throw new FabricError('lab.not-piped', `${this.name} was not started piped`);
    return this.#child.stdout;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit !== undefined) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => {
      process.stderr.write(`${this.logFile}: did not end within ${GRACE_MS} ms of SIGTERM, killed\n`);
      this.#child.kill('SIGKILL');
    }, GRACE_MS);
    await this.exited;
    clearTimeout(timer);
  }
}

/** How long a process may take to stop before it is killed. */
const GRACE_MS = 10_000;
