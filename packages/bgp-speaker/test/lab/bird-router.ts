import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Namespace, stopChild } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

/** BIRD 2 in a namespace. */
export class BirdRouter implements AsyncDisposable {
  readonly #namespace: Namespace;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(namespace: Namespace, directory: string) {
    this.#namespace = namespace;
    this.#directory = directory;
  }

  static async create(namespace: Namespace): Promise<BirdRouter> {
    return new BirdRouter(namespace, await mkdtemp(join(tmpdir(), 'bird-')));
  }

  /** `recover`: it is back from a crash, and says that its kernel kept forwarding (RFC 4724 F bit). `prompt`: real-time priority, if allowed. */
  async start(configuration: string, { recover = false, prompt = false } = {}): Promise<void> {
    await writeFile(this.#configuration, configuration);
    this.#child = this.#namespace.spawn(
      'sh',
      [
        '-c',
        // A router has a machine of its own: this one's other work must not make it late for BFD.
        `${prompt ? 'chrt --rr --pid 1 $$ 2>/dev/null;' : ''} exec bird "$@"`,
        'sh',
        '-f',
        ...(recover ? ['-R'] : []),
        '-c',
        this.#configuration,
        '-s',
        this.#socket,
        '-P',
        join(this.#directory, 'bird.pid'),
      ],
      (text) => {
        this.#log += text;
      },
    );
    await waitUntil('BIRD answers', () => this.show('status'));
  }

  /** As a crash: its routes stay in its kernel. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) await stopChild(this.#child, 'SIGKILL');
    this.#child = undefined;
  }

  /** Falls silent without ending, as a router that hangs. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  show(what: string): Promise<string> {
    return this.command(`show ${what}`);
  }

  /** Of birdc. */
  command(words: string): Promise<string> {
    return this.#namespace.exec('birdc', ['-s', this.#socket, ...words.split(' ')]);
  }

  /** Takes another configuration over without a restart. */
  async configure(configuration: string): Promise<void> {
    await writeFile(this.#configuration, configuration);
    await this.command('configure');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get log(): string {
    return this.#log;
  }

  get #configuration(): string {
    return join(this.#directory, 'bird.conf');
  }

  get #socket(): string {
    return join(this.#directory, 'bird.ctl');
  }
}

export interface BirdPeerSettings {
  readonly routerId: string;
  readonly localAddress: string;
  readonly asNumber: number;
  readonly peerAddress: string;
  readonly peerAsNumber: number;
  /** Prefixes that it announces, both families. */
  readonly originates: readonly string[];
  /** Further lines of the `protocol bgp` block. */
  readonly options?: string;
}

/** A router with one BGP peer, that puts what it learns into its kernel. */
export function birdConfiguration(settings: BirdPeerSettings): string {
  const statics = (family: 4 | 6) =>
    settings.originates
      .filter((prefix) => prefix.includes(':') === (family === 6))
      .map((prefix) => `route ${prefix} blackhole;`)
      .join(' ');
  return `
log stderr all;
debug protocols { states, events };
router id ${settings.routerId};
graceful restart wait 20;
protocol device { scan time 1; }
protocol kernel k4 { persist; graceful restart on; ipv4 { export where source = RTS_BGP; }; }
protocol kernel k6 { persist; graceful restart on; ipv6 { export where source = RTS_BGP; }; }
protocol static s4 { ipv4; ${statics(4)} }
protocol static s6 { ipv6; ${statics(6)} }
protocol bgp host {
  local ${settings.localAddress} as ${settings.asNumber};
  neighbor ${settings.peerAddress} as ${settings.peerAsNumber};
  direct;
  graceful restart on;
  connect delay time 1;
  error wait time 1, 2;
  ${settings.options ?? ''}
  ipv4 { import all; export all; next hop self; };
  ipv6 { import all; export all; next hop self; };
}
`;
}
