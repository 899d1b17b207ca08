import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket as TcpSocket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FlowStatistics, ProbeTarget } from './probe-protocol.ts';

/** How long echoes may be under way when a flow stops. */
const DRAIN_MS = 400;

/** Sends numbered messages at an even pace over one connection or socket and counts the echoes. */
export class LongFlow {
  readonly #send: (text: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #close: () => void;
  #sent = 0;
  #received = 0;
  #lastAt = performance.now();
  #longestGapMs = 0;
  #error: string | undefined;

  constructor(target: ProbeTarget, intervalMs: number, burst: number) {
    if (target.transport === 'tcp') {
      const socket = this.#openTcp(target);
      this.#send = (text) => socket.write(text);
      this.#close = () => socket.destroy();
    } else {
      const socket = this.#openUdp(target);
      this.#send = (text) => socket.send(text, target.port, target.address, () => undefined);
      this.#close = () => socket.close();
    }
    this.#timer = setInterval(() => {
      if (this.#error !== undefined) return;
      for (let count = 0; count < burst; count += 1) {
        this.#sent += 1;
        this.#send(`${this.#sent}\n`);
      }
    }, intervalMs);
  }

  get statistics(): FlowStatistics {
    return {
      sent: this.#sent,
      received: this.#received,
      sinceLastMs: performance.now() - this.#lastAt,
      longestGapMs: this.#longestGapMs,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  async stop(): Promise<FlowStatistics> {
    clearInterval(this.#timer);
    const deadline = performance.now() + DRAIN_MS;
    while (this.#received < this.#sent && this.#error === undefined && performance.now() < deadline) await delay(5);
    this.#close();
    return this.statistics;
  }

  #openTcp({ address, port, localAddress }: ProbeTarget): TcpSocket {
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    // The first line is the source that the receiver saw, not an echo.
    let first = true;
    socket.on('data', (chunk: Buffer) => {
      let lines = 0;
      for (const octet of chunk) if (octet === 10) lines += 1;
      if (first && lines > 0) {
        first = false;
        lines -= 1;
      }
      this.#count(lines);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
    socket.on('close', () => this.#fail('closed'));
    return socket;
  }

  #openUdp({ address, localAddress }: ProbeTarget): UdpSocket {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', () => this.#count(1));
    socket.on('error', () => undefined);
    socket.bind(0, localAddress);
    return socket;
  }

  #count(echoes: number): void {
    if (echoes === 0) return;
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAt);
    this.#lastAt = now;
    this.#received += echoes;
  }

  #fail(error: string): void {
    this.#error ??= error;
  }
}
