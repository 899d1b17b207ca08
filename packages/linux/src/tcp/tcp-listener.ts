import { constants } from 'node:os';
import { type AddressFamily, FabricError } from '@slash32/shared';
import {
  ADDRESS_FAMILY,
  addressText,
  decodeSocketAddress,
  encodeSocketAddress,
  MAX_SOCKET_ADDRESS_OCTETS,
} from '../udp/socket-address.ts';
import { DROP_ALL_FILTER, hopLimitFilter, type NearPeer } from './hop-limit-filter.ts';
import type { Md5Peer } from './md5-signature-option.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './outgoing-tcp.ts';
import { type DescriptorPoll, type TcpCalls, tcpCalls } from './tcp-calls.ts';
import { tcpFailure } from './tcp-error.ts';
import { setHopLimits, setMd5Key, setNumber, type TcpProtection } from './tcp-options.ts';

export interface TcpListenerOptions {
  /** `::` is for both families. */
  readonly address: string;
  /** 0: the kernel's choice. */
  readonly port: number;
  readonly backlog: number;
  /** TTL or hop limit of what it answers, before a connection is accepted; absent: the kernel's default. */
  readonly hopLimit?: number;
  /** True: nothing that arrives is answered before {@link TcpListener.setNearPeers} or {@link TcpListener.open}. */
  readonly isClosed?: boolean;
}

/** A connection that a peer made. Its descriptor is the taker's: to detach, or to dispose. */
export class IncomingTcp implements Disposable {
  /** Canonical text; IPv4 addresses as such. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Interface that link-local addresses belong to; otherwise absent. */
  readonly device?: string;
  readonly #calls: TcpCalls;
  #descriptor: number;

