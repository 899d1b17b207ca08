/** Builds Ethernet frames, as hexadecimal text, for instances that do not keep to the rules. Addresses are text. */

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';

/** RFC 826. `operation`: 1 request, 2 reply. */
export function arpFrame(arp: {
  readonly sourceMac: string;
  readonly destinationMac?: string;
  readonly operation: 1 | 2;
  readonly senderMac?: string;
  readonly senderAddress: string;
  readonly targetAddress: string;
}): string {
  const sender = mac(arp.senderMac ?? arp.sourceMac) + ipv4(arp.senderAddress);
  const target = `000000000000${ipv4(arp.targetAddress)}`;
  const header = ethernet(arp.destinationMac ?? BROADCAST_MAC, arp.sourceMac, '0806');
  return `${header}000108000604${hex(arp.operation, 2)}${sender}${target}`;
}

/** An IPv4 UDP datagram (RFC 768), UDP checksum left out, which IPv4 allows. */
export function udpFrame(udp: {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload?: string;
}): string {
  const payload = udp.payload ?? Buffer.from('spoofed').toString('hex');
  const length = payload.length / 2;
  const addresses = ipv4(udp.source) + ipv4(udp.destination);
  const before = `4500${hex(28 + length, 2)}000040004011`;
  const checksum = internetChecksum(`${before}0000${addresses}`);
  const header = ethernet(udp.destinationMac, udp.sourceMac, '0800');
  const ports = hex(udp.sourcePort, 2) + hex(udp.destinationPort, 2);
  return `${header}${before}${checksum}${addresses}${ports}${hex(8 + length, 2)}0000${payload}`;
}

/** A router advertisement (RFC 4861 4.2) to all nodes, from a link-local address, offering a default route. */
export function routerAdvertisementFrame(sourceMac: string, sourceAddress: string): string {
  const source = ipv6(sourceAddress);
  const destination = ipv6('ff02::1');
  const body = `86000000${'40000708'}0000000000000000`;
  const pseudo = `${source}${destination}${hex(body.length / 2, 4)}0000003a`;
  const checksum = internetChecksum(pseudo + body);
  const header = ethernet('33:33:00:00:00:01', sourceMac, '86dd');
  return `${header}60000000${hex(body.length / 2, 2)}3aff${source}${destination}8600${checksum}${body.slice(8)}`;
}

/** What a DHCP server sends (RFC 2131): an offer of `address` to everybody. */
export function dhcpOfferPayload(address: string): string {
  const fixed = `02010600deadbeef00008000${ipv4('0.0.0.0')}${ipv4(address)}${'0'.repeat(8)}${'0'.repeat(8)}`;
  return `${fixed}${'0'.repeat(32 + 128 + 256)}63825363350102ff`;
}

function ethernet(destination: string, source: string, etherType: string): string {
  return mac(destination) + mac(source) + etherType;
}

function mac(text: string): string {
  return text.replaceAll(':', '');
}

function ipv4(text: string): string {
  return text
    .split('.')
    .map((octet) => hex(Number(octet), 1))
    .join('');
}

function ipv6(text: string): string {
  const [head = '', tail = ''] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = groups(tail);
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join('');
}

function hex(value: number, octets: number): string {
  return value.toString(16).padStart(octets * 2, '0');
}

/** RFC 1071, over an even number of octets. */
function internetChecksum(octets: string): string {
  let sum = 0;
  for (let index = 0; index < octets.length; index += 4) sum += Number.parseInt(octets.slice(index, index + 4), 16);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return hex(~sum & 0xffff, 2);
}
