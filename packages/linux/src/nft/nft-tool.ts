import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Tool, toolUnavailable } from '../process/tool.ts';
import { toolEnvironment } from '../process/tool-environment.ts';

/** `nft` under its own name: for what reads. */
export const NFT: Tool = { command: 'nft', debianPackage: 'nftables', area: 'nft' };

/**
 * `nft` under a name of its own, in a private directory. The kernel's notifications name the process that made a
 * change by command name and by a process id that is not ours to know inside a PID namespace; the name says "this
 * transactor" everywhere.
 */
export class NftTool implements AsyncDisposable {
  /** What the kernel calls a process of {@link writer}: at most 15 octets (TASK_COMM_LEN). */
  readonly processName = `s32-${randomBytes(5).toString('hex')}`;
  readonly #executable: string;
  #directory: string | undefined;

  private constructor(executable: string) {
    this.#executable = executable;
  }

  /** Throws `nft.unavailable` if there is no `nft`. */
  static async open(command = NFT.command): Promise<NftTool> {
    return new NftTool(await findExecutable(command));
  }

  /** The tool under its unique name: for what changes the ruleset. */
  async writer(): Promise<Tool> {
    return { ...NFT, command: join(await this.#readyDirectory(), this.processName) };
  }

  /** Hands over the text of a transaction that is too long for a line; returns the file that has it until the next. */
  async writeTransaction(text: string): Promise<string> {
    const file = join(await this.#readyDirectory(), 'transaction.nft');
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  /** Programs that clean up temporary files may have removed what is here for longer than they think. */
  async #readyDirectory(): Promise<string> {
    if (this.#directory !== undefined && (await exists(join(this.#directory, this.processName))))
      return this.#directory;
    const directory = await mkdtemp(join(tmpdir(), 'slash32-nft-'));
    await symlink(this.#executable, join(directory, this.processName));
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
    this.#directory = directory;
    return directory;
  }
}

async function findExecutable(command: string): Promise<string> {
  const directories = command.includes('/') ? [''] : (toolEnvironment().PATH ?? '').split(delimiter);
  for (const directory of directories) {
    const path = directory === '' ? command : join(directory, command);
    if (await exists(path, constants.X_OK)) return path;
  }
  throw toolUnavailable(NFT, `no ${command} in ${directories.join(delimiter)}`);
}

function exists(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
