import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CommandIo, type ExitCode, runFabricctl } from '../src/index.ts';

/** What a command did. */
export interface CommandRun {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
}

/** Runs a command line in this process and keeps what it prints. */
export async function run(args: readonly string[], { input, env, columns }: RunOptions = {}): Promise<CommandRun> {
  let out = '';
  let err = '';
  const io: CommandIo = {
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    readInput: async () => input ?? '',
    env: env ?? {},
    columns,
  };
  const code = await runFabricctl(args, io);
  return { code, out, err };
}

/** A temporary directory with a datastore in it, `fabric/`, and room for manifests, sockets and such. */
export class TestFabric implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** `files`: texts by path below the datastore's directory. */
  static async create(files: Readonly<Record<string, string>> = {}): Promise<TestFabric> {
    const fabric = new TestFabric(await mkdtemp(join(tmpdir(), 'fabricctl-test-')));
    await mkdir(fabric.at('fabric'));
    for (const [name, text] of Object.entries(files)) await fabric.write(join('fabric', name), text);
    return fabric;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, text: string): Promise<string> {
    const path = this.at(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  /** Runs a command against this datastore and the sockets `agent.sock` and `speaker.sock` here. */
  run(args: readonly string[], options: RunOptions = {}): Promise<CommandRun> {
    const env = {
      SLASH32_DATASTORE: `dir:${this.at('fabric')}`,
      SLASH32_AGENT_SOCKET: this.at('agent.sock'),
      SLASH32_SPEAKER_SOCKET: this.at('speaker.sock'),
      ...options.env,
    };
    return run(args, { ...options, env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}
