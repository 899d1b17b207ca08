import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { execa } from 'execa';

/** A network namespace of this run. Made with {@link makeNamespace}; it goes with the sandbox. */
export interface Namespace {
  readonly name: string;
  /** Runs a command in it to its end and returns its standard output; throws with the command's own words. */
  run(command: string, ...args: string[]): Promise<string>;
  /** Feeds lines to one `ip -batch`. */
  ipBatch(lines: readonly string[]): Promise<void>;
  /** Starts a long-lived child in it; it dies with the bench. */
  spawn(command: string, args: readonly string[]): ChildProcessByStdio<null, Readable, null>;
}

export async function makeNamespace(name: string): Promise<Namespace> {
  await execa('ip', ['netns', 'add', name]);
  const enter = (command: string, args: readonly string[]): [string, string[]] => [
    'ip',
    ['netns', 'exec', name, command, ...args],
  ];
  const namespace: Namespace = {
    name,
    async run(command, ...args) {
      return (await execa(...enter(command, args))).stdout;
    },
    async ipBatch(lines) {
      await execa(...enter('ip', ['-batch', '-']), { input: `${lines.join('\n')}\n` });
    },
    spawn(command, args) {
      const [program, argv] = enter(command, args);
      return spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
    },
  };
  await namespace.run('ip', 'link', 'set', 'lo', 'up');
  return namespace;
}

/** Joins two namespaces with a veth pair, both ends up; `address` texts with prefix length are added to the ends. */
export async function connect(
  left: { namespace: Namespace; interface: string; addresses?: readonly string[] },
  right: { namespace: Namespace; interface: string; addresses?: readonly string[] },
): Promise<void> {
  await execa('ip', [
    ...['link', 'add', left.interface, 'netns', left.namespace.name, 'type', 'veth'],
    ...['peer', 'name', right.interface, 'netns', right.namespace.name],
  ]);
  for (const end of [left, right]) {
    await end.namespace.ipBatch([
      ...(end.addresses ?? []).map(
        (address) => `address add ${address} dev ${end.interface}${address.includes(':') ? ' nodad' : ''}`,
      ),
      `link set ${end.interface} up`,
    ]);
  }
}
