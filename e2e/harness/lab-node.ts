import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { FabricError } from '@slash32/shared';
import { execa } from 'execa';
import { type ImageRecipe, type RecipeProcess, recipeOf } from './image-recipes.ts';
import { LabProcess } from './lab-process.ts';
import { type NodeMount, prepareNodeFilesystem, quote } from './node-filesystem.ts';
import type { TopologyNode } from './topology.ts';
import { waitFor } from './wait-for.ts';

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly timeoutMs?: number;
  /** Return a non-zero exit code instead of throwing. */
  readonly allowFailure?: boolean;
  /** Standard input; none if left out. */
  readonly input?: string;
}

export interface LabNodeOptions {
  readonly spec: TopologyNode;
  /** Name of its network namespace below /run/netns; exists. */
  readonly namespace: string;
  /** For its files; made if missing. */
  readonly directory: string;
  readonly logDirectory: string;
  readonly mounts: readonly NodeMount[];
}

/** Shared by all labs of this checkout: a daemon starts in half the time when its code need not be compiled again. */
const COMPILE_CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/node-compile');

/** How long a command may take unless told otherwise. */
const EXEC_TIMEOUT_MS = 20_000;

/**
 * A node: namespaces for network, mounts and host name, held by one idle process, and the processes in them. Process
 * ids are the lab's: they can be signalled from outside.
 */
export class LabNode implements AsyncDisposable {
  readonly name: string;
  readonly spec: TopologyNode;
  readonly namespace: string;
  /** The machine's path of the node's /run; control sockets are in `slash32/` below it. */
  readonly runDirectory: string;
  readonly #logDirectory: string;
  readonly #recipe: ImageRecipe;
  readonly #keeper: LabProcess;
  readonly #processes = new Map<string, LabProcess>();

  private constructor(options: LabNodeOptions, recipe: ImageRecipe, runDirectory: string, keeper: LabProcess) {
    this.name = options.spec.name;
    this.spec = options.spec;
    this.namespace = options.namespace;
    this.runDirectory = runDirectory;
    this.#logDirectory = options.logDirectory;
    this.#recipe = recipe;
    this.#keeper = keeper;
  }

  static async create(options: LabNodeOptions): Promise<LabNode> {
    const { spec } = options;
    const recipe = recipeOf(spec.image);
    const files = await prepareNodeFilesystem(options.directory, recipe.files?.() ?? {}, options.mounts);
    const readyFile = join(files.runDirectory, '.ready');
    const script = [
      'set -e',
      `hostname ${quote(spec.name)}`,
      'ip link set lo up',
      files.script,
      'echo > /run/.ready',
      'exec sleep infinity',
    ].join('\n');
    const keeper = LabProcess.start({
      name: `${spec.name} namespaces`,
      command: [
        ...['nsenter', `--net=/run/netns/${options.namespace}`],
        ...['unshare', '--mount', '--uts', 'sh', '-c', script],
      ],
      env: nodeEnvironment(spec),
      logFile: join(options.logDirectory, `${spec.name}.namespaces.log`),
    });
    const node = new LabNode(options, recipe, files.runDirectory, keeper);
    await waitFor(
      async () => ({ ready: existsSync(readyFile), exit: keeper.exit, log: await keeper.log() }),
      ({ ready, exit }) => ready || exit !== undefined,
      { what: `namespaces of ${spec.name} are there` },
    );
    if (keeper.exit !== undefined) {
      throw new FabricError('lab.no-namespaces', `${spec.name}: cannot make its namespaces: ${await keeper.log()}`);
    }
    return node;
  }

  /** Process id to enter the node by: `nsenter -t PID --net --mount --uts`. */
  get pid(): number {
    return this.#keeper.pid;
  }

  /** Path of a control socket of this node, on the machine. */
  socket(daemon: 'felix-agent' | 'bgp-speaker'): string {
    return join(this.runDirectory, 'slash32', `${daemon}.sock`);
  }

  /** Runs a command to its end. Throws `FabricError` `lab.exec-failed` with its output. */
  async exec(command: readonly string[] | string, options: ExecOptions = {}): Promise<ExecResult> {
    const words = typeof command === 'string' ? ['sh', '-c', command] : command;
    const result = await execa('nsenter', [...this.#enter(), ...words], {
      env: nodeEnvironment(this.spec),
      extendEnv: false,
      reject: false,
      timeout: options.timeoutMs ?? EXEC_TIMEOUT_MS,
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    });
    const { exitCode = 124, stdout, stderr } = result;
    if (exitCode !== 0 && options.allowFailure !== true) {
      const text = typeof command === 'string' ? command : command.join(' ');
      throw new FabricError('lab.exec-failed', `${this.name}: ${text}: exit ${exitCode}: ${stderr || stdout}`);
    }
    return { exitCode, stdout, stderr };
  }

