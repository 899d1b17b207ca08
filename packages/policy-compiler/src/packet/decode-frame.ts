import { FabricError } from '@slash32/shared';
import { decodeIp } from './decode-ip.ts';
import type { DecodedArp, DecodedFrame } from './decoded-packet.ts';
import { Octets } from './octets.ts';

const ETHERNET_HEADER = 14;
const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/**
 * Reads an Ethernet frame, without its checksum. Throws `FabricError` `packet.truncated` or `packet.invalid`; what is behind
 * headers that say enough may be cut off.
 */
export function decodeFrame(frame: Uint8Array): DecodedFrame {
  const octets = new Octets(frame);
  const etherType = octets.uint16(12);
  const header = { sourceMac: octets.mac(6), destinationMac: octets.mac(0), etherType };
  const payload = octets.from(ETHERNET_HEADER);
  switch (etherType) {
    case ETHER_TYPE.arp:
      return { ...header, packet: decodeArp(payload) };
    case ETHER_TYPE.ipv4:
    case ETHER_TYPE.ipv6:
      return { ...header, packet: decodeIp(payload) };
    default:
      return { ...header, packet: undefined };
  }
}

/** RFC 826; `undefined`: not for IPv4 over Ethernet. */
function decodeArp(octets: Octets): DecodedArp | undefined {
  const hardware = octets.uint16(0);
  const protocol = octets.uint16(2);
  if (hardware !== 1 || protocol !== ETHER_TYPE.ipv4 || octets.uint16(4) !== 0x0604) return undefined;
  const operation = octets.uint16(6);
  if (operation !== 1 && operation !== 2) {
    throw new FabricError('packet.invalid', `ARP operation ${operation} is neither request (1) nor reply (2)`);
  }
  return {
    kind: 'arp',
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: octets.mac(8),
    senderAddress: octets.address(14, 4),
    targetAddress: octets.address(24, 4),
  };
}
