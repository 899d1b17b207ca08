import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { FabricLab } from './fabric-lab.ts';
import type { LabNode } from './lab-node.ts';
import { Prober } from './prober.ts';
import type { TopologyNode } from './topology.ts';
import { waitFor } from './wait-for.ts';

export interface InstanceOptions {
  readonly name: string;
  readonly host: string;
  readonly network: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6?: string;
  readonly securityGroups: readonly string[];
}

export interface ProbePorts {
  readonly tcpPorts: readonly number[];
  readonly udpPorts: readonly number[];
}

/** An instance that comes and goes while the lab runs, as on a compute host: tap, DHCP entry, manifest. */
export class PluggedInstance {
  readonly name: string;
  readonly options: InstanceOptions;
  readonly node: LabNode;
  readonly #fabric: FabricLab;

  private constructor(fabric: FabricLab, options: InstanceOptions) {
    this.name = options.name;
    this.options = options;
    this.node = fabric.lab.node(options.name);
    this.#fabric = fabric;
  }

  /** Plugs it in without a manifest: nobody claims its tap yet. */
  static async plug(fabric: FabricLab, options: InstanceOptions): Promise<PluggedInstance> {
    const leases = await fabric.lab.writable('dhcp-hosts');
    await writeFile(join(leases, options.name), `${options.mac},${options.ipv4}\n`);
    const host = { node: options.host, interface: tapOf(options.name) };
    const guest = { node: options.name, interface: 'eth0', mac: options.mac };
    await fabric.lab.extend({ nodes: [nodeOf(options)], links: [[host, guest]] });
    return new PluggedInstance(fabric, options);
  }

  /** Plugs it in, applies its manifest, and waits until it is up and has its address. */
  static async start(fabric: FabricLab, options: InstanceOptions): Promise<PluggedInstance> {
    const instance = await PluggedInstance.plug(fabric, options);
    await fabric.apply({ text: instance.manifest() });
    await instance.awaitAddress();
    return instance;
  }

  get tap(): string {
    return tapOf(this.name);
  }

  get key(): string {
    return `default/${this.name}`;
  }

  manifest(changes: Readonly<Record<string, unknown>> = {}): string {
    const { name, host, network, mac, ipv4, ipv6, securityGroups } = this.options;
    const addresses = ipv6 === undefined ? [ipv4] : [ipv4, ipv6];
    return stringify({
      apiVersion: 'slash32.dev/v1',
      kind: 'Instance',
      metadata: { name },
      spec: { host, interface: this.tap, mac, network, addresses, securityGroups, ...changes },
    });
  }

  async awaitAddress(): Promise<void> {
    await this.#fabric.awaitEndpoint(this.options.host, this.key);
    await waitFor(
      async () => (await this.node.exec(['ip', '-4', 'address', 'show', 'dev', 'eth0'])).stdout,
      (text) => text.includes(` ${this.options.ipv4}/`),
      { what: `${this.name} has ${this.options.ipv4} by DHCP` },
    );
  }

  prober(ports: ProbePorts): Promise<Prober> {
    return Prober.start(this.node, ports);
  }

  /** Deletes the manifest, then pulls the plug. */
  async remove(): Promise<void> {
    await this.#fabric.fabricctl(['delete', 'instance', this.name]);
    await this.#fabric.lab.remove(this.name);
  }
}

function tapOf(name: string): string {
  return `tap${name}`;
}

const LEASE_SCRIPT = resolve(import.meta.dirname, '../topologies/two-racks/udhcpc.script');

function nodeOf({ name, ipv6 }: InstanceOptions): TopologyNode {
  const settings = ['sysctl -qw net.ipv6.conf.eth0.accept_ra=0'];
  if (ipv6 !== undefined) {
    settings.push(`ip address add ${ipv6}/128 dev eth0 nodad`, 'ip route add default via fe80::1 dev eth0');
  }
  return {
    name,
    kind: 'linux',
    image: 'slash32/instance:dev',
    binds: [{ hostPath: LEASE_SCRIPT, containerPath: '/etc/udhcpc/slash32.script', readOnly: true }],
    exec: settings,
    env: {},
    labels: {},
  };
}
