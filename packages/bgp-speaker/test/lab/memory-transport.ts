import type { Clock } from '@slash32/shared';
import type {
  BgpConnection,
  ConnectionListener,
  ConnectTarget,
  IncomingConnection,
  Transport,
} from '../../src/session/transport.ts';

/** How long octets and connection set-ups take, milliseconds. */
const LATENCY_MS = 1;

/** TCP between speakers of one process, under their clock. Hosts are known by address. */
export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #hosts = new Map<string, (incoming: IncomingConnection) => void>();
  readonly #connections = new Set<MemoryConnection>();
  /** What a partition holds back: TCP sends it again until it arrives or the connection is gone. */
  readonly #held: (() => void)[] = [];
  #partitioned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** While true, nothing arrives, in either direction, and nobody is told. */
  get partitioned(): boolean {
    return this.#partitioned;
  }

  set partitioned(partitioned: boolean) {
    this.#partitioned = partitioned;
    if (!partitioned) for (const deliver of this.#held.splice(0)) deliver();
  }

  /** Runs `arrive` once a packet that is sent now has arrived; in the order of the calls. */
  deliver(arrive: () => void): void {
    this.#clock.schedule(LATENCY_MS, () => {
      if (this.#partitioned) this.#held.push(arrive);
      else arrive();
    });
  }

  listen(address: string, accept: (incoming: IncomingConnection) => void): void {
    this.#hosts.set(address, accept);
  }

  unlisten(address: string): void {
    this.#hosts.delete(address);
  }

  get openConnections(): number {
    return [...this.#connections].filter((connection) => connection.isOpen).length;
  }

  /** Addresses of those who opened the connections that are open, one per connection. */
  get initiators(): readonly string[] {
    return [...this.#connections].flatMap(({ isOpen, isInitiator, localAddress }) =>
      isOpen && isInitiator ? [localAddress] : [],
    );
  }

  /** Connections of a host end without a word: its process was killed. */
  kill(address: string): void {
    for (const connection of this.#connections) {
      if (connection.localAddress === address) connection.close();
    }
  }

  /** Connections of a host vanish: it lost its power, and nobody is told. */
  vanish(address: string): void {
    for (const connection of this.#connections) {
      if (connection.localAddress === address) connection.vanish();
    }
  }

  transport(localAddress: string): Transport {
    return { connect: (target, listener) => this.#connect(localAddress, target, listener) };
  }

  #connect(localAddress: string, target: ConnectTarget, listener: ConnectionListener): BgpConnection {
    const near = new MemoryConnection(this, localAddress, target.address);
    near.listener = listener;
    near.isInitiator = true;
    this.#connections.add(near);
    this.deliver(() => {
      if (!near.isOpen) return;
      const accept = this.#hosts.get(target.address);
      if (accept === undefined) {
        near.fail('connect ECONNREFUSED');
        return;
      }
      const far = new MemoryConnection(this, target.address, localAddress);
      this.#connections.add(far);
      near.peer = far;
      far.peer = near;
      near.listener?.onConnected();
      accept({
        remoteAddress: localAddress,
        localAddress: target.address,
        accept: (farListener) => {
          far.listener = farListener;
          return far;
        },
        refuse: () => far.close(),
      });
    });
    return near;
  }
}

class MemoryConnection implements BgpConnection {
  readonly localAddress: string;
  readonly remoteAddress: string;
  listener: ConnectionListener | undefined;
  peer: MemoryConnection | undefined;
  isOpen = true;
  isInitiator = false;
  bufferedOctets = 0;
  readonly #network: MemoryNetwork;

  constructor(network: MemoryNetwork, localAddress: string, remoteAddress: string) {
    this.#network = network;
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
  }

  write(octets: Uint8Array): void {
    const copy = octets.slice();
    this.bufferedOctets += copy.length;
    this.#network.deliver(() => {
      this.bufferedOctets -= copy.length;
      if (this.isOpen) this.listener?.onWritten();
      if (this.peer?.isOpen === true) this.peer.listener?.onData(copy);
    });
  }

  close(): void {
    if (!this.isOpen) return;
    this.vanish();
    this.#network.deliver(() => this.peer?.fail('closed by the peer'));
  }

  abort(): void {
    this.close();
  }

  vanish(): void {
    this.isOpen = false;
    this.listener = undefined;
  }

  fail(reason: string): void {
    if (!this.isOpen) return;
    const { listener } = this;
    this.vanish();
    listener?.onClosed(reason);
  }
}
