import { type AddressFamily, FabricError, formatIpAddress } from '@slash32/shared';

/** Octets of a packet; reading past their end is an error that says where. */
export class Octets {
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get length(): number {
    return this.#octets.length;
  }

  has(end: number): boolean {
    return end <= this.#octets.length;
  }

  byte(at: number): number {
    const value = this.#octets[at];
    if (value === undefined) {
      throw new FabricError('packet.truncated', `the packet ends after ${this.length} octets; octet ${at} is missing`, {
        details: { length: this.length, at },
      });
    }
    return value;
  }

  uint16(at: number): number {
    return this.byte(at) * 256 + this.byte(at + 1);
  }

  address(at: number, family: AddressFamily): string {
    let value = 0n;
    for (let index = 0; index < (family === 4 ? 4 : 16); index += 1)
      value = value * 256n + BigInt(this.byte(at + index));
    return formatIpAddress({ family, value });
  }

  mac(at: number): string {
    return Array.from({ length: 6 }, (_, index) =>
      this.byte(at + index)
        .toString(16)
        .padStart(2, '0'),
    ).join(':');
  }

  /** From `at` to `end`, or to where they end. */
  from(at: number, end?: number): Octets {
    return new Octets(this.#octets.subarray(at, end));
  }
}
