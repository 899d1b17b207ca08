/**
 * The octets that a minimal BGP peer needs, written here and not taken from the speaker, so that the bench measures the
 * speaker against something independent. IPv4 unicast, 4-octet AS numbers, eBGP (RFC 4271 4, RFC 5492, RFC 6793).
 */

const HEADER_OCTETS = 19;
const MAX_MESSAGE_OCTETS = 4096;
const AS_TRANS = 23_456;
const HOLD_TIME_SECONDS = 240;

export const UPDATE_TYPE = 2;
export const OPEN_TYPE = 1;
export const NOTIFICATION_TYPE = 3;
export const KEEPALIVE_TYPE = 4;

export interface Identity {
  readonly asNumber: number;
  /** Dotted quad: BGP Identifier, next hop of what it announces. */
  readonly address: string;
}

export function openMessage({ asNumber, address }: Identity): Uint8Array {
  const shortAs = asNumber > 0xffff ? AS_TRANS : asNumber;
  const capabilities = [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, ...uint32(asNumber)];
  const parameters = [2, capabilities.length, ...capabilities];
  const body = [4, ...uint16(shortAs), ...uint16(HOLD_TIME_SECONDS), ...addressOctets(address)];
  return message(OPEN_TYPE, [...body, parameters.length, ...parameters]);
}

export function keepaliveMessage(): Uint8Array {
  return message(KEEPALIVE_TYPE, []);
}

/** One UPDATE: path attributes as octets, and NLRI as octets. */
export function updateMessage(attributes: readonly number[], nlri: readonly number[]): Uint8Array {
  return message(UPDATE_TYPE, [0, 0, ...uint16(attributes.length), ...attributes, ...nlri]);
}

/** UPDATEs for `count` /32 from `first` (unsigned) on, full ones or with so many each, as one run of octets. */
export function tableOctets(
  { asNumber, address }: Identity,
  first: number,
  count: number,
  prefixesPerMessage?: number,
): Uint8Array {
  const attributes = [
    ...[0x40, 1, 1, 0], // ORIGIN IGP
    ...[0x40, 2, 6, 2, 1, ...uint32(asNumber)], // AS_PATH: one sequence of one
    ...[0x40, 3, 4, ...addressOctets(address)], // NEXT_HOP
  ];
  const head = [0, 0, ...uint16(attributes.length), ...attributes];
  const perMessage = prefixesPerMessage ?? Math.floor((MAX_MESSAGE_OCTETS - HEADER_OCTETS - head.length) / 5);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < count; at += perMessage) {
    const nlri: number[] = [];
    for (let index = at; index < Math.min(count, at + perMessage); index += 1) nlri.push(32, ...uint32(first + index));
    messages.push(message(UPDATE_TYPE, [...head, ...nlri]));
  }
  return Buffer.concat(messages);
}

function message(type: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([...new Array<number>(16).fill(0xff), ...uint16(HEADER_OCTETS + body.length), type, ...body]);
}

export function uint16(value: number): number[] {
  return [value >>> 8, value & 0xff];
}

export function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

export function addressOctets(address: string): number[] {
  return address.split('.').map(Number);
}
