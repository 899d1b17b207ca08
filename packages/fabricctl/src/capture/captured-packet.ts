import { readFile } from 'node:fs/promises';
import { FabricError } from '@slash32/shared';

/** A packet as it was captured: with its Ethernet header, or without. */
export interface CapturedPacket {
  readonly layer: 'ethernet' | 'ip';
  readonly octets: Uint8Array;
}

/** By magic number, as the first octets say it: little endian of fields, and nothing else that matters here. */
const MAGIC: ReadonlyMap<string, { readonly littleEndian: boolean }> = new Map([
  ['a1b2c3d4', { littleEndian: false }],
  ['a1b23c4d', { littleEndian: false }],
  ['d4c3b2a1', { littleEndian: true }],
  ['4d3cb2a1', { littleEndian: true }],
]);
const PCAPNG_MAGIC = '0a0d0d0a';
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 1;
const RAW_IP: ReadonlySet<number> = new Set([12, 101, 228, 229]);
const NFLOG = 239;
const NFULA_PAYLOAD = 9;

/**
 * Hexadecimal digits, as text from anywhere: with `0x`, spaces, colons, line breaks, or the offsets that `tcpdump -x` puts
 * before lines. A frame, or what begins with an IP header. Throws `FabricError` `packet.not-hex`.
 */
export function packetFromHex(text: string): CapturedPacket {
  const digits = text
    .replace(/^\s*0x[0-9a-f]{4}:/gim, '')
    .replace(/0x/gi, '')
    .replace(/[\s:]+/g, '');
  if (!/^([0-9a-f]{2})+$/i.test(digits)) {
    throw new FabricError('packet.not-hex', 'the packet is not an even number of hexadecimal digits');
  }
  const octets = Buffer.from(digits, 'hex');
  return { layer: looksLikeIp(octets) ? 'ip' : 'ethernet', octets };
}

/** A length that is its own: no MAC address looks like that by chance. */
function looksLikeIp(octets: Buffer): boolean {
  const version = (octets[0] ?? 0) >> 4;
  if (version === 4) return octets.length >= 20 && octets.readUInt16BE(2) === octets.length;
  return version === 6 && octets.length >= 40 && octets.readUInt16BE(4) + 40 === octets.length;
}

/**
 * The packet at `number`, from 1, of a capture file in the format of libpcap. Throws `FabricError` `packet.not-a-capture`,
 * `packet.link-type` or `packet.no-such-packet`, or the system's error.
 */
export async function packetFromCapture(path: string, number: number): Promise<CapturedPacket> {
  const file = await readFile(path);
  const magic = file.subarray(0, 4).toString('hex');
  const format = MAGIC.get(magic);
  if (format === undefined || file.length < FILE_HEADER) {
    const what = magic === PCAPNG_MAGIC ? 'is pcapng; convert it with `editcap -F pcap`' : 'is no capture file (pcap)';
    throw new FabricError('packet.not-a-capture', `${path} ${what}`, { details: { path } });
  }
  const uint32 = (at: number): number => (format.littleEndian ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const linkType = uint32(20) & 0xffff;
  let at = FILE_HEADER;
  for (let index = 1; at + RECORD_HEADER <= file.length; index += 1) {
    const begin = at + RECORD_HEADER;
    const end = begin + uint32(at + 8);
    if (end > file.length) break;
    if (index === number) return fromLink(linkType, file.subarray(begin, end), path);
    at = end;
  }
  throw new FabricError('packet.no-such-packet', `${path} has no packet ${number}; they count from 1`, {
    details: { path, number },
  });
}

function fromLink(linkType: number, octets: Buffer, path: string): CapturedPacket {
  if (linkType === ETHERNET) return { layer: 'ethernet', octets };
  if (RAW_IP.has(linkType)) return { layer: 'ip', octets };
  if (linkType === NFLOG) return { layer: 'ip', octets: nflogPayload(octets) };
  throw new FabricError(
    'packet.link-type',
    `${path} was captured at a link of type ${linkType}; Ethernet, raw IP and nflog are understood`,
    { details: { path, linkType } },
  );
}

/** A header of 4 octets, then attributes: length and type, of the host's byte order, and value, padded to 4 octets. */
function nflogPayload(octets: Buffer): Buffer {
  let at = 4;
  while (at + 4 <= octets.length) {
    const length = octets.readUInt16LE(at);
    if (length < 4) break;
    if ((octets.readUInt16LE(at + 2) & 0x7fff) === NFULA_PAYLOAD) return octets.subarray(at + 4, at + length);
    at += (length + 3) & ~3;
  }
  throw new FabricError('packet.link-type', 'an nflog record without the packet');
}
