import { writeUint16, writeUint32 } from './octets.ts';

const INITIAL_OCTETS = 256;

/** Appends integers of the wire, network byte order, to octets that grow as needed. */
export class OctetWriter {
  #octets = new Uint8Array(INITIAL_OCTETS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    this.#octets[this.#claim(1)] = value;
    return this;
  }

  uint16(value: number): this {
    writeUint16(this.#octets, this.#claim(2), value);
    return this;
  }

  uint32(value: number): this {
    writeUint32(this.#octets, this.#claim(4), value);
    return this;
  }

  /** `value`: a safe integer, not negative. */
  uint64(value: number): this {
    return this.uint32(Math.floor(value / 2 ** 32)).uint32(value % 2 ** 32);
  }

  bytes(octets: Uint8Array): this {
    const at = this.#claim(octets.length);
    this.#octets.set(octets, at);
    return this;
  }

  zeros(count: number): this {
    const at = this.#claim(count);
    this.#octets.fill(0, at, at + count);
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  /** Makes room and returns where it begins; the array may be another one afterwards. */
  #claim(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#octets.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#octets.length));
      larger.set(this.#octets);
      this.#octets = larger;
    }
    return at;
  }
}
