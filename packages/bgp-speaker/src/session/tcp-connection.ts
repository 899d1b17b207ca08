import { Socket } from 'node:net';
import { type OutgoingTcp, sendNow } from '@slash32/linux';
import { formatIpAddress, tryParseIpAddress } from '@slash32/shared';
import type { BgpConnection, ConnectionListener } from './transport.ts';

/** How long a closed connection may take to deliver its last octets before it is torn down. */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * A connection on a descriptor that was made elsewhere, with options that node cannot set; reading and writing is node's,
 * but for what the kernel takes at once while nothing waits: the way through node's streams takes as long again as the
 * kernel does. Nagle's algorithm is off: an UPDATE must not wait for an acknowledgement.
 */
export class TcpConnection implements BgpConnection {
  readonly remoteAddress: string;
  #connecting: OutgoingTcp | undefined;
  #socket: Socket | undefined;
  /** Of the socket, which closes it. */
  #descriptor = -1;
  #written: NodeJS.Immediate | undefined;
  #listener: ConnectionListener | undefined;
  #reason = 'closed by the peer';

  private constructor(remoteAddress: string, listener: ConnectionListener) {
    this.remoteAddress = remoteAddress;
    this.#listener = listener;
  }

  /** `open` begins the connection; if it throws, the listener hears of that as of any later failure. */
  static connect(open: () => OutgoingTcp, remoteAddress: string, listener: ConnectionListener): TcpConnection {
    const connection = new TcpConnection(remoteAddress, listener);
    try {
      connection.#await(open());
    } catch (error) {
      // In a turn of its own: the caller does not have the connection yet.
      setImmediate(() => connection.#closed(error instanceof Error ? error.message : String(error)));
    }
    return connection;
  }

  /** Takes over the descriptor of a connection that is established. */
  static adopt(descriptor: number, remoteAddress: string, listener: ConnectionListener): TcpConnection {
    const connection = new TcpConnection(remoteAddress, listener);
    connection.#adopt(descriptor);
    return connection;
  }

  get localAddress(): string {
    return canonicalAddress(this.#socket?.localAddress);
  }

  get localPort(): number | undefined {
    return this.#socket?.localPort;
  }

  get remotePort(): number | undefined {
    return this.#socket?.remotePort;
  }

  get bufferedOctets(): number {
    return this.#socket?.writableLength ?? 0;
  }

  write(octets: Uint8Array): void {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    const idle = socket.writable && socket.writableLength === 0;
    const sent = idle ? sendNow(this.#descriptor, octets) : 0;
    if (sent < octets.length) {
      socket.write(octets.subarray(sent), () => this.#listener?.onWritten());
      return;
    }
    this.#written ??= setImmediate(() => {
      this.#written = undefined;
      this.#listener?.onWritten();
    });
  }

  close(): void {
    this.#listener = undefined;
    this.#abandonAttempt();
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.setTimeout(CLOSE_TIMEOUT_MS, () => socket.destroy());
    socket.resume();
    socket.end(() => socket.destroySoon());
  }

  abort(): void {
    this.#listener = undefined;
    this.#abandonAttempt();
    this.#socket?.resetAndDestroy();
  }

  #await(outgoing: OutgoingTcp): void {
    this.#connecting = outgoing;
    outgoing.onSettled((failure) => {
      this.#connecting = undefined;
      if (failure === undefined) {
        this.#adopt(outgoing.detach());
        this.#listener?.onConnected();
        return;
      }
      outgoing[Symbol.dispose]();
      this.#closed(failure.message);
    });
  }

  #adopt(descriptor: number): void {
    const socket = new Socket({ fd: descriptor });
    this.#socket = socket;
    this.#descriptor = descriptor;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#listener?.onData(chunk));
    socket.on('error', (error) => {
      this.#reason = error.message;
    });
    socket.once('close', () => this.#closed(this.#reason));
  }

  #abandonAttempt(): void {
    this.#connecting?.[Symbol.dispose]();
    this.#connecting = undefined;
  }

  #closed(reason: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClosed(reason);
  }
}

/** node writes IPv4 addresses of a dual-stack listener as `::ffff:192.0.2.1`, and link-local ones with their zone. */
function canonicalAddress(text: string | undefined): string {
  if (text === undefined) return '';
  const withoutZone = text.split('%')[0] ?? '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(withoutZone)?.[1];
  const address = tryParseIpAddress(mapped ?? withoutZone);
  return address === undefined ? withoutZone : formatIpAddress(address);
}
