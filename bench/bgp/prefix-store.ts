const SLOTS = 1 << 24;

/** What a {@link MessageReader} puts the prefixes into; addresses are signed 32-bit. */
export interface PrefixStore {
  readonly size: number;
  add(address: number, length: number): void;
  delete(address: number, length: number): void;
}

/**
 * Which of the /24s, and of the /32s within one /8, are there: a bit each, so that four receivers of a million routes
 * cost next to nothing beside the daemon under measurement. Other prefixes are refused.
 */
export class PrefixBitmap implements PrefixStore {
  readonly #networks = new Uint8Array(SLOTS / 8);
  readonly #hosts = new Uint8Array(SLOTS / 8);
  readonly #hostsWithin: number;
  #size = 0;

  /** `hostsWithin`: first octet of all /32s. */
  constructor(hostsWithin: number) {
    this.#hostsWithin = hostsWithin;
  }

  get size(): number {
    return this.#size;
  }

  add(address: number, length: number): void {
    const [bits, slot] = this.#slot(address, length);
    const mask = 1 << (slot & 7);
    const before = bits[slot >>> 3] ?? 0;
    if ((before & mask) !== 0) return;
    bits[slot >>> 3] = before | mask;
    this.#size += 1;
  }

  delete(address: number, length: number): void {
    const [bits, slot] = this.#slot(address, length);
    const mask = 1 << (slot & 7);
    const before = bits[slot >>> 3] ?? 0;
    if ((before & mask) === 0) return;
    bits[slot >>> 3] = before & ~mask;
    this.#size -= 1;
  }

  clear(): void {
    this.#networks.fill(0);
    this.#hosts.fill(0);
    this.#size = 0;
  }

  #slot(address: number, length: number): [Uint8Array, number] {
    if (length === 24) return [this.#networks, address >>> 8];
    if (length === 32 && address >>> 24 === this.#hostsWithin) return [this.#hosts, address & (SLOTS - 1)];
    throw new RangeError(`prefix ${address >>> 0}/${length} has no place in this bitmap`);
  }
}

/** All prefixes of length 32, by address; other lengths do not count. */
export class HostPrefixSet implements PrefixStore {
  readonly addresses = new Set<number>();

  get size(): number {
    return this.addresses.size;
  }

  add(address: number, length: number): void {
    if (length === 32) this.addresses.add(address);
  }

  delete(address: number, length: number): void {
    if (length === 32) this.addresses.delete(address);
  }
}
