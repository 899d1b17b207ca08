import { type AddressFamily, type IpPrefix, lastAddress, parseIpPrefix, type SecurityGroupRule } from '@slash32/shared';
import { concatenation, prefixElement, rangeElement } from '../ir/element-text.ts';
import type { Box, Interval } from './layers.ts';

/** What one rule allows of its family: one element of a set, or the matches of one rule. */
export interface RuleBox extends Box {
  /** `undefined`: any. */
  readonly protocol: number | undefined;
  /** `undefined`: all, or the protocol has none. For ICMP `type * 256 + code`, as conntrack keeps them. */
  readonly ports: readonly [first: number, last: number] | undefined;
  /** `elsewhere`: matched by other means. */
  readonly remote: IpPrefix | 'anybody' | 'elsewhere';
  readonly rule: SecurityGroupRule;
}

/**
 * Protocols that conntrack keeps a port (or, for ICMP, type and code) of. Each has sets of its own: nft knows what
 * `ct original proto-dst` is only behind a match of family and protocol, and for several protocols that would be one
 * more, nameless set in each rule.
 */
export const PORT_PROTOCOLS: Readonly<Record<AddressFamily, ReadonlyMap<number, string>>> = {
  4: new Map([
    [1, 'icmp'],
    [6, 'tcp'],
    [17, 'udp'],
    [33, 'dccp'],
    [132, 'sctp'],
    [136, 'udplite'],
  ]),
  6: new Map([
    [6, 'tcp'],
    [17, 'udp'],
    [33, 'dccp'],
    [58, 'icmpv6'],
    [132, 'sctp'],
    [136, 'udplite'],
  ]),
};
export const ICMP: Readonly<Record<AddressFamily, number>> = { 4: 1, 6: 58 };

/**
 * An element's part that any protocol matches. Sets of plain prefixes are keyed by protocol, too, because nft 1.0.6
 * reads all elements of every interval set without concatenation before each transaction, whatever that is about.
 */
export const ANY_PROTOCOL = '0-255';
const ALL_PORTS = [0, 65_535] as const;
const ALL_PROTOCOLS: Interval = [0, 255];
const ANYBODY: Readonly<Record<AddressFamily, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** Boxes of rules by kind. */
export interface RuleBoxes {
  /** Those with a dimension for ports, by protocol, in order of its number. */
  readonly withPorts: ReadonlyMap<number, readonly RuleBox[]>;
  readonly withoutPorts: readonly RuleBox[];
}

/**
 * `withAddress`: the remote address is the last dimension; else it is matched by other means, and the protocol is part
 * of the text of boxes with ports, so that no set's elements are plain ranges (see {@link ANY_PROTOCOL}).
 */
export function ruleBoxes(rules: readonly SecurityGroupRule[], family: AddressFamily, withAddress: boolean): RuleBoxes {
  const withPorts = new Map<number, RuleBox[]>();
  const withoutPorts: RuleBox[] = [];
  for (const some of rules) {
    const { protocol } = some;
    const prefix = withAddress ? parseIpPrefix(some.remote?.cidr ?? ANYBODY[family]) : undefined;
    const remote = prefix === undefined ? 'elsewhere' : prefix.length === 0 ? 'anybody' : prefix;
    const addresses = prefix === undefined ? [] : [addressInterval(prefix)];
    const addressTexts = prefix === undefined ? [] : [prefixElement(prefix)];
    if (protocol !== undefined && PORT_PROTOCOLS[family].has(protocol)) {
      const ports = portsOf(some);
      const range = rangeElement(...(ports ?? ALL_PORTS));
      const boxes = withPorts.get(protocol) ?? [];
      withPorts.set(protocol, boxes);
      boxes.push({
        dimensions: [ports ?? ALL_PORTS, ...addresses],
        text: withAddress ? concatenation(range, ...addressTexts) : concatenation(String(protocol), range),
        protocol,
        ports,
        remote,
        rule: some,
      });
    } else {
      withoutPorts.push({
        dimensions: [protocol === undefined ? ALL_PROTOCOLS : [protocol, protocol], ...addresses],
        text: concatenation(protocol === undefined ? ANY_PROTOCOL : String(protocol), ...addressTexts),
        protocol,
        ports: undefined,
        remote,
        rule: some,
      });
    }
  }
  return { withPorts: new Map([...withPorts].sort(([left], [right]) => left - right)), withoutPorts };
}

/** The rule allows everything of its family. */
export function allowsAnything(some: SecurityGroupRule): boolean {
  if (some.protocol !== undefined || some.remote?.group !== undefined || some.remote?.addressGroup !== undefined) {
    return false;
  }
  return some.remote?.cidr === undefined || parseIpPrefix(some.remote.cidr).length === 0;
}

/** `undefined`: all. */
function portsOf({ ports, icmp }: SecurityGroupRule): readonly [number, number] | undefined {
  if (ports !== undefined) return ports.first === 0 && ports.last === 65_535 ? undefined : [ports.first, ports.last];
  if (icmp?.type === undefined) return undefined;
  const { type, code } = icmp;
  return code === undefined ? [type * 256, type * 256 + 255] : [type * 256 + code, type * 256 + code];
}

/** IPv4 addresses as numbers: faster to compare than bigints. */
function addressInterval(prefix: IpPrefix): Interval {
  const last = lastAddress(prefix);
  return prefix.family === 4 ? [Number(prefix.value), Number(last)] : [prefix.value, last];
}
