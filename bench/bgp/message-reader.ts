import type { PrefixStore } from './prefix-store.ts';

/** What a reader found in the octets of one TCP chunk. */
export interface ReadUpdates {
  readonly types: readonly number[];
  /** Messages that announce something. */
  readonly updates: number;
  /** Their octets, headers included. */
  readonly octets: number;
}

/**
 * The fastest receiver that still knows what it has: cuts the stream into messages and puts every announced IPv4 prefix
 * into a store. Withdrawals are taken out again.
 */
export class MessageReader {
  readonly #prefixes: PrefixStore;
  #rest: Buffer = Buffer.alloc(0);

  constructor(prefixes: PrefixStore) {
    this.#prefixes = prefixes;
  }

  push(chunk: Buffer): ReadUpdates {
    const octets = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const types: number[] = [];
    let updates = 0;
    let updateOctets = 0;
    let at = 0;
    while (at + 19 <= octets.length) {
      const length = octets.readUInt16BE(at + 16);
      if (at + length > octets.length) break;
      const type = octets.readUInt8(at + 18);
      types.push(type);
      if (type === 2 && this.#readUpdate(octets, at + 19, at + length)) {
        updates += 1;
        updateOctets += length;
      }
      at += length;
    }
    this.#rest = octets.subarray(at);
    return { types, updates, octets: updateOctets };
  }

  #readUpdate(octets: Buffer, start: number, end: number): boolean {
    const withdrawnEnd = start + 2 + octets.readUInt16BE(start);
    for (let at = start + 2; at < withdrawnEnd; at += 1 + nlriOctets(octets, at)) {
      this.#prefixes.delete(addressAt(octets, at), octets[at] ?? 0);
    }
    const nlriStart = withdrawnEnd + 2 + octets.readUInt16BE(withdrawnEnd);
    for (let at = nlriStart; at < end; at += 1 + nlriOctets(octets, at)) {
      this.#prefixes.add(addressAt(octets, at), octets[at] ?? 0);
    }
    return nlriStart < end;
  }
}

function nlriOctets(octets: Buffer, at: number): number {
  return ((octets[at] ?? 0) + 7) >> 3;
}

/** Signed; octets that the prefix does not have are 0. */
function addressAt(octets: Buffer, at: number): number {
  switch (nlriOctets(octets, at)) {
    case 4:
      return octets.readInt32BE(at + 1);
    case 3:
      return (octets.readUIntBE(at + 1, 3) << 8) | 0;
    case 2:
      return octets.readUInt16BE(at + 1) << 16;
    case 1:
      return (octets[at + 1] ?? 0) << 24;
    default:
      return 0;
  }
}
