import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { ReceivedCounts } from './probe-protocol.ts';

/** Answers every connection and datagram with the source address it sees, then echoes; counts what came. */
export class Listeners {
  readonly #counts = new Map<string, number>();

  get counts(): ReceivedCounts {
    return Object.fromEntries(this.#counts);
  }

  async open(tcp: readonly number[], udp: readonly number[], addresses: readonly string[]): Promise<void> {
    await Promise.all([
      ...tcp.flatMap((port) => addresses.map((address) => this.#openTcp(address, port))),
      ...udp.flatMap((port) => addresses.map((address) => this.#openUdp(address, port))),
    ]);
  }

  async #openTcp(host: string, port: number): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => {
      const source = plainAddress(socket.remoteAddress ?? '');
      this.#count(`tcp/${port} ${source}`);
      socket.on('error', () => socket.destroy());
      socket.write(`${source}\n`);
      socket.pipe(socket);
    });
    server.listen({ host, port, ipv6Only: host.includes(':') });
    await once(server, 'listening');
  }

  async #openUdp(address: string, port: number): Promise<void> {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ipv6Only: address.includes(':') });
    socket.on('message', (message, remote) => {
      this.#count(`udp/${port} ${remote.address}`);
      socket.send(`${remote.address}\n${message}`, remote.port, remote.address, () => undefined);
    });
    socket.bind(port, address);
    await once(socket, 'listening');
    socket.on('error', () => undefined);
  }

  #count(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

/** Without the IPv4-mapped form and the zone. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '').replace(/%.*$/, '');
}
