import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Namespace, stopChild } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

const DAEMONS = '/usr/lib/frr';

/** FRR (zebra, bgpd, and bfdd if asked for) in a namespace. */
export class FrrRouter implements AsyncDisposable {
  readonly #namespace: Namespace;
  readonly #directory: string;
  #zebra: ChildProcess | undefined;
  #bgpd: ChildProcess | undefined;
  #bfdd: ChildProcess | undefined;
  #log = '';

  private constructor(namespace: Namespace, directory: string) {
    this.#namespace = namespace;
    this.#directory = directory;
  }

  static async create(namespace: Namespace): Promise<FrrRouter> {
    return new FrrRouter(namespace, await mkdtemp(join(tmpdir(), 'frr-')));
  }

  /** `bfd`: configuration of bfdd. */
  async start(configuration: string, { bfd }: { bfd?: string } = {}): Promise<void> {
    await writeFile(join(this.#directory, 'bgpd.conf'), configuration);
    await writeFile(join(this.#directory, 'zebra.conf'), 'hostname zebra\n');
    const groups = await readFile('/etc/group', 'utf8');
    await writeFile(join(this.#directory, 'group'), groups.replace(/^frrvty:.*$/m, 'frrvty:x:0:root'));
    this.#zebra = this.#spawn('zebra', ['-K', '60']);
    await waitUntil('zebra answers', () => this.show('interface brief'));
    if (bfd !== undefined) {
      await writeFile(join(this.#directory, 'bfdd.conf'), bfd);
      this.#bfdd = this.#spawn('bfdd', ['--bfdctl', join(this.#directory, 'bfdd.sock')]);
      await waitUntil('bfdd answers', () => this.show('bfd peers'));
    }
    this.startBgpd();
    await waitUntil('bgpd answers', () => this.show('bgp summary'));
  }

  /** bgpd is back, with another configuration if there is one. */
  async restartBgpd(configuration?: string): Promise<void> {
    if (configuration !== undefined) await writeFile(join(this.#directory, 'bgpd.conf'), configuration);
    this.startBgpd();
    await waitUntil('bgpd answers', () => this.show('bgp summary'));
  }

  startBgpd(): void {
    this.#bgpd = this.#spawn('bgpd', []);
  }

  /** bgpd crashes; zebra keeps the kernel's routes. */
  async killBgpd(): Promise<void> {
    if (this.#bgpd !== undefined) await stopChild(this.#bgpd, 'SIGKILL');
    this.#bgpd = undefined;
  }

  /** bfdd falls silent without ending, as on a machine that hangs. */
  freezeBfdd(): void {
    this.#bfdd?.kill('SIGSTOP');
  }

  show(what: string): Promise<string> {
    return this.command(`show ${what}`);
  }

  /** Of vtysh, in enable mode. */
  command(words: string): Promise<string> {
    return this.#namespace.exec('vtysh', ['--vty_socket', this.#directory, '-c', words]);
  }

  /** Commands in configuration mode. */
  async configure(commands: readonly string[]): Promise<void> {
    const words = ['configure terminal', ...commands].flatMap((command) => ['-c', command]);
    await this.#namespace.exec('vtysh', ['--vty_socket', this.#directory, ...words]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killBgpd();
    if (this.#bfdd !== undefined) await stopChild(this.#bfdd, 'SIGKILL');
    if (this.#zebra !== undefined) await stopChild(this.#zebra, 'SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }

  get log(): string {
    return this.#log;
  }

  #spawn(daemon: string, options: readonly string[]): ChildProcess {
    const own = (name: string) => join(this.#directory, name);
    // FRR runs as root only where the group frrvty has root as a member; `ip netns exec` has mounts of its own.
    // A router has a machine of its own: this one's other work must not make it late for BFD.
    const prompt = daemon === 'bfdd' ? 'chrt --rr --pid 1 $$ 2>/dev/null;' : '';
    const script = `${prompt} mount --bind "$1" /etc/group && shift && exec "$@"`;
    return this.#namespace.spawn(
      'sh',
      [
        ...['-c', script, 'sh', own('group'), join(DAEMONS, daemon)],
        ...['-u', 'root', '-g', 'root', '-f', own(`${daemon}.conf`), '-i', own(`${daemon}.pid`)],
        ...['-z', own('zserv.api'), '--vty_socket', this.#directory, '-P', '0', '--log', 'stdout', ...options],
      ],
      (text) => {
        this.#log += text;
      },
    );
  }
}

export interface FrrPeerSettings {
  readonly routerId: string;
  readonly asNumber: number;
  readonly peerAddress: string;
  readonly peerAsNumber: number;
  /** Further lines under the neighbor: `passive`. */
  readonly options?: readonly string[];
  /** Further lines of the IPv4 family, and of the whole configuration. */
  readonly ipv4?: readonly string[];
  readonly global?: readonly string[];
}

/** A router with one BGP peer that it gives default routes of both families, as a rack router does. */
export function frrConfiguration(settings: FrrPeerSettings): string {
  const { peerAddress } = settings;
  return `
hostname tor
${(settings.global ?? []).join('\n')}
router bgp ${settings.asNumber}
 bgp router-id ${settings.routerId}
 no bgp ebgp-requires-policy
 bgp graceful-restart
 bgp graceful-restart preserve-fw-state
 timers bgp 3 9
 neighbor ${peerAddress} remote-as ${settings.peerAsNumber}
 neighbor ${peerAddress} timers connect 1
${(settings.options ?? []).map((line) => ` neighbor ${peerAddress} ${line}`).join('\n')}
 address-family ipv4 unicast
  neighbor ${peerAddress} activate
  neighbor ${peerAddress} default-originate
${(settings.ipv4 ?? []).map((line) => `  ${line}`).join('\n')}
 exit-address-family
 address-family ipv6 unicast
  neighbor ${peerAddress} activate
  neighbor ${peerAddress} default-originate
 exit-address-family
`;
}
