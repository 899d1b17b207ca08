import { type AddressFamily, FabricError, PROTOCOL_NUMBERS, type ProtocolName } from '@slash32/shared';

/** What is asked to pass, as the command line says it. */
export interface FlowText {
  /** The destination, not looked at yet: `NAMESPACE/NAME`, `NAME`, an address or `internet`. */
  readonly destination: string;
  readonly protocol: FlowProtocol;
}

export type FlowProtocol =
  | { readonly type: 'ports'; readonly number: number; readonly port: number }
  /** `family` left out: either; `icmpType` left out: an echo request of the family that is traced. */
  | { readonly type: 'icmp'; readonly family?: AddressFamily; readonly icmpType?: number; readonly icmpCode?: number }
  | { readonly type: 'bare'; readonly number: number };

const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);
const FORMS = 'write DESTINATION:443/tcp, DESTINATION:icmp, DESTINATION:icmp/8 or DESTINATION:gre';

/**
 * Reads `DST:PORT/PROTO`, `DST:icmp[/TYPE[/CODE]]` or `DST:PROTO`; PROTO is a name or a number 0–255, and an IPv6
 * address may stand in brackets. `icmp` alone is a ping of either family, `icmp/8` is IPv4's, `icmpv6/128` IPv6's. Throws `FabricError` `flow.invalid`.
 */
export function parseFlow(text: string): FlowText {
  const match = /^(.+):([^:\]]+)$/.exec(text.trim());
  const destination = match?.[1]?.replace(/^\[(.*)\]$/, '$1');
  const what = match?.[2];
  if (destination === undefined || what === undefined) {
    throw invalid(text, `does not say what is to pass; ${FORMS}`);
  }
  const parts = what.split('/');
  const [first = '', second, third] = parts;
  if (/^icmp(v6|6)?$/i.test(first))
    return { destination, protocol: icmpFlow(text, first, second, third, parts.length) };
  if (parts.length > 2) throw invalid(text, `has too many "/"; ${FORMS}`);
  return { destination, protocol: second === undefined ? bareFlow(text, first) : portFlow(text, first, second) };
}

function icmpFlow(
  text: string,
  name: string,
  type: string | undefined,
  code: string | undefined,
  parts: number,
): FlowProtocol {
  if (parts > 3) throw invalid(text, 'has too many "/"; write icmp/TYPE/CODE');
  const isIcmpv6 = name.toLowerCase() !== 'icmp';
  if (type === undefined) return isIcmpv6 ? { type: 'icmp', family: 6 } : { type: 'icmp' };
  const icmpType = octet(text, type, 'an ICMP type');
  const icmpCode = code === undefined ? 0 : octet(text, code, 'an ICMP code');
  return { type: 'icmp', family: isIcmpv6 ? 6 : 4, icmpType, icmpCode };
}

function portFlow(text: string, portText: string, protocolText: string): FlowProtocol {
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
  if (/^icmp(v6|6)?$/i.test(protocolText)) throw invalid(text, 'is upside down: ICMP is written icmp/TYPE/CODE');
  const number = protocolNumber(text, protocolText);
  if (!WITH_PORTS.has(number)) throw invalid(text, `gives a port to ${protocolText}, which has none; ${FORMS}`);
  if (!(port <= 65_535)) throw invalid(text, `"${portText}" is not a port; ports are 0–65535`);
  return { type: 'ports', number, port };
}

function bareFlow(text: string, protocolText: string): FlowProtocol {
  if (/^\d+$/.test(protocolText)) {
    throw invalid(
      text,
      `"${protocolText}" could be a port or a protocol; write ${protocolText}/tcp or ${protocolText}/udp`,
    );
  }
  const number = protocolNumber(text, protocolText.replace(/^proto-?(?=\d)/i, ''));
  if (number === 1 || number === 58) return { type: 'icmp', family: number === 1 ? 4 : 6 };
  if (WITH_PORTS.has(number)) throw invalid(text, `needs a port for ${protocolText}: write 443/${protocolText}`);
  return { type: 'bare', number };
}

function protocolNumber(text: string, name: string): number {
  const lower = name.toLowerCase();
  if (Object.hasOwn(PROTOCOL_NUMBERS, lower)) return PROTOCOL_NUMBERS[lower as ProtocolName];
  if (/^\d{1,3}$/.test(lower) && Number(lower) <= 255) return Number(lower);
  throw invalid(
    text,
    `"${name}" is not a protocol; use one of ${Object.keys(PROTOCOL_NUMBERS).join(', ')}, or protoN for a number`,
  );
}

function octet(text: string, value: string, what: string): number {
  if (/^\d{1,3}$/.test(value) && Number(value) <= 255) return Number(value);
  throw invalid(text, `"${value}" is not ${what}: those are 0–255`);
}

function invalid(text: string, message: string): FabricError {
  return new FabricError('flow.invalid', `flow "${text}": ${message}`, { details: { flow: text } });
}
