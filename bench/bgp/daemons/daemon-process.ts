import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../lab/wait-until.ts';
import type { DaemonPlace } from './bgp-daemon.ts';

/** A program in the daemon's namespace; its output goes to a file. `ip netns exec` becomes the program, so pids are equal. */
export class DaemonProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor({ namespace, directory }: DaemonPlace, command: string, args: readonly string[]) {
    this.#log = join(directory, `${command.replaceAll('/', '_')}.log`);
    const log = openSync(this.#log, 'a');
    this.#child = spawn('ip', ['netns', 'exec', namespace.name, command, ...args], { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits for `probe` to succeed; an error has the end of the log. */
  async answers(what: string, probe: () => Promise<unknown>): Promise<void> {
    try {
      await waitUntil(what, 60_000, async () => {
        await probe();
        return true;
      });
    } catch (error) {
      throw new Error(`${what}: not there; log: ${readFileSync(this.#log, 'utf8').slice(-1500)}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
