import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A table of 100,000 routes, several lines each, is read at once. */
const OUTPUT = { maxBuffer: 256 * 1024 * 1024 } as const;

/** A network namespace; disposing it ends its children and removes it. */
export class Namespace implements AsyncDisposable {
  readonly name: string;
  readonly #children = new Set<ChildProcess>();

  private constructor(name: string) {
    this.name = name;
  }

  static async create(name: string): Promise<Namespace> {
    await run('ip', ['netns', 'add', name]);
    const namespace = new Namespace(name);
    await namespace.ip('link set lo up');
    // Link-local addresses are usable at once, so that what a router announces does not depend on how fast it came up.
    await namespace.exec('sysctl', ['-qw', 'net.ipv6.conf.default.accept_dad=0']);
    return namespace;
  }

  /** A veth pair between two namespaces, both ends up; addresses without duplicate address detection. */
  static async link(
    left: Namespace,
    leftDevice: string,
    leftAddresses: readonly string[],
    right: Namespace,
    rightDevice: string,
    rightAddresses: readonly string[],
  ): Promise<void> {
    await left.ip(`link add ${leftDevice} type veth peer name ${rightDevice} netns ${right.name}`);
    for (const [side, device, addresses] of [
      [left, leftDevice, leftAddresses],
      [right, rightDevice, rightAddresses],
    ] as const) {
      for (const address of addresses) {
        await side.ip(`addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`);
      }
      await side.ip(`link set ${device} up`);
    }
  }

  /** `ip -n NAME WORDS…`; returns standard output. */
  async ip(words: string): Promise<string> {
    return (await run('ip', ['-n', this.name, ...words.split(' ')], OUTPUT)).stdout;
  }

  async exec(command: string, args: readonly string[]): Promise<string> {
    return (await run('ip', ['netns', 'exec', this.name, command, ...args], OUTPUT)).stdout;
  }

  /** `ip` commands, carried out in one process. */
  async ipBatch(commands: readonly string[]): Promise<void> {
    const child = spawn('ip', ['-n', this.name, '-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    // It stops reading at the first command that fails, and says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${commands.join('\n')}\n`);
    if ((await ended) !== 0) throw new Error(`ip -batch: ${complaint.slice(0, 500)}`);
  }

  /** Starts a child in it; its output goes to `onOutput`. */
  spawn(command: string, args: readonly string[], onOutput: (text: string) => void): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.on('data', (chunk: Buffer) => onOutput(chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => onOutput(chunk.toString()));
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Begins to note changes of routes; answers what `ip OPTIONS monitor route` has printed by the time it is asked. */
  watchRoutes(...options: readonly string[]): () => string {
    let changes = '';
    this.spawn('ip', [...options, 'monitor', 'route'], (text) => {
      changes += text;
    });
    return () => changes;
  }

  /** Unicast routes as `ip route` prints them, one per line. */
  async routes(family: 4 | 6): Promise<readonly string[]> {
    const text = await this.ip(`-${family} route show table main`);
    return text
      .replaceAll(/\n\s+/g, ' ')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children].map((child) => stopChild(child, 'SIGKILL')));
    await run('ip', ['netns', 'del', this.name]);
  }
}

/** Sends the signal and waits for the end. */
export async function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}
