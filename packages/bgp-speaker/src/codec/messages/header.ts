import { writeUint16 } from '../octets.ts';

/** Octets of the header: marker, length, type. */
export const HEADER_LENGTH = 19;
export const MARKER_LENGTH = 16;

/**
 * Fills in the header of a message that takes up all of `octets` (RFC 4271 section 4.1).
 *
 * ```
 * +----------------------------------+
 * | Marker (16 octets, all ones)     |
 * +----------------+--------+--------+
 * | Length (2)     | Type   |
 * +----------------+--------+
 * ```
 */
export function writeHeader(octets: Uint8Array, type: number): void {
  octets.fill(0xff, 0, MARKER_LENGTH);
  writeUint16(octets, MARKER_LENGTH, octets.length);
  octets[MARKER_LENGTH + 2] = type;
}

/** One of `MESSAGE_TYPE`, of a whole message. */
export function messageType(octets: Uint8Array): number {
  return octets[MARKER_LENGTH + 2] ?? 0;
}
