import { UdpSocket } from '@slash32/linux/udp';
import { type AddressFamily, hasErrorCode } from '@slash32/shared/core';
import {
  BFD_HOP_LIMIT,
  BFD_PORT,
  type BfdArrival,
  type BfdEndpoint,
  type BfdSender,
  type BfdTransport,
} from './bfd-transport.ts';

/** Source ports (RFC 5881 4). */
const FIRST_SOURCE_PORT = 49_152;
const SOURCE_PORTS = 65_536 - FIRST_SOURCE_PORT;
const MAX_PORT_ATTEMPTS = 32;
/** Class selector 6, internetwork control: a congested queue must not look like a dead router. */
const TRAFFIC_CLASS = 0xc0;
/** Packets read in one go, so that a flood of them cannot keep timers from running. */
const MAX_BATCH = 512;

/** BFD over the kernel's UDP: one receiving socket per family and port, opened by the first session that needs it. */
export class UdpBfdTransport implements BfdTransport {
  readonly #receivers = new Map<string, { readonly socket: UdpSocket; readonly multihop: boolean }>();
  readonly #random: () => number;
  readonly #onArrival: (arrival: BfdArrival) => void;

  constructor(random: () => number, onArrival: (arrival: BfdArrival) => void) {
    this.#random = random;
    this.#onArrival = onArrival;
  }

  open(endpoint: BfdEndpoint): BfdSender {
    const family = endpoint.remoteAddress.includes(':') ? 6 : 4;
    this.#listen(family, endpoint.multihop);
    const socket = this.#openSender(family, endpoint);
    const to = {
      address: endpoint.remoteAddress,
      port: endpoint.multihop ? BFD_PORT.multihop : BFD_PORT.singleHop,
    };
    return {
      interfaceIndex: socket.interfaceIndex,
      send: (octets) => socket.send(octets, to),
      close: () => socket[Symbol.dispose](),
    };
  }

  drain(): void {
    for (const { socket, multihop } of this.#receivers.values()) this.#read(socket, multihop);
  }

  close(): void {
    for (const { socket } of this.#receivers.values()) socket[Symbol.dispose]();
    this.#receivers.clear();
  }

  #listen(family: AddressFamily, multihop: boolean): void {
    const port = multihop ? BFD_PORT.multihop : BFD_PORT.singleHop;
    const key = `${family}/${port}`;
    if (this.#receivers.has(key)) return;
    const socket = new UdpSocket({ family, port });
    this.#receivers.set(key, { socket, multihop });
    socket.watch(() => this.#read(socket, multihop));
  }

  /** What a socket that only sends receives is never read: its buffer fills, and the kernel drops the rest. */
  #openSender(family: AddressFamily, { localAddress, device }: BfdEndpoint): UdpSocket {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return new UdpSocket({
          family,
          port: FIRST_SOURCE_PORT + Math.floor(this.#random() * SOURCE_PORTS),
          hopLimit: BFD_HOP_LIMIT,
          trafficClass: TRAFFIC_CLASS,
          ...(localAddress === undefined ? {} : { address: localAddress }),
          ...(device === undefined ? {} : { device }),
        });
      } catch (error) {
        if (!hasErrorCode(error, 'udp.port-in-use') || attempt === MAX_PORT_ATTEMPTS) throw error;
      }
    }
  }

  #read(socket: UdpSocket, multihop: boolean): void {
    for (let count = 0; count < MAX_BATCH; count += 1) {
      const datagram = socket.receive();
      if (datagram === undefined) return;
      this.#onArrival({ ...datagram, multihop });
    }
  }
}
