import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { type Tool, toolUnavailable } from './tool.ts';
import { toolEnvironment } from './tool-environment.ts';

export interface ToolExit {
  /** Absent if a signal ended it. */
  readonly exitCode?: number;
  /** Why it could not be started. */
  readonly startError?: unknown;
}

type OutputStream = 'stdout' | 'stderr';

/** A running child with piped standard streams. It dies with us: by `cleanup`, and by the end of its input. */
export class ToolProcess implements AsyncDisposable {
  readonly tool: Tool;
  readonly pid: number | undefined;
  /** Resolves when the child has ended and its output has been delivered; never rejects. */
  readonly exited: Promise<ToolExit>;
  #running = true;
  readonly #child;
  readonly #listeners: Record<OutputStream, (text: string) => void> = {
    stdout: () => undefined,
    stderr: () => undefined,
  };

  private constructor(tool: Tool, args: readonly string[]) {
    this.tool = tool;
    this.#child = execa(tool.command, args, {
      buffer: false,
      cleanup: true,
      reject: false,
      extendEnv: false,
      env: toolEnvironment(),
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      forceKillAfterDelay: false,
    });
    this.pid = this.#child.pid;
    // A child that ends before it has read its input is told of by `exited`, not by EPIPE.
    this.#child.stdin.on('error', () => undefined);
    // Known sooner than `exited`, which waits for the output.
    this.#child.nodeChildProcess.on('exit', () => {
      this.#running = false;
    });
    for (const name of ['stdout', 'stderr'] as const) {
      const stream: Readable = this.#child[name];
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => this.#listeners[name](text));
    }
    this.exited = this.#child.then((result) => {
      this.#running = false;
      if (result.exitCode !== undefined) return { exitCode: result.exitCode };
      return this.pid === undefined ? { startError: result.originalMessage ?? result } : {};
    });
  }

  static start(tool: Tool, args: readonly string[]): ToolProcess {
    return new ToolProcess(tool, args);
  }

  get running(): boolean {
    return this.#running && this.pid !== undefined;
  }

  /** From now on hands decoded output on as it comes; until then, and of the other stream, it is thrown away. */
  onOutput(stream: OutputStream, listener: (text: string) => void): void {
    this.#listeners[stream] = listener;
  }

  /** Resolves with true when the child's input has taken the text; with false if the child was gone by then. */
  write(text: string): Promise<boolean> {
    return new Promise((resolve) => {
      this.#child.stdin.write(text, (error) => resolve(error === null || error === undefined));
    });
  }

  end(text = ''): void {
    this.#child.stdin.end(text);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** The typed error for a child that could not be started. */
  unavailable(exit: ToolExit): ReturnType<typeof toolUnavailable> {
    const reason = exit.startError === undefined ? 'it ended unexpectedly' : String(exit.startError);
    return toolUnavailable(this.tool, reason, exit.startError);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) this.kill();
    await this.exited;
  }
}