  constructor(calls: TcpCalls, descriptor: number, remote: { address: string; scope: number }, localAddress: string) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.remoteAddress = remote.address;
    const device = remote.scope === 0 ? undefined : calls.interfaceName(remote.scope);
    if (device !== undefined) this.device = device;
    this.localAddress = localAddress;
  }

  /** The MD5 key that it was accepted with stays in force. */
  protect(protection: Omit<TcpProtection, 'md5Key'>): void {
    setHopLimits(this.#calls, this.#descriptor, this.remoteAddress.includes(':') ? 6 : 4, protection);
  }

  detach(): number {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    return descriptor;
  }

  [Symbol.dispose](): void {
    if (this.#descriptor >= 0) this.#calls.close(this.detach());
  }
}

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const INSTRUCTION_OCTETS = 8;

const { EAGAIN, ECONNABORTED, EINTR, ENOENT } = constants.errno;
/** The peer was gone before we came to accept it. */
const PASSING: ReadonlySet<number> = new Set([ECONNABORTED, EINTR]);

/**
 * A TCP listener whose MD5 keys and near peers are changed while it listens. Errors as of `OutgoingTcp`, and
 * `tcp.port-in-use`, `tcp.not-permitted`, `tcp.too-many-near-peers`.
 */
export class TcpListener implements Disposable {
  readonly port: number;
  readonly #calls: TcpCalls;
  readonly #descriptor: number;
  readonly #family: AddressFamily;
  readonly #dualStack: boolean;
  #poll: DescriptorPoll | undefined;
  #open = true;
  /** Everything that arrives is dropped. */
  #isClosed = false;

  constructor(options: TcpListenerOptions) {
    const calls = tcpCalls();
    this.#calls = calls;
    const family = options.address.includes(':') ? 6 : 4;
    this.#family = family;
    this.#dualStack = options.address === '::';
    this.#descriptor = calls.socket(ADDRESS_FAMILY[family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (this.#descriptor < 0) throw tcpFailure(calls, 'cannot make a TCP socket');
    try {
      this.port = this.#listen(options, family);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** True if a peer with this address can reach it at all; keys of other peers are refused. */
  serves(address: string): boolean {
    return this.#dualStack || address.includes(':') === (this.#family === 6);
  }

  /** Sets or replaces the key that connections of a peer must be signed with; `undefined`: none is. */
  setMd5Key(peer: Md5Peer, key: Uint8Array | undefined): void {
    setMd5Key(this.#calls, this.#descriptor, peer, key, this.#dualStack);
  }

  /** Answers those who call from now on, if it was closed so far. */
  open(): void {
    if (this.#isClosed) this.setNearPeers([]);
  }

  /** From now on, segments of these peers that come from too far away are dropped, from the first SYN on. */
  setNearPeers(peers: readonly NearPeer[]): void {
    const filter = hopLimitFilter(peers);
    if (filter === undefined) {
      throw new FabricError(
        'tcp.too-many-near-peers',
        `${peers.length} peers with TTL security are more than one socket filter has room for`,
      );
    }
    this.#setFilter(peers.length === 0 ? undefined : filter);
    this.#isClosed = false;
  }

  #setFilter(filter: Uint8Array | undefined): void {
    if (filter === undefined) {
      const none = new Uint8Array(4);
      if (this.#calls.setsockopt(this.#descriptor, SOL_SOCKET, SO_DETACH_FILTER, none, none.length) === 0) return;
      const errno = this.#calls.errno();
      if (errno !== ENOENT) throw tcpFailure(this.#calls, 'cannot detach the socket filter', errno);
      return;
    }
    this.#attach(filter);
  }

  /** Calls back while connections wait. One watch at a time; it ends with the listener. */
  watch(onReadable: () => void): void {
    this.unwatch();
    this.#poll = this.#calls.poll(this.#descriptor, 'readable', onReadable);
  }

  unwatch(): void {
    this.#poll?.close();
    this.#poll = undefined;
  }

  /** The next connection that waits; `undefined`: none does. Throws if none can be taken (no descriptors are left). */
  accept(): IncomingTcp | undefined {
    while (this.#open) {
      const address = new Uint8Array(MAX_SOCKET_ADDRESS_OCTETS);
      const descriptor = this.#calls.accept4(
        this.#descriptor,
        address,
        lengthField(address),
        SOCK_NONBLOCK | SOCK_CLOEXEC,
      );
      if (descriptor >= 0) {
        const remote = decodePeer(address);
        const local = new Uint8Array(MAX_SOCKET_ADDRESS_OCTETS);
        this.#calls.getsockname(descriptor, local, lengthField(local));
        return new IncomingTcp(this.#calls, descriptor, remote, decodePeer(local).address);
      }
      const errno = this.#calls.errno();
      if (errno === EAGAIN) return undefined;
      if (!PASSING.has(errno)) throw tcpFailure(this.#calls, 'cannot accept a connection', errno);
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.unwatch();
    this.#calls.close(this.#descriptor);
  }

  #listen({ address, port, backlog, hopLimit, isClosed = false }: TcpListenerOptions, family: 4 | 6): number {
    const calls = this.#calls;
    setNumber(calls, this.#descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family === 6) setNumber(calls, this.#descriptor, IPPROTO_IPV6, IPV6_V6ONLY, this.#dualStack ? 0 : 1);
    if (hopLimit !== undefined) {
      setHopLimits(calls, this.#descriptor, family, { hopLimit });
      if (this.#dualStack) setHopLimits(calls, this.#descriptor, 4, { hopLimit });
    }
    if (isClosed) {
      this.#attach(DROP_ALL_FILTER);
      this.#isClosed = true;
    }
    const bound = encodeSocketAddress({ address, port, scope: 0 });
    if (calls.bind(this.#descriptor, bound, bound.length) !== 0 || calls.listen(this.#descriptor, backlog) !== 0) {
      throw tcpFailure(calls, `cannot listen on ${address} port ${port}`);
    }
    const local = new Uint8Array(MAX_SOCKET_ADDRESS_OCTETS);
    calls.getsockname(this.#descriptor, local, lengthField(local));
    return decodeSocketAddress(local)?.port ?? port;
  }

  /** `struct sock_fprog`: number of instructions (2 octets), 6 unused, pointer (8). */
  #attach(filter: Uint8Array): void {
    const instructions = this.#calls.pin(filter);
    try {
      const program = new Uint8Array(16);
      const view = new DataView(program.buffer);
      view.setUint16(0, filter.length / INSTRUCTION_OCTETS, true);
      view.setBigUint64(8, instructions.address, true);
      if (this.#calls.setsockopt(this.#descriptor, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length) !== 0) {
        throw tcpFailure(this.#calls, 'cannot attach the socket filter of TTL security');
      }
    } finally {
      instructions.free();
    }
  }
}

function lengthField(octets: Uint8Array): Uint8Array {
  return Uint8Array.of(octets.length, 0, 0, 0);
}

/** Leading octets of `::ffff:0:0/96` at 8: how an IPv6 socket writes IPv4 addresses. */
const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

function decodePeer(octets: Uint8Array): { address: string; scope: number } {
  const { address = '', scope = 0 } = decodeSocketAddress(octets) ?? {};
  const isMapped = address.includes(':') && MAPPED_PREFIX.every((octet, index) => octets[8 + index] === octet);
  return { address: isMapped ? addressText(octets.subarray(20, 24)) : address, scope };
}
