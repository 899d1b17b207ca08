import type { Resource } from '@slash32/shared';
import {
  type EndVerdict,
  FabricModel,
  HostPolicyCompiler,
  type HostPolicyCompilerOptions,
  type OpenInstance,
  tracePacket,
} from '../src/index.ts';
import { KernelHost, PacketPeer } from './kernel-host.ts';
import { instance } from './manifests.ts';
import { foundation, OUTSIDE } from './random-fabric.ts';

const UDP = 17;
const PORTS = [22, 80, 443, 8000] as const;
const INSTANCES = [
  ['t/i1', 'public', ['10.1.0.1', '2001:db8:1::1'], ['g1'], true],
  ['t/i2', 'nat', ['10.2.0.2', '2001:db8:2::2'], ['g1', 'g2'], true],
  ['t/i3', 'private', ['10.3.0.3', '2001:db8:3::3'], ['u/g1'], true],
  ['t/i4', 'public', ['10.1.0.4', '2001:db8:1::4'], ['s1'], true],
  ['t/i5', 'public', ['10.1.0.5', '2001:db8:1::5'], [], false],
] as const;

export interface Probe {
  readonly payload: string;
  readonly receiver: string;
  readonly verdict: 'pass' | 'drop';
  readonly seen: string | undefined;
  /** The rules that let it pass, up to the end that drops it. */
  readonly rules: readonly string[];
}

/**
 * Host `h1` in a kernel, with five instances and an outside, each a network namespace that sends and receives: what the
 * evaluator expects of a packet, and what became of it.
 */
export class KernelSite implements Disposable {
  readonly model = new FabricModel();
  readonly compiler: HostPolicyCompiler;
  readonly #host = new KernelHost(OUTSIDE);
  readonly #peers = new Map<string, PacketPeer>();
  #nextSourcePort = 20_000;

  constructor(options?: HostPolicyCompilerOptions) {
    this.compiler = new HostPolicyCompiler(this.model, 'h1', options);
  }

  static async start(options?: HostPolicyCompilerOptions): Promise<KernelSite> {
    const site = new KernelSite(options);
    for (const resource of foundation()) site.model.put(resource);
    INSTANCES.forEach((_, index) => {
      site.model.put(instanceAt(index));
    });
    for (const [name] of INSTANCES) site.addPeer(name);
    site.#peers.set('outside', new PacketPeer('outside'));
    for (const some of site.#peers.values()) {
      for (const family of [4, 6] as const) await some.listen(family, ...PORTS);
    }
    site.update();
    return site;
  }

  [Symbol.dispose](): void {
    for (const some of this.#peers.values()) some[Symbol.dispose]();
  }

  /** Gives an open instance its tap and namespace. */
  addPeer(name: string): PacketPeer {
    const added = new PacketPeer(this.#host.addInstance(this.open(name)));
    this.#peers.set(name, added);
    return added;
  }

  update(...resources: readonly Resource[]): void {
    for (const resource of resources) this.model.put(resource);
    this.#host.apply(this.compiler.flush().changes);
  }

  peer(name: string): PacketPeer {
    const found = this.#peers.get(name);
    if (found === undefined) throw new RangeError(`no peer ${name}`);
    return found;
  }

  open(name: string): OpenInstance {
    const found = this.model.instance(name);
    if (found?.state !== 'open') throw new TypeError(`${name} is not open: ${found?.reason}`);
    return found;
  }

  /** Sends a datagram that begins a flow; returns what the evaluator expects of it. */
  async sendProbe(from: string, source: string, to: string, destination: string, port: number): Promise<Probe> {
    this.#nextSourcePort += 1;
    const family = source.includes(':') ? 6 : 4;
    const payload = `${source}:${this.#nextSourcePort} > ${destination}:${port}`;
    await this.peer(from).send({
      family,
      address: source,
      sourcePort: this.#nextSourcePort,
      to: destination,
      port,
      payload,
    });
    const trace = tracePacket(this.model, {
      source: from === 'outside' ? { address: source } : { instance: from, address: source },
      destination: { address: destination },
      protocol: UDP,
      port,
      family,
    });
    const ends = [trace.source, trace.destination].sort((left, right) => this.#turnOf(left) - this.#turnOf(right));
    const droppedAt = ends.findIndex(({ verdict }) => verdict === 'drop');
    const rules = ends
      .slice(0, droppedAt < 0 ? undefined : droppedAt)
      .flatMap(({ rule }) => (rule === undefined ? [] : [`${rule.group} ${rule.index}`]));
    return { payload, receiver: to, verdict: trace.verdict, seen: trace.seenSourceAddress, rules };
  }

  /** Waits for all that must arrive; what must not has had the same time by then. */
  async settle(probes: readonly Probe[]): Promise<void> {
    for (const { payload, receiver, verdict } of probes) {
      if (verdict === 'pass')
        await this.peer(receiver).until(() => this.peer(receiver).packet(payload) !== undefined, payload);
    }
  }

  outcomes(probes: readonly Probe[]): unknown[] {
    return probes.map(({ payload, receiver }) => {
      const packet = this.peer(receiver).packet(payload);
      return { payload, verdict: packet === undefined ? 'drop' : 'pass', seen: packet?.from };
    });
  }

  async probeEverything(): Promise<Probe[]> {
    const probes: Probe[] = [];
    for (const family of [4, 6] as const) {
      const outside = OUTSIDE.filter((address) => address.includes(':') === (family === 6));
      for (const port of PORTS) {
        for (const [from] of INSTANCES) {
          for (const [to] of INSTANCES) {
            if (from === to) continue;
            probes.push(
              await this.sendProbe(from, this.#addressOf(from, family), to, this.#addressOf(to, family), port),
            );
          }
          for (const address of outside) {
            probes.push(await this.sendProbe(from, this.#addressOf(from, family), 'outside', address, port));
            probes.push(await this.sendProbe('outside', address, from, this.#addressOf(from, family), port));
          }
        }
      }
    }
    await this.settle(probes);
    return probes;
  }

  /** Ends that are judged by packet come first. */
  #turnOf({ instance: name }: EndVerdict): number {
    return name !== undefined && !this.open(name).stateful ? 0 : 1;
  }

  #addressOf(name: string, family: 4 | 6): string {
    return this.open(name).addresses.find((address) => address.includes(':') === (family === 6)) ?? '';
  }
}

/** The instance of INSTANCES[index]. */
export function instanceAt(index: number, ...pairs: readonly string[]): Resource {
  const [name, network, addresses, groups, portSecurity] = INSTANCES[index] ?? INSTANCES[0];
  return instance(name, {
    host: 'h1',
    interface: `tapi${index + 1}`,
    mac: `52:54:00:00:00:0${index + 1}`,
    network,
    addresses: [...addresses],
    securityGroups: [...groups],
    allowedAddressPairs: pairs.map((cidr) => ({ cidr })),
    portSecurity,
  });
}
