import { FabricError } from '@slash32/shared';
import type { DecodedIp } from './decoded-packet.ts';
import type { Octets } from './octets.ts';

const TCP = 6;
/** Protocols that begin with source and destination port: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS: ReadonlySet<number> = new Set([TCP, 17, 33, 132, 136]);
const ICMP = 1;
const ICMPV6 = 58;
/** Errors quote the packet that they are about: RFC 792, RFC 4443. */
const ERRORS = { 4: new Set([3, 4, 5, 11, 12]), 6: new Set([1, 2, 3, 4]) } as const;
const ND_WITH_TARGET: ReadonlySet<number> = new Set([135, 136]);
/** Options that name routers (RFC 791 3.1). */
const SOURCE_ROUTES: ReadonlyMap<number, string> = new Map([
  [131, 'loose source route'],
  [137, 'strict source route'],
]);
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;

/** What is known before the payload is read. */
type Network = Omit<DecodedIp, 'sourcePort' | 'destinationPort' | 'tcp' | 'icmp' | 'ndTarget' | 'about'>;

/** Reads an IPv4 or IPv6 packet. `quoted`: in an ICMP error, of which only the beginning is there. Throws `packet.…`. */
export function decodeIp(octets: Octets, quoted = false): DecodedIp {
  const version = octets.byte(0) >> 4;
  if (version === 4) return decodeIpv4(octets, quoted);
  if (version === 6) return decodeIpv6(octets, quoted);
  throw new FabricError('packet.invalid', `IP version ${version} is neither 4 nor 6`, { details: { version } });
}

/** RFC 791. */
function decodeIpv4(octets: Octets, quoted: boolean): DecodedIp {
  const headerLength = (octets.byte(0) & 0xf) * 4;
  if (headerLength < 20)
    throw new FabricError('packet.invalid', `an IPv4 header has 20 octets or more, not ${headerLength}`);
  const flags = octets.uint16(6);
  const offset = (flags & 0x1fff) * 8;
  const more = (flags & 0x2000) !== 0;
  const sourceRoute = ipv4SourceRoute(octets, headerLength);
  const network: Network = {
    kind: 'ip',
    family: 4,
    source: octets.address(12, 4),
    destination: octets.address(16, 4),
    protocol: octets.byte(9),
    hopLimit: octets.byte(8),
    ...(offset > 0 || more ? { fragment: { offset, more } } : {}),
    ...(sourceRoute === undefined ? {} : { sourceRoute }),
  };
  return withTransport(network, octets.from(headerLength, octets.uint16(2)), quoted);
}

function ipv4SourceRoute(octets: Octets, headerLength: number): string | undefined {
  let at = 20;
  while (at < headerLength) {
    const type = octets.byte(at);
    if (type === 0) return undefined;
    const name = SOURCE_ROUTES.get(type);
    if (name !== undefined) return name;
    at += type === 1 ? 1 : Math.max(2, octets.byte(at + 1));
  }
  return undefined;
}

/** RFC 8200, with its extension headers up to the one that ends what can be known. */
function decodeIpv6(octets: Octets, quoted: boolean): DecodedIp {
  let next = octets.byte(6);
  let at = 40;
  let sourceRoute: string | undefined;
  let fragment: DecodedIp['fragment'];
  const isExtension = (): boolean =>
    next === HOP_BY_HOP ||
    next === ROUTING ||
    next === FRAGMENT ||
    next === DESTINATION_OPTIONS ||
    next === AUTHENTICATION;
  while (isExtension() && (fragment?.offset ?? 0) === 0) {
    const header = next;
    next = octets.byte(at);
    if (header === ROUTING) sourceRoute = `routing header of type ${octets.byte(at + 2)}`;
    if (header === FRAGMENT) {
      const bits = octets.uint16(at + 2);
      fragment = { offset: bits & 0xfff8, more: (bits & 1) === 1 };
    }
    const units = octets.byte(at + 1);
    at += header === FRAGMENT ? 8 : header === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8;
  }
  const network: Network = {
    kind: 'ip',
    family: 6,
    source: octets.address(8, 6),
    destination: octets.address(24, 6),
    protocol: next,
    hopLimit: octets.byte(7),
    ...(fragment === undefined ? {} : { fragment }),
    ...(sourceRoute === undefined ? {} : { sourceRoute }),
  };
  return withTransport(network, octets.from(at, 40 + octets.uint16(4)), quoted);
}

function withTransport(network: Network, payload: Octets, quoted: boolean): DecodedIp {
  const { family, protocol, fragment } = network;
  if ((fragment?.offset ?? 0) > 0) return network;
  if (WITH_PORTS.has(protocol)) {
    if (quoted && !payload.has(4)) return network;
    const ports = { sourcePort: payload.uint16(0), destinationPort: payload.uint16(2) };
    if (protocol !== TCP || !payload.has(14)) return { ...network, ...ports };
    const flags = payload.byte(13);
    return { ...network, ...ports, tcp: { syn: (flags & 2) !== 0, ack: (flags & 16) !== 0, rst: (flags & 4) !== 0 } };
  }
  if (protocol !== (family === 4 ? ICMP : ICMPV6) || (quoted && !payload.has(2))) return network;
  const icmp = { type: payload.byte(0), code: payload.byte(1) };
  if (family === 6 && ND_WITH_TARGET.has(icmp.type)) return { ...network, icmp, ndTarget: payload.address(8, 6) };
  if (quoted || !ERRORS[family].has(icmp.type)) return { ...network, icmp };
  return { ...network, icmp, about: decodeIp(payload.from(8), true) };
}
