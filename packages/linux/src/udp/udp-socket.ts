import { type AddressFamily, FabricError } from '@slash32/shared/core';
import { type ArrivalFacts, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, readControlMessages } from './control-message.ts';
import {
  ADDRESS_FAMILY,
  decodeSocketAddress,
  encodeSocketAddress,
  MAX_SOCKET_ADDRESS_OCTETS,
} from './socket-address.ts';
import { type ReadableWatch, type StableMemory, type UdpCalls, udpCalls } from './udp-calls.ts';

export interface UdpSocketOptions {
  readonly family: AddressFamily;
  /** Local address; absent: any, and the kernel chooses the source of each datagram. */
  readonly address?: string;
  /** Local port; 0: the kernel's choice. */
  readonly port: number;
  /** Only over this interface; needed for link-local addresses. */
  readonly device?: string;
  /** TTL or hop limit of what is sent, 1–255; absent: the kernel's default. */
  readonly hopLimit?: number;
  /** TOS or traffic class octet of what is sent. */
  readonly trafficClass?: number;
}

export interface ReceivedDatagram extends ArrivalFacts {
  /** Valid until the next call of `receive`. */
  readonly octets: Uint8Array;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2_000_000;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_RECVTTL = 12;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const IPV6_RECVHOPLIMIT = 51;
const IPV6_TCLASS = 67;

const EAGAIN = 11;
const ENODEV = 19;
const EADDRINUSE = 98;

const MAX_DATAGRAM_OCTETS = 2048;
const MAX_ERRORS_IN_A_ROW = 8;

/** Where the parts of a `recvmsg` call lie in its memory, in octets. */
const LAYOUT = { message: 0, vector: 64, name: 80, control: 128, data: 384 } as const;
const CONTROL_OCTETS = LAYOUT.data - LAYOUT.control;

/**
 * A datagram socket that tells the TTL (hop limit), local address and interface of what it receives, which node's own
 * cannot. Calls do not block. What fails throws `FabricError` with `details.errno`: `udp.port-in-use`, `udp.failed`;
 * `foreign.unavailable` where the C library cannot be called.
 */
export class UdpSocket implements Disposable {
  readonly family: AddressFamily;
  /** Index of the interface that it is bound to; 0 for none. */
  readonly interfaceIndex: number;
  readonly #calls: UdpCalls;
  readonly #descriptor: number;
  readonly #memory: StableMemory;
  readonly #view: DataView;
  #watch: ReadableWatch | undefined;
  #open = true;

  constructor(options: UdpSocketOptions) {
    this.#calls = udpCalls();
    this.family = options.family;
    this.interfaceIndex = options.device === undefined ? 0 : this.#indexOf(options.device);
    this.#descriptor = this.#calls.socket(ADDRESS_FAMILY[options.family], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (this.#descriptor < 0) throw this.#failure('cannot make a UDP socket');
    this.#memory = this.#calls.allocate(LAYOUT.data + MAX_DATAGRAM_OCTETS);
    this.#view = new DataView(this.#memory.octets.buffer);
    try {
      this.#configure(options);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Sends one datagram. Scope of a link-local destination: the interface that the socket is bound to. */
  send(octets: Uint8Array, to: { readonly address: string; readonly port: number }): void {
    const address = encodeSocketAddress({ ...to, scope: this.interfaceIndex });
    const sent = this.#calls.sendto(this.#descriptor, octets, octets.length, 0, address, address.length);
    if (sent !== octets.length) throw this.#failure(`cannot send to ${to.address} port ${to.port}`);
  }

  /** The next datagram that waits; `undefined` if there is none, or if the socket is closed. */
  receive(): ReceivedDatagram | undefined {
    for (let errors = 0; this.#open && errors < MAX_ERRORS_IN_A_ROW; ) {
      this.#prepareMessage();
      const length = this.#calls.recvmsg(this.#descriptor, this.#memory.pointer, 0);
      if (length >= 0) {
        const datagram = this.#readMessage(length);
        if (datagram !== undefined) return datagram;
        continue;
      }
      if (this.#calls.errno() === EAGAIN) return undefined;
      // An interruption, or a report (interface down, ICMP) that reading it has cleared.
      errors += 1;
    }
    return undefined;
  }

  /** Calls `onReadable` whenever something waits. One watch per socket; it ends with the socket. */
  watch(onReadable: () => void): void {
    this.#watch?.close();
    this.#watch = this.#calls.watchReadable(this.#descriptor, onReadable);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch?.close();
    this.#calls.close(this.#descriptor);
    this.#memory.free();
  }

  #configure(options: UdpSocketOptions): void {
    const { family, device } = options;
    if (family === 4) {
      this.#setNumber(IPPROTO_IP, IP_RECVTTL, 1);
      this.#setNumber(IPPROTO_IP, IP_PKTINFO, 1);
      if (options.hopLimit !== undefined) this.#setNumber(IPPROTO_IP, IP_TTL, options.hopLimit);
      if (options.trafficClass !== undefined) this.#setNumber(IPPROTO_IP, IP_TOS, options.trafficClass);
    } else {
      this.#setNumber(IPPROTO_IPV6, IPV6_V6ONLY, 1);
      this.#setNumber(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
      this.#setNumber(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
      if (options.hopLimit !== undefined) this.#setNumber(IPPROTO_IPV6, IPV6_UNICAST_HOPS, options.hopLimit);
      if (options.trafficClass !== undefined) this.#setNumber(IPPROTO_IPV6, IPV6_TCLASS, options.trafficClass);
    }
    if (device !== undefined) this.#set(SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(device));
    const address = options.address ?? (family === 4 ? '0.0.0.0' : '::');
    const bound = encodeSocketAddress({ address, port: options.port, scope: this.interfaceIndex });
    if (this.#calls.bind(this.#descriptor, bound, bound.length) !== 0) {
      throw this.#failure(`cannot use UDP port ${options.port} of ${address}`);
    }
  }

  #setNumber(level: number, option: number, value: number): void {
    const octets = new Uint8Array(4);
    new DataView(octets.buffer).setInt32(0, value, true);
    this.#set(level, option, octets);
  }

  #set(level: number, option: number, value: Uint8Array): void {
    if (this.#calls.setsockopt(this.#descriptor, level, option, value, value.length) !== 0) {
      throw this.#failure(`cannot set socket option ${level}/${option}`);
    }
  }

