import type { Field } from '../ir/rule.ts';
import type { ProgramArp, ProgramPacket } from './program-packet.ts';

/**
 * The value of a field as nft would print it; `undefined`: the packet has no such field, and the rule does not match
 * (also not when the match is negated).
 */
export function fieldValue(field: Field, packet: ProgramPacket | ProgramArp): string | undefined {
  return 'senderMac' in packet ? arpValue(field, packet) : ipValue(field, packet);
}

function arpValue(field: Field, packet: ProgramArp): string | undefined {
  switch (field) {
    case 'iifname':
      return `"${packet.iifname}"`;
    case 'ether saddr':
      return packet.etherSource;
    case 'arp saddr ether':
      return packet.senderMac;
    case 'arp saddr ip':
      return packet.senderAddress;
    case 'arp daddr ip':
      return packet.targetAddress;
    default:
      return undefined;
  }
}

function ipValue(field: Field, packet: ProgramPacket): string | undefined {
  const { family, protocol, icmp } = packet;
  const flow = typeof packet.flow === 'object' ? packet.flow : undefined;
  switch (field) {
    case 'iifname':
      return quoted(packet.iifname);
    case 'oifname':
      return quoted(packet.oifname);
    case 'ether saddr':
      return packet.etherSource;
    case 'meta nfproto':
      return family === 4 ? 'ipv4' : 'ipv6';
    case 'meta l4proto':
      return String(protocol);
    case 'ip hdrlength':
      return family === 4 ? (packet.sourceRouted === true ? '7' : '5') : undefined;
    case 'ip6 nexthdr':
      return family === 6 ? (packet.sourceRouted === true ? ROUTING_HEADER : String(protocol)) : undefined;
    case 'ip saddr':
      return family === 4 ? packet.source : undefined;
    case 'ip daddr':
      return family === 4 ? packet.destination : undefined;
    case 'ip6 saddr':
      return family === 6 ? packet.source : undefined;
    case 'ip6 daddr':
      return family === 6 ? packet.destination : undefined;
    case 'udp sport':
      return protocol === 17 ? number(packet.sourcePort) : undefined;
    case 'udp dport':
      return protocol === 17 ? number(packet.destinationPort) : undefined;
    case 'th sport':
      return number(icmp === undefined ? (packet.sourcePort ?? 0) : icmp.type * 256 + icmp.code);
    case 'th dport':
      return number(packet.destinationPort ?? 0);
    case '@th,64,128':
      return packet.ndTarget === 'fe80::1' ? '0xfe800000000000000000000000000001' : (packet.ndTarget ?? '');
    case 'icmp type':
      return protocol === 1 ? number(icmp?.type) : undefined;
    case 'icmpv6 type':
      return protocol === 58 ? number(icmp?.type) : undefined;
    case 'ct state':
      return typeof packet.flow === 'string' ? packet.flow : flow?.state;
    case 'ct direction':
      return flow?.direction;
    case 'ct original ip saddr':
      return family === 4 ? flow?.original.source : undefined;
    case 'ct original ip daddr':
      return family === 4 ? flow?.original.destination : undefined;
    case 'ct original ip6 saddr':
      return family === 6 ? flow?.original.source : undefined;
    case 'ct original ip6 daddr':
      return family === 6 ? flow?.original.destination : undefined;
    case 'ct original protocol':
      return number(flow?.original.protocol);
    case 'ct original proto-dst':
      return number(flow?.original.protocolDestination);
    case 'arp saddr ether':
    case 'arp saddr ip':
    case 'arp daddr ip':
      return undefined;
  }
}

const ROUTING_HEADER = '43';

function quoted(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `"${name}"`;
}

function number(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
