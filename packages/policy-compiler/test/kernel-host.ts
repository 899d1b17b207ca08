import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { NftChange } from '@slash32/shared';
import type { OpenInstance } from '../src/index.ts';
import { nftText } from './nft-text.ts';
import type { PeerCommand, PeerEvent } from './packet-peer.ts';

/** How long a condition may take on a busy machine. */
const PATIENCE_MS = 20_000;
const PYTHON = '/usr/bin/python3';
const FRAME_SENDER = resolve(import.meta.dirname, '../../../e2e/probe/frames.py');

/** A namespace that sends and receives datagrams. */
export class PacketPeer implements Disposable {
  readonly received: Extract<PeerEvent, { event: 'received' }>[] = [];
  readonly #sent = new Set<string>();
  readonly #listening = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #child: ChildProcessWithoutNullStreams;
  #woken = Promise.withResolvers<void>();

  constructor(namespace: string) {
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, `${import.meta.dirname}/packet-peer.ts`]);
    this.#child.stderr.pipe(process.stderr);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const event: PeerEvent = JSON.parse(line);
      if (event.event === 'received') this.received.push(event);
      else if (event.event === 'sent') this.#sent.add(event.payload);
      else if (event.event === 'refused') this.#refused.add(`${event.to} ${event.port}`);
      else this.#listening.add(`${event.family} ${event.port}`);
      this.#woken.resolve();
      this.#woken = Promise.withResolvers();
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }

  async listen(family: 4 | 6, ...ports: readonly number[]): Promise<void> {
    await this.#listenAt(family, undefined, ports);
  }

  /** On one address only, so that what is sent from this port has it as source. */
  async listenAt(address: string, port: number): Promise<void> {
    await this.#listenAt(address.includes(':') ? 6 : 4, address, [port]);
  }

  async #listenAt(family: 4 | 6, address: string | undefined, ports: readonly number[]): Promise<void> {
    for (const port of ports) this.#tell({ op: 'listen', family, port, ...(address === undefined ? {} : { address }) });
    await this.until(() => ports.every((port) => this.#listening.has(`${family} ${port}`)), `listening on ${ports}`);
  }

  /** Resolves when the kernel has taken it (and, on one host of veths, has forwarded or dropped it). */
  async send(packet: Omit<Extract<PeerCommand, { op: 'send' }>, 'op'>): Promise<void> {
    this.#tell({ op: 'send', ...packet });
    await this.until(() => this.#sent.has(packet.payload), `sent ${packet.payload}`);
  }

  /** Waits until an ICMP error says that nobody listens there. */
  async refusal(to: string, port: number): Promise<void> {
    this.#tell({ op: 'expect-refusal', family: to.includes(':') ? 6 : 4, to, port });
    await this.until(() => this.#refused.has(`${to} ${port}`), `refused by ${to} port ${port}`);
  }

  packet(payload: string): Extract<PeerEvent, { event: 'received' }> | undefined {
    return this.received.find((some) => some.payload === payload);
  }

  /** Waits for a condition that an event of this peer makes true. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    const expired = new Promise<void>((resolve) => {
      deadline.addEventListener('abort', () => resolve());
    });
    while (!condition()) {
      if (deadline.aborted) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
      await Promise.race([this.#woken.promise, expired]);
    }
  }

  #tell(command: PeerCommand): void {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }
}

/** Sends raw frames out of an interface of a namespace; returns when the kernel has taken them. */
export function sendFrames(namespace: string, device: string, ...frames: readonly Buffer[]): void {
  for (const frame of frames) {
    const words = ['netns', 'exec', namespace, PYTHON, FRAME_SENDER, 'send', device, '1', frame.toString('hex')];
    execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  }
}

/** Of an interface in a namespace, or in the sandbox's own. */
export function macOf(device: string, namespace?: string): string {
  const where = namespace === undefined ? [] : ['-n', namespace];
  return JSON.parse(execFileSync('ip', [...where, '-j', 'link', 'show', device]).toString())[0].address;
}

/** The sandbox's own namespace as a compute host: taps are veths, the uplink leads to namespace `outside`. */
export class KernelHost {
  readonly #host = { address: '192.0.2.11', address6: '2001:db8:f::11' };

  /** `outside`: addresses of hosts elsewhere, all in one namespace. */
  constructor(outside: readonly string[]) {
    for (const [path, value] of [
      ['net/ipv4/ip_forward', 1],
      ['net/ipv6/conf/all/forwarding', 1],
      ['net/ipv6/conf/default/accept_dad', 0],
      ['net/ipv4/conf/all/rp_filter', 0],
      ['net/ipv4/conf/default/rp_filter', 0],
    ] as const) {
      writeFileSync(`/proc/sys/${path}`, String(value));
    }
    const { address, address6 } = this.#host;
    ip('netns add outside');
    ip('link add uplink type veth peer name eth0 netns outside');
    ip('link set uplink up');
    ip(`addr add ${address}/24 dev uplink`);
    ip(`addr add ${address6}/64 dev uplink nodad`);
    inside('outside', 'link set lo up', 'link set eth0 up');
    inside('outside', 'addr add 192.0.2.254/24 dev eth0', 'addr add 2001:db8:f::fe/64 dev eth0 nodad');
    for (const some of outside) inside('outside', `addr add ${some} dev lo${some.includes(':') ? ' nodad' : ''}`);
    inside('outside', `route add default via ${address}`, `-6 route add default via ${address6}`);
    ip('route add default via 192.0.2.254');
    ip('-6 route add default via 2001:db8:f::fe');
  }

  /** Makes the instance's namespace and tap, as an agent would set it up; the namespace has the instance's short name. */
  addInstance(instance: OpenInstance): string {
    const namespace = instance.name.replace('/', '-');
    const tap = instance.interface;
    ip(`netns add ${namespace}`);
    ip(`link add ${tap} type veth peer name eth0 address ${instance.mac} netns ${namespace}`);
    ip(`link set ${tap} up`);
    inside(namespace, 'link set lo up', 'link set eth0 up');
    for (const gateway of instance.gateways) {
      if (gateway.startsWith('fe80:')) ip(`addr add ${gateway}/64 dev ${tap} nodad`);
      else ip(`${familyFlag(gateway)} route replace local ${gateway} dev lo`);
    }
    for (const address of instance.addresses) {
      const flag = familyFlag(address);
      inside(namespace, `addr add ${address} dev eth0${flag === '-6' ? ' nodad' : ''}`);
      ip(`${flag} route add ${address} dev ${tap}`);
      ip(`${flag} neigh replace ${address} lladdr ${instance.mac} dev ${tap} nud permanent`);
      const gateway = instance.gateways.find((some) => familyFlag(some) === flag) ?? '';
      inside(namespace, `${flag} neigh replace ${gateway} lladdr ${macOf(tap)} dev eth0 nud permanent`);
      if (flag === '-4') inside(namespace, `route add ${gateway} dev eth0 scope link`);
      else if (!gateway.startsWith('fe80:')) inside(namespace, `-6 route add ${gateway} dev eth0`);
      inside(namespace, `${flag} route add default via ${gateway} dev eth0`);
    }
    return namespace;
  }

  apply(changes: readonly NftChange[]): void {
    if (changes.length > 0)
      execFileSync('nft', ['-f', '-'], { input: nftText(changes), stdio: ['pipe', 'pipe', 'inherit'] });
  }
}

export function ip(command: string): void {
  execFileSync(
    'ip',
    command.split(' ').filter((word) => word !== ''),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

export function inside(namespace: string, ...commands: readonly string[]): void {
  for (const command of commands) ip(`-n ${namespace} ${command}`);
}

function familyFlag(address: string): '-4' | '-6' {
  return address.includes(':') ? '-6' : '-4';
}