  /** Starts a process that belongs to the node; a name may be used again once its process has ended. */
  spawn(name: string, command: readonly string[], options: { readonly piped?: boolean } = {}): LabProcess {
    const running = this.#processes.get(name);
    if (running !== undefined && running.exit === undefined) {
      throw new FabricError('lab.already-running', `${this.name}: ${name} runs already, as process ${running.pid}`);
    }
    const process = LabProcess.start({
      name,
      command: ['nsenter', ...this.#enter(), ...command],
      env: nodeEnvironment(this.spec),
      logFile: join(this.#logDirectory, `${this.name}.${name}.log`),
      piped: options.piped ?? false,
    });
    this.#processes.set(name, process);
    return process;
  }

  process(name: string): LabProcess {
    const process = this.#processes.get(name);
    if (process === undefined) throw new FabricError('lab.unknown-process', `${this.name} runs no ${name}`);
    return process;
  }

  get processes(): readonly LabProcess[] {
    return [...this.#processes.values()];
  }

  /** Runs the topology's `exec` commands, in order and in one go. */
  async runExec(): Promise<void> {
    if (this.spec.exec.length === 0) return;
    const steps = this.spec.exec.map((command) => `${command} || { echo ${quote(command)} >&2; exit 1; }`);
    const { exitCode, stderr } = await this.exec(steps.join('\n'), { allowFailure: true });
    if (exitCode !== 0) {
      throw new FabricError(
        'lab.exec-failed',
        `${this.name}: exec failed: ${stderr.split('\n').toReversed().join(': ')}`,
      );
    }
  }

  /** Starts what the image runs, and waits until it answers. */
  async startImage(): Promise<void> {
    const pending = new Map<string, Promise<void>>();
    for (const recipe of this.#recipe.processes) {
      const before = (recipe.after ?? []).map((name) => pending.get(name));
      pending.set(
        recipe.name,
        Promise.all(before).then(() => this.startProcess(recipe.name)),
      );
    }
    await Promise.all(pending.values());
    for (const command of this.#recipe.configure ?? []) await this.exec(command);
  }

  /** (Re)starts one of the image's processes by name, and waits until it answers. */
  async startProcess(name: string): Promise<void> {
    const recipe = this.#recipe.processes.find((candidate) => candidate.name === name);
    if (recipe === undefined) {
      throw new FabricError('lab.unknown-process', `image ${this.spec.image} of ${this.name} has no process ${name}`);
    }
    if (recipe.onlyWith !== undefined && !existsSync(join(this.runDirectory, '../etc', recipe.onlyWith))) return;
    await this.#awaitReady(this.spawn(recipe.name, recipe.command), recipe);
  }

  /** Sends a signal to a process and, if that ends it, waits for the end. */
  async kill(name: string, signal: NodeJS.Signals): Promise<void> {
    const process = this.process(name);
    process.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT' && signal !== 'SIGHUP') await process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.processes.map((process) => process[Symbol.asyncDispose]()));
    this.#keeper.kill('SIGKILL');
    await this.#keeper.exited;
  }

  async #awaitReady(process: LabProcess, recipe: RecipeProcess): Promise<void> {
    const paths = (recipe.ready ?? []).map((path) => join(this.runDirectory, path));
    await waitFor(
      async () => ({ answers: await Promise.all(paths.map(answersOn)), exit: process.exit }),
      ({ answers, exit }) => !answers.includes(false) || exit !== undefined,
      { what: `${this.name}: ${recipe.name} is ready` },
    );
    if (process.exit !== undefined) {
      throw new FabricError('lab.process-died', `${this.name}: ${recipe.name} ended at once: ${await process.log()}`);
    }
  }

  #enter(): readonly string[] {
    return ['--target', String(this.#keeper.pid), '--net', '--mount', '--uts', '--wd=/', '--'];
  }
}

/** What a process in a node gets of the environment: only what the topology gives, and where programs are. */
function nodeEnvironment(spec: TopologyNode): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr',
    HOME: '/run/tmp',
    TMPDIR: '/run/tmp',
    LANG: 'C.UTF-8',
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...spec.env,
  };
}

/** True if somebody accepts connections on a socket; a killed process leaves the socket's file behind. */
function answersOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
