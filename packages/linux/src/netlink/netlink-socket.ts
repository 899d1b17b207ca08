import { constants } from 'node:os';
import type { DescriptorWatch, Libc } from './libc.ts';
import { netlinkFailed } from './netlink-error.ts';
import { LITTLE_ENDIAN, type Octets, octetsOf } from './netlink-message.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

const { EAGAIN, EINTR, ENOBUFS } = constants.errno;

const SOCKADDR_NL_OCTETS = 12;
const INITIAL_BUFFER_OCTETS = 64 * 1024;

export interface NetlinkSocketOptions {
  /** Multicast groups (RTNLGRP_*) to hear. */
  readonly groups?: readonly number[];
  /** How much the kernel keeps for us until we read; it counts about 1 KiB for a notification. */
  readonly receiveBufferOctets: number;
}

/** How many octets of a message are in the buffer; `empty`: nothing to read; `lost`: the kernel had to drop messages. */
export type Received = number | 'empty' | 'lost';

/**
 * A socket of rtnetlink that never waits: the kernel has carried a request out before `send` returns, and its answer is
 * there then. Every failure that no caller can expect throws `netlink.failed`.
 */
export class NetlinkSocket implements Disposable {
  /** Into which {@link receive} writes; made larger when a message did not fit. */
  #buffer: Octets = octetsOf(new Uint8Array(INITIAL_BUFFER_OCTETS));
  readonly #libc: Libc;
  #descriptor: number;
  #watch: DescriptorWatch | undefined;

  constructor(libc: Libc, { groups = [], receiveBufferOctets }: NetlinkSocketOptions) {
    this.#libc = libc;
    this.#descriptor = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (this.#descriptor < 0) throw this.#failure('opening a socket');
    try {
      this.#setReceiveBuffer(receiveBufferOctets);
      this.#setOption(NETLINK_EXT_ACK, 1);
      this.#setOption(NETLINK_CAP_ACK, 1);
      this.#setOption(NETLINK_GET_STRICT_CHK, 1);
      const address = new Uint8Array(SOCKADDR_NL_OCTETS);
      octetsOf(address).view.setUint16(0, AF_NETLINK, LITTLE_ENDIAN);
      if (libc.bind(this.#descriptor, address, address.length) < 0) throw this.#failure('binding a socket');
      for (const group of groups) this.#setOption(NETLINK_ADD_MEMBERSHIP, group);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** What the last {@link receive} read; valid until the next. */
  get received(): Octets {
    return this.#buffer;
  }

  /** At most the size of the send buffer (200 KiB unless the host was tuned). */
  send(octets: Uint8Array): void {
    for (;;) {
      const sent = this.#libc.send(this.#descriptor, octets, octets.length, 0);
      if (sent === octets.length) return;
      if (sent >= 0) throw netlinkFailed('sending a request', `${sent} of ${octets.length} octets were taken`);
      const errno = this.#libc.errno();
      if (errno !== EINTR) throw this.#failure('sending a request', errno);
    }
  }

  /** As {@link send}, in another thread, so that ours goes on while the kernel works. `octets` must stay as they are. */
  async sendAside(octets: Uint8Array): Promise<void> {
    const sent = await this.#libc.sendAside(this.#descriptor, octets, octets.length, 0);
    if (sent !== octets.length)
      throw netlinkFailed('sending requests', `${sent} of ${octets.length} octets were taken`);
  }

  receive(): Received {
    for (;;) {
      const { bytes } = this.#buffer;
      const length = this.#libc.recv(this.#descriptor, bytes, bytes.length, MSG_DONTWAIT | MSG_TRUNC);
      if (length > bytes.length) {
        // What was cut off is gone; the next one of that size fits.
        this.#buffer = octetsOf(new Uint8Array(2 ** Math.ceil(Math.log2(length))));
        return 'lost';
      }
      if (length >= 0) return length;
      const errno = this.#libc.errno();
      if (errno === EAGAIN) return 'empty';
      if (errno === ENOBUFS) return 'lost';
      if (errno !== EINTR) throw this.#failure('reading', errno);
    }
  }

  /** Calls `onReadable` whenever there is something to {@link receive}. Keeps no process alive. */
  watch(onReadable: () => void): void {
    this.unwatch();
    const watch = this.#libc.watchReadable(this.#descriptor, () => {
      if (this.#watch === watch) onReadable();
    });
    this.#watch = watch;
  }

  unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  [Symbol.dispose](): void {
    this.unwatch();
    if (this.#descriptor >= 0) this.#libc.close(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Beyond net.core.rmem_max where we may (CAP_NET_ADMIN), up to it otherwise. */
  #setReceiveBuffer(octets: number): void {
    const value = int32(octets);
    if (this.#libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_RCVBUFFORCE, value, value.length) === 0) return;
    if (this.#libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_RCVBUF, value, value.length) < 0) {
      throw this.#failure('setting the receive buffer');
    }
  }

  #setOption(option: number, number: number): void {
    const value = int32(number);
    if (this.#libc.setsockopt(this.#descriptor, SOL_NETLINK, option, value, value.length) < 0) {
      throw this.#failure(`setting socket option ${option} (Linux 4.20 has all that are needed)`);
    }
  }

  #failure(what: string, errno = this.#libc.errno()): Error {
    return netlinkFailed(what, this.#libc.errorText(errno), errno);
  }
}

function int32(value: number): Uint8Array {
  const octets = octetsOf(new Uint8Array(4));
  octets.view.setInt32(0, value, LITTLE_ENDIAN);
  return octets.bytes;
}
