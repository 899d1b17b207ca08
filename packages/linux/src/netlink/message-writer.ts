import { ATTRIBUTE_HEADER_OCTETS, aligned, LITTLE_ENDIAN, MESSAGE_HEADER_OCTETS, octetsOf } from './netlink-message.ts';

const INITIAL_OCTETS = 64 * 1024;

/** Writes messages one behind the other into memory of its own, which grows and is used again. */
export class MessageWriter {
  #octets = octetsOf(new Uint8Array(INITIAL_OCTETS));
  #end = 0;
  #message = 0;

  /** Octets of the messages that were ended. */
  get size(): number {
    return this.#message;
  }

  /** What was written; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#octets.bytes.subarray(0, this.#message);
  }

  reset(): void {
    this.#message = 0;
    this.#end = 0;
  }

  /** Begins a message; one that was begun and not ended is forgotten. */
  begin(type: number, flags: number, sequence: number): void {
    this.#end = this.#message;
    this.#reserve(MESSAGE_HEADER_OCTETS);
    const { view } = this.#octets;
    view.setUint16(this.#end + 4, type, LITTLE_ENDIAN);
    view.setUint16(this.#end + 6, flags, LITTLE_ENDIAN);
    view.setUint32(this.#end + 8, sequence, LITTLE_ENDIAN);
    view.setUint32(this.#end + 12, 0, LITTLE_ENDIAN);
    this.#end += MESSAGE_HEADER_OCTETS;
  }

  end(): void {
    this.#octets.view.setUint32(this.#message, this.#end - this.#message, LITTLE_ENDIAN);
    this.#message = this.#end;
  }

  /** Adds flags to the message that begins at `start`. */
  addFlags(start: number, flags: number): void {
    const { view } = this.#octets;
    view.setUint16(start + 6, view.getUint16(start + 6, LITTLE_ENDIAN) | flags, LITTLE_ENDIAN);
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#octets.view.setUint8(this.#end, value);
    this.#end += 1;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#octets.view.setUint16(this.#end, value, LITTLE_ENDIAN);
    this.#end += 2;
  }

  /** Also for s32. */
  uint32(value: number): void {
    this.#reserve(4);
    this.#octets.view.setUint32(this.#end, value, LITTLE_ENDIAN);
    this.#end += 4;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#octets.bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  attributeUint32(type: number, value: number): void {
    const attribute = this.openAttribute(type);
    this.uint32(value);
    this.closeAttribute(attribute);
  }

  attributeBytes(type: number, bytes: Uint8Array): void {
    const attribute = this.openAttribute(type);
    this.raw(bytes);
    this.closeAttribute(attribute);
  }

  /** Begins an attribute; give what it returns to {@link closeAttribute} when the value has been written. */
  openAttribute(type: number): number {
    const start = this.#end;
    this.#reserve(ATTRIBUTE_HEADER_OCTETS);
    this.#octets.view.setUint16(start + 2, type, LITTLE_ENDIAN);
    this.#end += ATTRIBUTE_HEADER_OCTETS;
    return start;
  }

  closeAttribute(start: number): void {
    this.#octets.view.setUint16(start, this.#end - start, LITTLE_ENDIAN);
    const padding = aligned(this.#end) - this.#end;
    this.#reserve(padding);
    this.#octets.bytes.fill(0, this.#end, this.#end + padding);
    this.#end += padding;
  }

  /** Where the next octet goes, for a length that is known later: see {@link patchUint16}. */
  get position(): number {
    return this.#end;
  }

  patchUint16(position: number, value: number): void {
    this.#octets.view.setUint16(position, value, LITTLE_ENDIAN);
  }

  /** `address`: 32 bits, written in network byte order. */
  patchAddress(position: number, address: number): void {
    this.#octets.view.setInt32(position, address);
  }

  #reserve(octets: number): void {
    const needed = this.#end + octets;
    if (needed <= this.#octets.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#octets.bytes.length * 2));
    grown.set(this.#octets.bytes);
    this.#octets = octetsOf(grown);
  }
}
