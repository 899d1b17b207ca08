import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { connect, makeNamespace, type Namespace } from '../../lab/namespace.ts';
import { BFD_INTERVAL_MS, DAEMON_AS } from '../daemons/bgp-daemon.ts';
import { DaemonProcess } from '../daemons/daemon-process.ts';
import type { WirePeerSettings } from '../wire-peer-messages.ts';

/** What is behind both routers. */
export const SERVICE = '198.18.0.1';

export interface TopOfRackSettings extends WirePeerSettings {
  /** Of the host, towards this router. */
  readonly device: string;
}

/** A router of the rack: BIRD with BFD in a namespace, the service's address on it. It can die, and come back. */
export class TopOfRack implements AsyncDisposable {
  readonly namespace: Namespace;
  readonly settings: TopOfRackSettings;
  readonly #directory: string;
  #bird: DaemonProcess | undefined;

  private constructor(namespace: Namespace, settings: TopOfRackSettings, directory: string) {
    this.namespace = namespace;
    this.settings = settings;
    this.#directory = directory;
  }

  /** `directory`: a folder that exists. */
  static async make(host: Namespace, settings: TopOfRackSettings, directory: string): Promise<TopOfRack> {
    const namespace = await makeNamespace(`${host.name}-${settings.device}`);
    // Both ends of a veth pair with the same number look like a physical link to the kernel, which may then hold back the
    // loss of carrier for up to a second.
    await namespace.ipBatch(['link add pad0 type veth peer name pad1']);
    await connect(
      { namespace: host, interface: settings.device, addresses: [`${settings.daemonAddress}/24`] },
      { namespace, interface: 'down0', addresses: [`${settings.address}/24`] },
    );
    await namespace.ipBatch([`address add ${SERVICE}/32 dev lo`]);
    // Packets come from an address of the host that is not on this link.
    await namespace.run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.down0.rp_filter=0');
    const router = new TopOfRack(namespace, settings, directory);
    writeFileSync(router.#config, configuration(settings));
    return router;
  }

  async start(): Promise<void> {
    const place = { namespace: this.namespace, directory: this.#directory };
    // A router is a machine of its own: what else runs on this one must not make it late.
    const bird = new DaemonProcess(place, 'chrt', ['--rr', '1', 'bird', '-f', '-c', this.#config, '-s', this.#socket]);
    this.#bird = bird;
    await bird.answers('bird', () => this.#birdc('show', 'status'));
  }

  /** The session with the host is up, and BFD as well, at its full rate both ways. */
  async isUp(): Promise<boolean> {
    if (!(await this.#birdc('show', 'protocols', 'host')).includes('Established')) return false;
    const sessions = await this.#birdc('show', 'bfd', 'sessions');
    const [, interval, timeout] = / Up +\S+ +([\d.]+) +([\d.]+)/.exec(sessions) ?? [];
    return Number(interval) * 1000 === BFD_INTERVAL_MS && Number(timeout) * 1000 === 3 * BFD_INTERVAL_MS;
  }

  /** Nothing goes in or out any more, and the link stays up. Returns the moment before, wall-clock milliseconds. */
  async fallSilent(): Promise<number> {
    const atMs = performance.timeOrigin + performance.now();
    await this.namespace.run('nft', SILENCE);
    return atMs;
  }

  /** As the machine's power fails: the carrier goes, so no dying words of its processes get out. Returns the moment before. */
  async losePower(): Promise<number> {
    const pid = this.#bird?.pid ?? 0;
    const atMs = performance.timeOrigin + performance.now();
    await this.namespace.run('sh', '-c', `ip link set down0 down; kill -9 ${pid}`);
    return atMs;
  }

  async comeBack(how: 'from silence' | 'from nothing'): Promise<void> {
    if (how === 'from silence') {
      await this.namespace.run('nft', 'delete table ip dead');
      return;
    }
    await this.#bird?.[Symbol.asyncDispose]();
    await this.namespace.ipBatch(['link set down0 up']);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bird?.[Symbol.asyncDispose]();
    await execa('ip', ['netns', 'del', this.namespace.name]);
  }

  async #birdc(...words: readonly string[]): Promise<string> {
    return (await execa('birdc', ['-s', this.#socket, ...words])).stdout;
  }

  get #socket(): string {
    return join(this.#directory, `${this.settings.device}.ctl`);
  }

  get #config(): string {
    return join(this.#directory, `${this.settings.device}.conf`);
  }
}

const SILENCE =
  'add table ip dead; add chain ip dead in { type filter hook input priority 0; policy drop; }; add chain ip dead out { type filter hook output priority 0; policy drop; }';

function configuration({ address, asNumber, daemonAddress }: TopOfRackSettings): string {
  return `router id ${address};
protocol device { }
protocol static { ipv4; route ${SERVICE}/32 blackhole; }
protocol bfd { interface "down0" { interval ${BFD_INTERVAL_MS} ms; multiplier 3; }; }
protocol bgp host {
  local ${address} as ${asNumber};
  neighbor ${daemonAddress} as ${DAEMON_AS};
  bfd graceful;
  graceful restart on;
  connect retry time 1; connect delay time 1; error wait time 1, 1;
  ipv4 { import all; export all; next hop self; };
}
`;
}
