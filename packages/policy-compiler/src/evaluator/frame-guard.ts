import type { OpenInstance } from '../model/resolved-instance.ts';
import type { DecodedArp, DecodedIp } from '../packet/decoded-packet.ts';
import { isIn } from './rule-match.ts';

/** What the fabric says to a packet of an instance before anybody's rules are asked. */
export interface GuardVerdict {
  readonly verdict: 'pass' | 'drop';
  readonly explanation: string;
}

const UDP = 17;
const HOSTS_LINK_LOCAL = 'fe80::1';
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const ROUTER_SOLICITATION = 133;
/** Reports and done messages; queries are a router's. */
const LISTENER: ReadonlySet<number> = new Set([131, 132, 143]);
const ROUTER_ONLY: ReadonlyMap<number, string> = new Map([
  [134, 'a router advertisement'],
  [137, 'a redirect'],
]);

/** An IP packet that an instance sends. `sourceMac`: of its frame. */
export function guardIp(instance: OpenInstance, sourceMac: string, packet: DecodedIp): GuardVerdict {
  if (isOwn(instance, sourceMac, packet.source))
    return forbidden(packet) ?? pass(`${packet.source} is its own address`);
  if (!instance.portSecurity) return pass('it has no port security: its source is not checked');
  const unaddressed = hasMac(instance, sourceMac) ? withoutAddress(packet) : undefined;
  if (unaddressed !== undefined) return forbidden(packet) ?? pass(unaddressed);
  return drop(
    `${packet.source} with MAC address ${sourceMac} is neither its own nor an allowed address pair, nor what an instance may send without an address`,
  );
}

/** What it may send from no address yet, or from its link-local one. */
function withoutAddress({ family, source, destination, protocol, ...packet }: DecodedIp): string | undefined {
  const { sourcePort, destinationPort, icmp, ndTarget } = packet;
  if (family === 4) {
    const isClient = protocol === UDP && sourcePort === 68 && destinationPort === 67;
    const isBroadcast = source === '0.0.0.0' && destination === '255.255.255.255';
    return isClient && isBroadcast ? 'a DHCP client asks without an address' : undefined;
  }
  const isLinkLocal = isIn('fe80::/10', source);
  if (!isLinkLocal && source !== '::') return undefined;
  if (isLinkLocal && protocol === UDP && sourcePort === 546 && destinationPort === 547) return 'a DHCPv6 client asks';
  if (icmp === undefined) return undefined;
  if (LISTENER.has(icmp.type)) return 'multicast listener discovery';
  if (icmp.type === ROUTER_SOLICITATION) return 'router solicitation';
  if (isLinkLocal) return icmp.type === SOLICITATION || icmp.type === ADVERTISEMENT ? 'neighbour discovery' : undefined;
  return icmp.type === SOLICITATION && ndTarget !== HOSTS_LINK_LOCAL ? 'duplicate address detection' : undefined;
}

/** What no instance may send from whatever address. */
function forbidden({ family, protocol, sourcePort, sourceRoute, icmp, ndTarget }: DecodedIp): GuardVerdict | undefined {
  if (protocol === UDP && sourcePort === (family === 4 ? 67 : 547))
    return drop('only a DHCP server sends from this port');
  if (sourceRoute !== undefined) return drop(`it is source-routed: ${sourceRoute}`);
  if (family === 4 || icmp === undefined) return undefined;
  const message = ROUTER_ONLY.get(icmp.type);
  if (message !== undefined) return drop(`${message} is for routers to send`);
  if (icmp.type === ADVERTISEMENT && ndTarget === HOSTS_LINK_LOCAL) return drop(`${HOSTS_LINK_LOCAL} is the gateway’s`);
  return undefined;
}

/** An ARP packet that an instance sends: whether its host looks at it. `sourceMac`: of its frame. */
export function guardArp(
  instance: OpenInstance,
  sourceMac: string,
  { senderMac, senderAddress, targetAddress }: DecodedArp,
): GuardVerdict {
  if (instance.addresses.includes(targetAddress)) {
    return drop(`${targetAddress} is its own address: the host keeps silent, so that it does not look taken`);
  }
  if (!instance.portSecurity) return pass('it has no port security: its sender is not checked');
  if (!hasMac(instance, sourceMac)) return drop(`the frame’s MAC address ${sourceMac} is not its own`);
  if (isOwn(instance, senderMac, senderAddress)) return pass('the sender is itself');
  if (senderAddress === '0.0.0.0' && hasMac(instance, senderMac)) return pass('a probe (RFC 5227)');
  return drop(`${senderAddress} with MAC address ${senderMac} is neither its own nor an allowed address pair`);
}

function isOwn({ mac, addresses, pairs, portSecurity }: OpenInstance, sourceMac: string, address: string): boolean {
  if (!portSecurity) return false;
  if (sourceMac === mac && addresses.includes(address)) return true;
  return pairs.some((pair) => pair.mac === sourceMac && isIn(pair.prefix, address));
}

function hasMac({ mac, pairs }: OpenInstance, sourceMac: string): boolean {
  return sourceMac === mac || pairs.some((pair) => pair.mac === sourceMac);
}

function pass(explanation: string): GuardVerdict {
  return { verdict: 'pass', explanation };
}

function drop(explanation: string): GuardVerdict {
  return { verdict: 'drop', explanation };
}
