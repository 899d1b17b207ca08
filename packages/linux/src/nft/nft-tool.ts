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
  /** The tool under its unique name: for what changes the ruleset. */
  readonly writer: Tool;
  /** What the kernel calls {@link writer}: at most 15 octets (TASK_COMM_LEN). */
  readonly processName: string;
  /** Where the text of large transactions is handed over. */
  readonly transactionFile: string;
  readonly #directory: string;

  private constructor(directory: string, processName: string) {
    this.#directory = directory;
    this.processName = processName;
    this.writer = { ...NFT, command: join(directory, processName) };
    this.transactionFile = join(directory, 'transaction.nft');
  }

  /** Throws `nft.unavailable` if there is no `nft`. */
  static async open(command = NFT.command): Promise<NftTool> {
    const executable = await findExecutable(command);
    const directory = await mkdtemp(join(tmpdir(), 'slash32-nft-'));
    const tool = new NftTool(directory, `s32-${randomBytes(5).toString('hex')}`);
    await symlink(executable, tool.writer.command);
    return tool;
  }

  async writeTransaction(text: string): Promise<void> {
    await writeFile(this.transactionFile, text, { mode: 0o600 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function findExecutable(command: string): Promise<string> {
  const directories = command.includes('/') ? [''] : (toolEnvironment().PATH ?? '').split(delimiter);
  for (const directory of directories) {
    const path = directory === '' ? command : join(directory, command);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  throw toolUnavailable(NFT, `no ${command} in ${directories.join(delimiter)}`);
}
