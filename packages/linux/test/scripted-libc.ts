import { constants } from 'node:os';
import type { Libc } from '../src/netlink/libc.ts';

/** What one `recv` gives: octets, or the name of an error. */
export type Reading = Uint8Array | keyof typeof constants.errno;

/** A C library whose sockets read what a test has laid out, and which notes what was sent and left open. */
export class ScriptedLibc implements Libc {
  readonly readings: Reading[] = [];
  readonly sent: Uint8Array[] = [];
  readonly open = new Set<number>();
  /** What to call when a descriptor is readable. */
  readonly watched = new Map<number, () => void>();
  /** Errors that the next calls of `send` give. */
  readonly sendErrors: (keyof typeof constants.errno)[] = [];
  /** Called with what was sent, to lay out the answer. */
  onSent: (octets: Uint8Array) => void = () => undefined;
  /** Calls of `setsockopt` that fail, by option. */
  readonly refusedOptions = new Set<number>();
  #errno = 0;
  #next = 10;

  socket(): number {
    this.#next += 1;
    this.open.add(this.#next);
    return this.#next;
  }

  bind(): number {
    return 0;
  }

  setsockopt(_descriptor: number, _level: number, option: number): number {
    return this.refusedOptions.has(option) ? this.#fail('ENOPROTOOPT') : 0;
  }

  send(_descriptor: number, octets: Uint8Array, length: number): number {
    const error = this.sendErrors.shift();
    if (error !== undefined) return this.#fail(error);
    const copy = octets.slice(0, length);
    this.sent.push(copy);
    this.onSent(copy);
    return length;
  }

  async sendAside(descriptor: number, octets: Uint8Array, length: number): Promise<number> {
    return this.send(descriptor, octets, length);
  }

  recv(_descriptor: number, buffer: Uint8Array, length: number): number {
    const reading = this.readings.shift();
    if (reading === undefined) return this.#fail('EAGAIN');
    if (typeof reading === 'string') return this.#fail(reading);
    buffer.set(reading.subarray(0, length));
    return reading.length;
  }

  close(descriptor: number): number {
    this.open.delete(descriptor);
    return 0;
  }

  interfaceIndex(name: string): number {
    return name === 'tap1' ? 3 : 0;
  }

  interfaceName(index: number, buffer: Uint8Array): boolean {
    if (index !== 3) return false;
    buffer.set(Buffer.from('tap1\0'));
    return true;
  }

  errno(): number {
    return this.#errno;
  }

  errorText(errno: number): string {
    return `error ${errno}`;
  }

  watchReadable(descriptor: number, onReadable: () => void): { close(): void } {
    this.watched.set(descriptor, onReadable);
    return { close: () => void this.watched.delete(descriptor) };
  }

  #fail(name: keyof typeof constants.errno): number {
    this.#errno = constants.errno[name];
    return -1;
  }
}
