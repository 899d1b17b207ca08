import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AgentMethods,
  type ControlClient,
  type ControlMethodMap,
  connectControl,
  type SpeakerMethods,
} from '@slash32/shared';
import { execa } from 'execa';
import { connect, makeNamespace, type Namespace } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const HOST = 'compute-1';

/** A compute host in a namespace, with a datastore directory; optionally a BIRD router behind `eth0`. */
export class ComputeHost implements AsyncDisposable {
  readonly namespace: Namespace;
  readonly router: Namespace;
  /** Holds `fabric/` (the datastore), sockets and logs. */
  readonly directory: string;
  readonly #children: ChildProcess[] = [];

  private constructor(namespace: Namespace, router: Namespace) {
    this.namespace = namespace;
    this.router = router;
    this.directory = mkdtempSync(join(tmpdir(), 'slash32-bench-'));
    mkdirSync(join(this.directory, 'fabric'));
    writeFileSync(join(this.directory, 'fabric', 'fabric.yaml'), FABRIC);
  }

  static async make(name = 'host'): Promise<ComputeHost> {
    const namespace = await makeNamespace(name);
    const router = await makeNamespace(`${name}-tor`);
    await connect(
      { namespace, interface: 'eth0', addresses: ['192.0.2.11/24', '2001:db8:f::11/64'] },
      { namespace: router, interface: 'eth0', addresses: ['192.0.2.1/24', '2001:db8:f::1/64'] },
    );
    return new ComputeHost(namespace, router);
  }

  /** Writes a manifest file into the datastore directory, whole at once. */
  writeManifests(file: string, text: string): void {
    writeFileSync(join(this.directory, 'fabric', file), text);
  }

  async startRouter(): Promise<void> {
    const config = join(this.directory, 'bird.conf');
    writeFileSync(config, BIRD);
    this.#start(this.router, 'bird', ['-f', '-c', config, '-s', join(this.directory, 'bird.ctl')], 'bird');
  }

  /** Starts felix-agent and returns its control client once it answers (not: once it is in sync). */
  async startAgent(): Promise<{ child: ChildProcess; control: ControlClient<AgentMethods> }> {
    const socket = join(this.directory, 'agent.sock');
    const child = this.#start(
      this.namespace,
      join(REPOSITORY, 'bin/felix-agent'),
      this.#options(socket),
      'felix-agent',
    );
    return { child, control: await this.#connect<AgentMethods>('felix-agent', socket) };
  }

  async startSpeaker(): Promise<{ child: ChildProcess; control: ControlClient<SpeakerMethods> }> {
    const socket = join(this.directory, 'speaker.sock');
    const child = this.#start(
      this.namespace,
      join(REPOSITORY, 'bin/bgp-speaker'),
      this.#options(socket),
      'bgp-speaker',
    );
    return { child, control: await this.#connect<SpeakerMethods>('bgp-speaker', socket) };
  }

  async fabricctl(...args: string[]): Promise<string> {
    const result = await execa(join(REPOSITORY, 'bin/fabricctl'), args, {
      env: { SLASH32_DATASTORE: `dir:${join(this.directory, 'fabric')}` },
    });
    return result.stdout;
  }

  log(program: string): string {
    return readFileSync(join(this.directory, `${program}.log`), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => stop(child)));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #options(socket: string): string[] {
    return ['--host', HOST, '--datastore', `dir:${join(this.directory, 'fabric')}`, '--control-socket', socket];
  }

  #start(namespace: Namespace, command: string, args: readonly string[], program: string): ChildProcess {
    const log = openSync(join(this.directory, `${program}.log`), 'a');
    const child = spawn('ip', ['netns', 'exec', namespace.name, command, ...args], { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#children.push(child);
    return child;
  }

  async #connect<Methods extends ControlMethodMap<Methods>>(
    program: string,
    socket: string,
  ): Promise<ControlClient<Methods>> {
    try {
      return await waitUntil(`${program} to answer on its control socket`, 20_000, () =>
        connectControl<Methods>(socket),
      );
    } catch (error) {
      throw new Error(`${program} does not come up; its log ends:\n${this.log(program).slice(-2000)}`, {
        cause: error,
      });
    }
  }
}

/** Ends a child, and returns when it has gone. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

const FABRIC = `apiVersion: slash32.dev/v1
kind: FabricConfiguration
metadata: { name: default }
spec: { siteCidrs: [10.0.0.0/8, 192.0.2.0/24, "2001:db8::/32"] }
---
apiVersion: slash32.dev/v1
kind: Host
metadata: { name: ${HOST} }
spec: { address: 192.0.2.11, address6: "2001:db8:f::11", asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor }
spec: { hosts: all(), address: 192.0.2.1, asNumber: 64901, connectRetrySeconds: 1 }
---
apiVersion: slash32.dev/v1
kind: Network
metadata: { name: net }
spec:
  pools:
    - { cidr: 10.64.0.0/12, gateway: 10.64.0.1 }
    - { cidr: "2001:db8:64::/64" }
`;

const BIRD = `router id 192.0.2.1;
protocol device { }
protocol kernel { ipv4 { export all; import none; }; }
protocol kernel { ipv6 { export all; import none; }; }
protocol bgp host {
  local 192.0.2.1 as 64901;
  neighbor 192.0.2.11 as 64601;
  graceful restart on;
  connect retry time 1;
  connect delay time 1;
  error wait time 1, 2;
  ipv4 { import all; export none; };
  ipv6 { import all; export none; };
}
`;
