import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Namespace, stopChild } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

export interface GobgpSettings {
  readonly peerAddress: string;
  readonly passive?: boolean;
  /** TCP-MD5. */
  readonly password?: string;
  /** Of one hop. */
  readonly ttlSecurity?: boolean;
  /** A second peer, whose routes it passes on. */
  readonly feeder?: { readonly address: string; readonly asNumber: number };
}

/** GoBGP in a namespace: AS 65000 with one peer of AS 4200000001, both families. It has no kernel routes. */
export class GobgpRouter implements AsyncDisposable {
  readonly #namespace: Namespace;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(namespace: Namespace, directory: string) {
    this.#namespace = namespace;
    this.#directory = directory;
  }

  static async create(namespace: Namespace): Promise<GobgpRouter> {
    return new GobgpRouter(namespace, await mkdtemp(join(tmpdir(), 'gobgp-')));
  }

  /** `recover`: it is back from a crash (RFC 4724 R bit). */
  async start(settings: GobgpSettings, options: { readonly recover?: boolean } = {}): Promise<void> {
    await this.startWith(configuration(settings), options);
    await this.command('global rib add 0.0.0.0/0 nexthop 192.0.2.254');
    await this.command('global rib add ::/0 nexthop 2001:db8:a::fe -a ipv6');
  }

  /** With another configuration, and without routes of its own. */
  async startWith(toml: string, { recover = false } = {}): Promise<void> {
    const file = join(this.#directory, 'gobgpd.toml');
    await writeFile(file, toml);
    this.#child = this.#namespace.spawn('gobgpd', ['-f', file, ...(recover ? ['-r'] : [])], (text) => {
      this.#log += text;
    });
    await waitUntil(
      () => `gobgpd answers: ${this.#log}`,
      () => this.command('neighbor'),
    );
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await stopChild(this.#child, 'SIGKILL');
    this.#child = undefined;
  }

  command(words: string): Promise<string> {
    return this.#namespace.exec('gobgp', words.split(' '));
  }

  async has(prefix: string): Promise<boolean> {
    return (await this.command(`global rib -a ${prefix.includes(':') ? 'ipv6' : 'ipv4'}`))
      .split(/[\s>]+/)
      .includes(prefix);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get log(): string {
    return this.#log;
  }
}

function configuration({
  peerAddress,
  passive = false,
  password = '',
  ttlSecurity = false,
  feeder,
}: GobgpSettings): string {
  const family = (name: string) => `
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${name}-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
`;
  return `
[global.config]
  as = 65000
  router-id = "192.0.2.254"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${peerAddress}"
    peer-as = 4200000001
    auth-password = "${password}"
  [neighbors.transport.config]
    passive-mode = ${passive}
  [neighbors.ttl-security.config]
    enabled = ${ttlSecurity}
    ttl-min = 255
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
    hold-time = 9
    keepalive-interval = 3
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 20
${family('ipv4')}${family('ipv6')}
${
  feeder === undefined
    ? ''
    : `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${feeder.address}"
    peer-as = ${feeder.asNumber}
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
`
}`;
}
