import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { FabricError, formatIpAddress, hasErrorCode, tryParseIpAddress } from '@slash32/shared';
import type { BgpConnection, ConnectionListener, ConnectTarget, IncomingConnection, Transport } from './transport.ts';

/** BGP over node:net. Nagle's algorithm is off: an UPDATE must not wait for an acknowledgement. */
export class NetTransport implements Transport {
  connect(target: ConnectTarget, listener: ConnectionListener): BgpConnection {
    const socket = netConnect({
      host: target.address,
      port: target.port,
      ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
      noDelay: true,
    });
    const connection = new NetConnection(socket, listener, target.address);
    socket.once('connect', () => connection.connected());
    return connection;
  }
}

export interface BgpListener extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/**
 * Accepts BGP connections. `address` `::` is for both families. Throws `FabricError` `bgp.listen-failed`, naming the
 * remedy.
 */
export async function listenForBgp(
  options: { readonly address: string; readonly port: number },
  onConnection: (incoming: IncomingConnection) => void,
): Promise<BgpListener> {
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => onConnection(incoming(socket)));
  try {
    await listening(server, options);
  } catch (error) {
    // A kernel without IPv6 has no `::`; every IPv4 address is what is left of it.
    if (
      options.address !== '::' ||
      !hasErrorCode(error, 'bgp.listen-failed') ||
      error.details.errno !== 'EAFNOSUPPORT'
    ) {
      throw error;
    }
    await listening(server, { ...options, address: '0.0.0.0' });
  }
  const bound = server.address();
  return {
    address: options.address,
    port: typeof bound === 'object' && bound !== null ? bound.port : options.port,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listening(server: Server, options: { readonly address: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const remedy =
        cause.code === 'EADDRINUSE'
          ? 'another BGP speaker runs here; stop it, or choose another --bgp-port or --listen'
          : cause.code === 'EACCES'
            ? 'run as root or with CAP_NET_BIND_SERVICE, or choose a --bgp-port above 1023'
            : 'check --listen';
      reject(
        new FabricError(
          'bgp.listen-failed',
          `cannot listen on ${options.address} port ${options.port}: ${cause.message}; ${remedy}`,
          { cause, details: { errno: cause.code } },
        ),
      );
    });
    server.listen({ host: options.address, port: options.port, backlog: 64 }, resolve);
  });
}

function incoming(socket: Socket): IncomingConnection {
  const ignoreError = () => undefined;
  socket.on('error', ignoreError);
  return {
    remoteAddress: canonicalAddress(socket.remoteAddress),
    localAddress: canonicalAddress(socket.localAddress),
    accept(listener) {
      const connection = new NetConnection(socket, listener, canonicalAddress(socket.remoteAddress));
      socket.off('error', ignoreError);
      socket.resume();
      return connection;
    },
    refuse() {
      socket.destroy();
    },
  };
}

/** How long a closed connection may take to deliver its last octets before it is torn down. */
const CLOSE_TIMEOUT_MS = 5000;

class NetConnection implements BgpConnection {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  #listener: ConnectionListener | undefined;
  #reason = 'closed by the peer';

  constructor(socket: Socket, listener: ConnectionListener, remoteAddress: string) {
    this.#socket = socket;
    this.#listener = listener;
    this.remoteAddress = remoteAddress;
    socket.on('data', (chunk: Buffer) => this.#listener?.onData(chunk));
    socket.on('error', (error) => {
      this.#reason = error.message;
    });
    socket.once('close', () => {
      const current = this.#listener;
      this.#listener = undefined;
      current?.onClosed(this.#reason);
    });
  }

  connected(): void {
    this.#listener?.onConnected();
  }

  get localAddress(): string {
    return canonicalAddress(this.#socket.localAddress);
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get bufferedOctets(): number {
    return this.#socket.writableLength;
  }

  write(octets: Uint8Array): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(octets, () => this.#listener?.onWritten());
  }

  close(): void {
    this.#listener = undefined;
    if (this.#socket.connecting) {
      this.#socket.destroy();
      return;
    }
    this.#socket.setTimeout(CLOSE_TIMEOUT_MS, () => this.#socket.destroy());
    this.#socket.resume();
    this.#socket.end(() => this.#socket.destroySoon());
  }

  abort(): void {
    this.#listener = undefined;
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

/** node writes IPv4 peers of a dual-stack listener as `::ffff:192.0.2.1`, and link-local ones with their zone. */
function canonicalAddress(text: string | undefined): string {
  if (text === undefined) return '';
  const withoutZone = text.split('%')[0] ?? '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(withoutZone)?.[1];
  const address = tryParseIpAddress(mapped ?? withoutZone);
  return address === undefined ? withoutZone : formatIpAddress(address);
}
