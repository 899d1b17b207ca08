import {
  FabricError,
  formatIpAddress,
  type PacketTraceFilter,
  type TracedPacket,
  tryParseIpAddress,
} from '@slash32/shared';

const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);
const ICMP = 1;
const ICMPV6 = 58;

/** What nft calls the header of a family. */
type IpHeader = 'ip' | 'ip6';

/**
 * Checks a filter that came over the control socket, since it becomes nft text; returns it in canonical spelling. Throws
 * `FabricError` `trace.bad-filter`.
 */
export function checkedFilter(filter: PacketTraceFilter): PacketTraceFilter {
  const { protocol, port, icmpType, icmpCode } = filter;
  const source = checkedAddress('source', filter.source);
  const destination = checkedAddress('destination', filter.destination);
  checkNumber('protocol', protocol, 255);
  checkNumber('port', port, 65_535);
  checkNumber('icmpType', icmpType, 255);
  checkNumber('icmpCode', icmpCode, 255);
  if (port !== undefined && (protocol === undefined || !WITH_PORTS.has(protocol))) {
    throw badFilter('a port needs a protocol that has ports: 6, 17, 33, 132 or 136');
  }
  if (icmpType !== undefined && protocol !== ICMP && protocol !== ICMPV6) {
    throw badFilter('icmpType needs protocol 1 or 58');
  }
  if (icmpCode !== undefined && icmpType === undefined) throw badFilter('icmpCode needs icmpType');
  const checked = {
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(port === undefined ? {} : { port }),
    ...(icmpType === undefined ? {} : { icmpType }),
    ...(icmpCode === undefined ? {} : { icmpCode }),
  };
  if (familiesOf(checked).size > 1) throw badFilter('source, destination and ICMP must be of one family');
  return checked;
}

/** The family that the filter's packets are of; `undefined`: either. */
export function filterHeader(filter: PacketTraceFilter): IpHeader | undefined {
  const [only] = familiesOf(filter);
  return only;
}

function familiesOf({ source, destination, protocol }: PacketTraceFilter): Set<IpHeader> {
  const families = new Set<IpHeader>();
  for (const address of [source, destination]) if (address !== undefined) families.add(ipHeader(address));
  if (protocol === ICMP) families.add('ip');
  if (protocol === ICMPV6) families.add('ip6');
  return families;
}

/** nft matches of a checked filter, each with a space before it. */
export function filterMatches({ source, destination, protocol, port, icmpType, icmpCode }: PacketTraceFilter): string {
  const icmp = protocol === ICMPV6 ? 'icmpv6' : 'icmp';
  const matches = [
    source === undefined ? undefined : `${ipHeader(source)} saddr ${source}`,
    destination === undefined ? undefined : `${ipHeader(destination)} daddr ${destination}`,
    protocol === undefined ? undefined : `meta l4proto ${protocol}`,
    port === undefined ? undefined : `th dport ${port}`,
    icmpType === undefined ? undefined : `${icmp} type ${icmpType}`,
    icmpCode === undefined ? undefined : `${icmp} code ${icmpCode}`,
  ];
  return matches.map((match) => (match === undefined ? '' : ` ${match}`)).join('');
}

/** Whether a packet is what the filter asks for. */
export function passesFilter(packet: TracedPacket, filter: PacketTraceFilter): boolean {
  const agrees = <Value>(wanted: Value | undefined, is: Value | undefined): boolean =>
    wanted === undefined || wanted === is;
  return (
    agrees(filter.source, packet.source) &&
    agrees(filter.destination, packet.destination) &&
    agrees(filter.protocol, packet.protocol) &&
    agrees(filter.port, packet.destinationPort) &&
    agrees(filter.icmpType, packet.icmpType) &&
    agrees(filter.icmpCode, packet.icmpCode)
  );
}

export function ipHeader(address: string): IpHeader {
  return address.includes(':') ? 'ip6' : 'ip';
}

function checkedAddress(field: string, text: unknown): string | undefined {
  if (text === undefined) return undefined;
  const address = typeof text === 'string' ? tryParseIpAddress(text) : undefined;
  if (address === undefined) throw badFilter(`${field} ${JSON.stringify(text)} is not an IP address`);
  return formatIpAddress(address);
}

function checkNumber(field: string, value: unknown, max: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw badFilter(`${field} ${JSON.stringify(value)} is not a number from 0 to ${max}`);
  }
}

function badFilter(message: string): FabricError {
  return new FabricError('trace.bad-filter', `the filter of agent.trace cannot be used: ${message}`);
}
