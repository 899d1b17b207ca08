import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Namespace, stopChild } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

const CHROOT = '/run/openbgpd';

export interface OpenbgpdSettings {
  readonly peerAddress: string;
  readonly passive?: boolean;
  /** TCP-MD5. */
  readonly password?: string;
  /** Of one hop. */
  readonly ttlSecurity?: boolean;
}

/** OpenBGPD in a namespace: AS 65000 with one peer of AS 4200000001, both families, kernel routes left alone. */
export class OpenbgpdRouter implements AsyncDisposable {
  readonly #namespace: Namespace;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(namespace: Namespace, directory: string) {
    this.#namespace = namespace;
    this.#directory = directory;
  }

  static async create(namespace: Namespace): Promise<OpenbgpdRouter> {
    return new OpenbgpdRouter(namespace, await mkdtemp(join(tmpdir(), 'openbgpd-')));
  }

  start(settings: OpenbgpdSettings): Promise<void> {
    return this.startWith((socket) => configuration(settings, socket));
  }

  /** With another configuration, which has to name the socket that bgpctl is to use. */
  async startWith(configurationOf: (socket: string) => string): Promise<void> {
    const file = join(this.#directory, 'bgpd.conf');
    await writeFile(file, configurationOf(this.#socket), { mode: 0o600 });
    // The home of its user, which its package makes at boot; a sandbox has a /run of its own.
    await mkdir(CHROOT, { recursive: true });
    this.#child = this.#namespace.spawn('bgpd', ['-d', '-v', '-f', file], (text) => {
      this.#log += text;
    });
    await waitUntil(
      () => `bgpd answers: ${this.#log}`,
      () => this.command('show'),
    );
  }

  /** Its three processes end when the first one does. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) await stopChild(this.#child, 'SIGKILL');
    this.#child = undefined;
    await rm(this.#socket, { force: true });
  }

  command(words: string): Promise<string> {
    return this.#namespace.exec('bgpctl', ['-s', this.#socket, ...words.split(' ')]);
  }

  async has(prefix: string): Promise<boolean> {
    return (await this.command('show rib')).includes(` ${prefix} `);
  }

  async askForRefresh(peerAddress: string): Promise<void> {
    await this.command(`neighbor ${peerAddress} refresh`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get log(): string {
    return this.#log;
  }

  get #socket(): string {
    return join(this.#directory, 'bgpd.sock');
  }
}

function configuration(
  { peerAddress, passive = false, password, ttlSecurity = false }: OpenbgpdSettings,
  socket: string,
): string {
  return `
AS 65000
router-id 192.0.2.254
socket "${socket}"
fib-update no
nexthop qualify via default
network 0.0.0.0/0
network ::/0
neighbor ${peerAddress} {
  remote-as 4200000001
  announce IPv4 unicast
  announce IPv6 unicast
  announce restart yes
  holdtime 9
  ${passive ? 'passive' : ''}
  ${password === undefined ? '' : `tcp md5sig password ${password}`}
  ${ttlSecurity ? 'ttl-security yes' : ''}
}
allow from any
allow to any
`;
}
