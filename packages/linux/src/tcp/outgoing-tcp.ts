import { constants } from 'node:os';
import { FabricError } from '@slash32/shared';
import { ADDRESS_FAMILY, encodeSocketAddress } from '../udp/socket-address.ts';
import { type DescriptorPoll, type TcpCalls, tcpCalls } from './tcp-calls.ts';
import { tcpFailure } from './tcp-error.ts';
import { setHopLimits, setMd5Key, type TcpProtection } from './tcp-options.ts';

export interface OutgoingTcpOptions extends TcpProtection {
  readonly address: string;
  readonly port: number;
  /** Source; absent: the kernel's choice. */
  readonly localAddress?: string;
  /** Interface that link-local addresses belong to. */
  readonly device?: string;
}

export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2_000_000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;

const { EINPROGRESS, ENODEV } = constants.errno;

/**
 * A TCP connection that is being made, with options that node's own sockets do not have. The constructor starts it and
 * does not block. Once it is there, `detach` gives the descriptor to its new owner; until then, disposing this closes it.
 *
 * Failures are `FabricError`s with `details.errno`: `tcp.failed`, `tcp.md5-unsupported`, `tcp.md5-key-length`,
 * `tcp.family-unsupported`; `foreign.unavailable` where the C library cannot be called.
 */
export class OutgoingTcp implements Disposable {
  readonly #calls: TcpCalls;
  readonly #target: string;
  #descriptor: number;
  #poll: DescriptorPoll | undefined;

  constructor(options: OutgoingTcpOptions) {
    const calls = tcpCalls();
    this.#calls = calls;
    this.#target = `${options.address} port ${options.port}`;
    const family = options.address.includes(':') ? 6 : 4;
    const scope = options.device === undefined ? 0 : indexOf(calls, options.device);
    this.#descriptor = calls.socket(ADDRESS_FAMILY[family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (this.#descriptor < 0) throw tcpFailure(calls, 'cannot make a TCP socket');
    try {
      this.#start(options, family, scope);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Calls back once, unless disposed before: with nothing, or with what went wrong. */
  onSettled(settled: (failure: FabricError | undefined) => void): void {
    this.#poll = this.#calls.poll(this.#descriptor, 'writable', () => {
      this.#poll?.close();
      this.#poll = undefined;
      settled(this.#failure());
    });
  }

  /** The connected descriptor; it is the caller's to close. */
  detach(): number {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    return descriptor;
  }

  [Symbol.dispose](): void {
    this.#poll?.close();
    this.#poll = undefined;
    if (this.#descriptor >= 0) this.#calls.close(this.detach());
  }

  #start(options: OutgoingTcpOptions, family: 4 | 6, scope: number): void {
    const { address, port, localAddress, md5Key } = options;
    setHopLimits(this.#calls, this.#descriptor, family, options);
    if (md5Key !== undefined) setMd5Key(this.#calls, this.#descriptor, { address }, md5Key, false);
    if (localAddress !== undefined) {
      const local = encodeSocketAddress({ address: localAddress, port: 0, scope });
      if (this.#calls.bind(this.#descriptor, local, local.length) !== 0) {
        throw tcpFailure(this.#calls, `cannot connect from ${localAddress}`);
      }
    }
    const remote = encodeSocketAddress({ address, port, scope });
    if (this.#calls.connect(this.#descriptor, remote, remote.length) === 0) return;
    const errno = this.#calls.errno();
    if (errno !== EINPROGRESS) throw tcpFailure(this.#calls, `cannot connect to ${this.#target}`, errno);
  }

  #failure(): FabricError | undefined {
    const value = new Uint8Array(4);
    const length = Uint8Array.of(4, 0, 0, 0);
    if (this.#calls.getsockopt(this.#descriptor, SOL_SOCKET, SO_ERROR, value, length) !== 0) {
      return tcpFailure(this.#calls, `cannot connect to ${this.#target}`);
    }
    const errno = new DataView(value.buffer).getInt32(0, true);
    return errno === 0 ? undefined : tcpFailure(this.#calls, `cannot connect to ${this.#target}`, errno);
  }
}

function indexOf(calls: TcpCalls, device: string): number {
  const index = calls.interfaceIndex(device);
  if (index !== 0) return index;
  throw new FabricError('tcp.failed', `there is no interface ${device}`, { details: { errno: ENODEV } });
}
