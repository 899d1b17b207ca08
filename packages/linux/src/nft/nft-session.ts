import type { Tool } from '../process/tool.ts';
import { ToolProcess } from '../process/tool-process.ts';

interface Pending {
  readonly token: string;
  readonly delivered: Promise<boolean>;
  readonly resolve: (stderr: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A long-lived `nft -i` that is fed one transaction per line. Compared with an `nft` per transaction this saves the
 * fork and, where something is deleted, an RCU grace period (about 15 ms) for which the kernel holds up whoever closes
 * the netlink socket.
 *
 * `nft` says nothing about success. So a word that it does not know follows each line: its syntax error, which contains
 * the word, comes after all that `nft` had to say about the line.
 */
export class NftSession implements AsyncDisposable {
  readonly #child: ToolProcess;
  #stderr = '';
  #pending: Pending | undefined;
  #sequence = 0;
  #octets = 0;

  constructor(tool: Tool) {
    this.#child = ToolProcess.start(tool, ['-i']);
    this.#child.onOutput('stderr', (text) => {
      this.#stderr += text;
      this.#settle();
    });
    void this.#child.exited.then(async (exit) => {
      const pending = this.#pending;
      this.#pending = undefined;
      if (pending === undefined) return;
      if (await pending.delivered) pending.reject(this.#child.unavailable(exit));
      else pending.resolve(undefined);
    });
  }

  get running(): boolean {
    return this.#child.running;
  }

  /** What has been fed so far: `nft -i` keeps every line as history until it ends. */
  get octets(): number {
    return this.#octets;
  }

  /**
   * Runs one line, after the one before has finished; resolves with what nft said about it, '' being success, or with
   * undefined if nft had ended before it could get the line. Rejects with `nft.unavailable` if nft ended with the line
   * in its hands; whether that was applied is then unknown.
   */
  async execute(line: string): Promise<string | undefined> {
    if (!this.running) return undefined;
    this.#sequence += 1;
    const token = `slash32-sync-${this.#sequence}`;
    const input = `${line}\n${token}\n`;
    this.#octets += input.length;
    this.#stderr = '';
    return new Promise((resolve, reject) => {
      this.#pending = { token, delivered: this.#child.write(input), resolve, reject };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }

  /** The syntax error has three lines: message, the word, a caret. */
  #settle(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const wordAt = this.#stderr.indexOf(`\n${pending.token}\n`);
    if (wordAt < 0) return;
    if (this.#stderr.indexOf('\n', wordAt + pending.token.length + 2) < 0) return;
    this.#pending = undefined;
    pending.resolve(this.#stderr.slice(0, this.#stderr.lastIndexOf('\n', wordAt - 1) + 1));
  }
}
