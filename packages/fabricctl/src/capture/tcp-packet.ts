import { FabricError, ipAddressToBytes, tryParseIpAddress } from '@slash32/shared';

const TCP_HEADER_OCTETS = 20;
const IPV4_HEADER_OCTETS = 20;
const IPV6_HEADER_OCTETS = 40;
const PROTOCOL_TCP = 6;
const HOP_LIMIT = 64;
/** PSH and ACK. */
const TCP_FLAGS = 0x18;
const WINDOW = 0xffff;

export interface TcpEndpoint {
  /** Of the same family as the other end's. */
  readonly address: string;
  readonly port: number;
}

export interface TcpSegment {
  readonly from: TcpEndpoint;
  readonly to: TcpEndpoint;
  /** 32 bits. */
  readonly sequence: number;
  readonly acknowledgement: number;
  /** At most 65,495 octets. */
  readonly payload: Uint8Array;
}

/** An IP packet with a TCP segment (RFC 791, RFC 8200, RFC 9293), both checksums right. */
export function encodeTcpPacket(segment: TcpSegment): Uint8Array {
  const source = octetsOf(segment.from.address);
  const destination = octetsOf(segment.to.address);
  const tcp = tcpOctets(segment);
  const isIpv4 = source.length === 4;
  // The pseudo-header has the same 16-bit words for both families, but for zeros.
  const sum = addWords(addWords(addWords(PROTOCOL_TCP + tcp.length, source), destination), tcp);
  view(tcp).setUint16(16, checksumOf(sum));
  const header = isIpv4 ? ipv4Header(source, destination, tcp.length) : ipv6Header(source, destination, tcp.length);
  return Buffer.concat([header, tcp]);
}

function tcpOctets({ from, to, sequence, acknowledgement, payload }: TcpSegment): Uint8Array {
  const octets = new Uint8Array(TCP_HEADER_OCTETS + payload.length);
  const fields = view(octets);
  fields.setUint16(0, from.port);
  fields.setUint16(2, to.port);
  fields.setUint32(4, sequence);
  fields.setUint32(8, acknowledgement);
  fields.setUint8(12, (TCP_HEADER_OCTETS / 4) << 4);
  fields.setUint8(13, TCP_FLAGS);
  fields.setUint16(14, WINDOW);
  octets.set(payload, TCP_HEADER_OCTETS);
  return octets;
}

function ipv4Header(source: Uint8Array, destination: Uint8Array, payloadLength: number): Uint8Array {
  const header = new Uint8Array(IPV4_HEADER_OCTETS);
  const fields = view(header);
  fields.setUint8(0, 0x45);
  fields.setUint16(2, IPV4_HEADER_OCTETS + payloadLength);
  fields.setUint8(8, HOP_LIMIT);
  fields.setUint8(9, PROTOCOL_TCP);
  header.set(source, 12);
  header.set(destination, 16);
  fields.setUint16(10, checksumOf(addWords(0, header)));
  return header;
}

function ipv6Header(source: Uint8Array, destination: Uint8Array, payloadLength: number): Uint8Array {
  const header = new Uint8Array(IPV6_HEADER_OCTETS);
  const fields = view(header);
  fields.setUint8(0, 0x60);
  fields.setUint16(4, payloadLength);
  fields.setUint8(6, PROTOCOL_TCP);
  fields.setUint8(7, HOP_LIMIT);
  header.set(source, 8);
  header.set(destination, 24);
  return header;
}

/** Adds 16-bit words, the last one padded with zero (RFC 1071). */
function addWords(start: number, octets: Uint8Array): number {
  let sum = start;
  for (let index = 0; index < octets.length; index += 2) {
    sum += ((octets[index] ?? 0) << 8) | (octets[index + 1] ?? 0);
  }
  return sum;
}

function checksumOf(words: number): number {
  let sum = words;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function view(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

function octetsOf(text: string): Uint8Array {
  const address = tryParseIpAddress(text);
  if (address !== undefined) return ipAddressToBytes(address);
  throw new FabricError('address.invalid', `the speaker names "${text}" as an end of the connection; it is no address`);
}
