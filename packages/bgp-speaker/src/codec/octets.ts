/**
 * Reading and writing integers of the wire: network byte order, unsigned. A reader checks bounds before it calls these;
 * an octet past the end reads as 0.
 */
export function readUint16(octets: Uint8Array, offset: number): number {
  return ((octets[offset] ?? 0) << 8) | (octets[offset + 1] ?? 0);
}

export function readUint24(octets: Uint8Array, offset: number): number {
  return (readUint16(octets, offset) << 8) | (octets[offset + 2] ?? 0);
}

export function readUint32(octets: Uint8Array, offset: number): number {
  return ((readUint16(octets, offset) << 16) | readUint16(octets, offset + 2)) >>> 0;
}

export function writeUint16(octets: Uint8Array, offset: number, value: number): void {
  octets[offset] = value >>> 8;
  octets[offset + 1] = value;
}

export function writeUint32(octets: Uint8Array, offset: number, value: number): void {
  octets[offset] = value >>> 24;
  octets[offset + 1] = value >>> 16;
  octets[offset + 2] = value >>> 8;
  octets[offset + 3] = value;
}

/** Each value as four octets. */
export function uint32Octets(values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(values.length * 4);
  for (const [index, value] of values.entries()) writeUint32(octets, index * 4, value);
  return octets;
}

/** The integers of four octets each from `start` to `end`. */
export function readUint32List(octets: Uint8Array, start: number, end: number): number[] {
  const values: number[] = [];
  for (let offset = start; offset + 4 <= end; offset += 4) values.push(readUint32(octets, offset));
  return values;
}

export function concatOctets(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Lower-case hexadecimal, two digits an octet. */
export function formatHex(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += octet.toString(16).padStart(2, '0');
  return text;
}