  /**
   * `struct msghdr` of 64-bit Linux; the kernel overwrites the lengths, so it is written anew for each call:
   *
   * ```
   *  0        8            16       24        32        40          48
   * +--------+------------+--------+---------+---------+-----------+-------+
   * | name   | its length | vector | entries | control | its length| flags |
   * +--------+------------+--------+---------+---------+-----------+-------+
   *                         └─► base, length
   * ```
   */
  #prepareMessage(): void {
    const { address } = this.#memory;
    const at = (offset: number) => address + BigInt(offset);
    const pointer = (offset: number, value: bigint) => this.#view.setBigUint64(offset, value, true);
    pointer(LAYOUT.message, at(LAYOUT.name));
    pointer(LAYOUT.message + 8, BigInt(MAX_SOCKET_ADDRESS_OCTETS));
    pointer(LAYOUT.message + 16, at(LAYOUT.vector));
    pointer(LAYOUT.message + 24, 1n);
    pointer(LAYOUT.message + 32, at(LAYOUT.control));
    pointer(LAYOUT.message + 40, BigInt(CONTROL_OCTETS));
    pointer(LAYOUT.message + 48, 0n);
    pointer(LAYOUT.vector, at(LAYOUT.data));
    pointer(LAYOUT.vector + 8, BigInt(MAX_DATAGRAM_OCTETS));
  }

  #readMessage(length: number): ReceivedDatagram | undefined {
    const { octets } = this.#memory;
    const nameLength = this.#view.getUint32(LAYOUT.message + 8, true);
    const remote = decodeSocketAddress(octets.subarray(LAYOUT.name, LAYOUT.name + nameLength));
    if (remote === undefined) return undefined;
    const controlLength = Math.min(Number(this.#view.getBigUint64(LAYOUT.message + 40, true)), CONTROL_OCTETS);
    return {
      octets: octets.subarray(LAYOUT.data, LAYOUT.data + length),
      remoteAddress: remote.address,
      remotePort: remote.port,
      ...readControlMessages(octets.subarray(LAYOUT.control, LAYOUT.control + controlLength)),
    };
  }

  #indexOf(device: string): number {
    const index = this.#calls.if_nametoindex(device);
    if (index === 0) throw this.#failure(`there is no interface ${device}`, ENODEV);
    return index;
  }

  #failure(what: string, errno = this.#calls.errno()): FabricError {
    const reason = this.#calls.strerror(errno);
    return new FabricError(errno === EADDRINUSE ? 'udp.port-in-use' : 'udp.failed', `${what}: ${reason}`, {
      details: { errno, reason },
    });
  }
}
