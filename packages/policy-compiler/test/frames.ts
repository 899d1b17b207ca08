import { parseIpAddress } from '@slash32/shared';

/** Ethernet frames of whatever an instance may think of, right or wrong. Addresses are text, payloads octets. */

const ETHER_TYPE = { arp: 0x0806, ipv4: 0x0800, ipv6: 0x86dd } as const;
const UDP = 17;
const ICMPV6 = 58;

export interface Ends {
  readonly source: string;
  readonly destination: string;
}

export function ethernet(ends: Ends, type: keyof typeof ETHER_TYPE, payload: Buffer): Buffer {
  return Buffer.concat([mac(ends.destination), mac(ends.source), uint16(ETHER_TYPE[type]), payload]);
}

/** RFC 826. `operation`: 1 request, 2 reply. */
export function arp(packet: {
  readonly operation: 1 | 2;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac?: string;
  readonly targetAddress: string;
}): Buffer {
  const { operation, senderMac, senderAddress, targetMac = '00:00:00:00:00:00', targetAddress } = packet;
  const addresses = [mac(senderMac), addressOctets(senderAddress), mac(targetMac), addressOctets(targetAddress)];
  return Buffer.concat([Buffer.from('0001080006040000', 'hex').fill(operation, 7), ...addresses]);
}

export interface Fragment {
  readonly id: number;
  /** In octets, a multiple of 8. */
  readonly offset: number;
  readonly more: boolean;
}

/** RFC 791. `options`: a multiple of 4 octets. */
export function ipv4(
  header: Ends & { readonly protocol: number; readonly options?: Buffer; readonly fragment?: Fragment },
  payload: Buffer,
): Buffer {
  const { source, destination, protocol, options = Buffer.alloc(0), fragment } = header;
  const octets = Buffer.concat([Buffer.alloc(12), addressOctets(source), addressOctets(destination), options]);
  octets[0] = 0x40 | (octets.length / 4);
  octets.writeUInt16BE(octets.length + payload.length, 2);
  octets.writeUInt16BE(fragment?.id ?? 0, 4);
  octets.writeUInt16BE(fragment === undefined ? 0x4000 : (fragment.more ? 0x2000 : 0) | (fragment.offset / 8), 6);
  octets[8] = 64;
  octets[9] = protocol;
  octets.writeUInt16BE(internetChecksum(octets), 10);
  return Buffer.concat([octets, payload]);
}

/** RFC 8200. `nextHeader`: of `payload`, which may begin with extension headers. */
export function ipv6(
  header: Ends & { readonly nextHeader: number; readonly hopLimit?: number },
  payload: Buffer,
): Buffer {
  const { source, destination, nextHeader, hopLimit = 64 } = header;
  const octets = Buffer.concat([
    Buffer.from('6000000000000000', 'hex'),
    addressOctets(source),
    addressOctets(destination),
  ]);
  octets.writeUInt16BE(payload.length, 4);
  octets[6] = nextHeader;
  octets[7] = hopLimit;
  return Buffer.concat([octets, payload]);
}

/** RFC 8200 4.5. */
export function fragmentHeader(nextHeader: number, { id, offset, more }: Fragment): Buffer {
  const octets = Buffer.alloc(8);
  octets[0] = nextHeader;
  octets.writeUInt16BE(offset | (more ? 1 : 0), 2);
  octets.writeUInt32BE(id, 4);
  return octets;
}

/** RFC 8200 4.4, of any type, with one address (and for type 4, RFC 8754, a last entry and flags of 0). */
export function routingHeader(nextHeader: number, type: number, hop: string, segmentsLeft = 1): Buffer {
  return Buffer.concat([Buffer.from([nextHeader, 2, type, segmentsLeft, 0, 0, 0, 0]), addressOctets(hop)]);
}

/** A hop-by-hop or destination options header of padding only (RFC 8200 4.3, 4.6). */
export function paddingHeader(nextHeader: number): Buffer {
  return Buffer.from([nextHeader, 0, 1, 4, 0, 0, 0, 0]);
}

/** A loose (131) or strict (137) source route option with one address, padded (RFC 791 3.1). */
export function sourceRouteOption(type: 131 | 137, hop: string): Buffer {
  return Buffer.concat([Buffer.from([type, 7, 4]), addressOctets(hop), Buffer.from([0])]);
}

/** RFC 768. `ends`: of the IP header, for the checksum. */
export function udp(
  ends: Ends,
  ports: { readonly source: number; readonly destination: number },
  payload: Buffer,
): Buffer {
  const header = Buffer.concat([
    uint16(ports.source),
    uint16(ports.destination),
    uint16(8 + payload.length),
    uint16(0),
  ]);
  header.writeUInt16BE(transportChecksum(ends, UDP, header, payload), 6);
  return Buffer.concat([header, payload]);
}

/** The packet that begins an SCTP association: INIT (RFC 9260 3.3.2). */
export function sctpInit(ports: { readonly source: number; readonly destination: number }): Buffer {
  const packet = Buffer.from('0000000000000000000000000100001400000001000010000001000100000001', 'hex');
  packet.writeUInt16BE(ports.source, 0);
  packet.writeUInt16BE(ports.destination, 2);
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}

/** RFC 792, RFC 4443. `ends`: of the IP header; `rest`: octets 4–7. */
export function icmp(
  ends: Ends,
  message: { readonly type: number; readonly code?: number; readonly rest?: number },
  payload: Buffer,
): Buffer {
  const header = Buffer.from([message.type, message.code ?? 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(message.rest ?? 0, 4);
  const isIpv6 = ends.source.includes(':');
  const checksum = isIpv6
    ? transportChecksum(ends, ICMPV6, header, payload)
    : internetChecksum(Buffer.concat([header, payload]));
  header.writeUInt16BE(checksum, 2);
  return Buffer.concat([header, payload]);
}

/** IPv4 or IPv6, by the ends. */
export function ip(ends: Ends, protocol: number, payload: Buffer): Buffer {
  return ends.source.includes(':')
    ? ipv6({ ...ends, nextHeader: protocol }, payload)
    : ipv4({ ...ends, protocol }, payload);
}

export function addressOctets(text: string): Buffer {
  const { family, value } = parseIpAddress(text);
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
}

function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function transportChecksum(ends: Ends, protocol: number, header: Buffer, payload: Buffer): number {
  const length = header.length + payload.length;
  const pseudo = Buffer.concat([addressOctets(ends.source), addressOctets(ends.destination), Buffer.alloc(8)]);
  pseudo.writeUInt32BE(length, pseudo.length - 8);
  pseudo.writeUInt32BE(protocol, pseudo.length - 4);
  return internetChecksum(Buffer.concat([pseudo, header, payload]));
}

/** RFC 9260 appendix A. */
function crc32c(octets: Buffer): number {
  let remainder = 0xffff_ffff;
  for (const octet of octets) {
    remainder ^= octet;
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ ((remainder & 1) * 0x82f6_3b78);
  }
  return ~remainder >>> 0;
}

/** RFC 1071. An IPv4 pseudo header, laid out as IPv6's, has the same sum. */
function internetChecksum(octets: Buffer): number {
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) sum += ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
