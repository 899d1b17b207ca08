import type { InterfaceAddress } from '@slash32/linux';
import { type BgpFamily, parseIpAddress, parseIpPrefix, prefixContains } from '@slash32/shared';
import type { CodecContext, NextHop } from '../codec/index.ts';

export interface LocalNextHops {
  readonly nextHops: Readonly<Partial<Record<BgpFamily, NextHop>>>;
  /** Interface of the session; absent: its local address is on none (or the kernel was not asked). */
  readonly device?: string;
}

export interface NextHopQuestion {
  /** Local address of the session. */
  readonly localAddress: string;
  /** The peer is a neighbour on the link: a link-local next hop is of use to it (RFC 2545 3). */
  readonly onLink: boolean;
  /** Interface of an unnumbered session: link-local addresses are all that it needs. */
  readonly device?: string;
  /** Host.spec.address6: for IPv6 over an IPv4 session on an interface without a global IPv6 address. */
  readonly hostAddress6?: string;
}

const LINK_LOCAL = parseIpPrefix('fe80::/10');

/** Prefixes on the interface's link by its addresses, and `neighbour`, if it is known to be there. */
export function subnetsOn(
  device: string,
  addresses: readonly InterfaceAddress[],
  neighbour: string | undefined,
): readonly string[] {
  const texts = new Set(addresses.filter((entry) => entry.device === device).map(({ address }) => address));
  if (neighbour !== undefined) texts.add(`${neighbour}/${neighbour.includes(':') ? 128 : 32}`);
  return [...texts].sort();
}

/**
 * The session's own family uses the session's local address. The other one uses an address of the same interface,
 * because the peer has to find the next hop on the link; for IPv6, failing that, the Host's address6. On an unnumbered
 * link, it is the link-local address alone.
 */
export function chooseLocalNextHops(addresses: readonly InterfaceAddress[], question: NextHopQuestion): LocalNextHops {
  const device = question.device ?? addresses.find((entry) => addressText(entry) === question.localAddress)?.device;
  const onDevice = device === undefined ? [] : addresses.filter((entry) => entry.device === device).map(addressText);
  const ipv4 = question.localAddress.includes(':')
    ? onDevice.find((address) => !address.includes(':'))
    : question.localAddress;
  if (question.device !== undefined) {
    return {
      device: question.device,
      nextHops: {
        ...(ipv4 === undefined ? {} : { 'ipv4-unicast': { address: ipv4 } }),
        'ipv6-unicast': { address: question.localAddress },
      },
    };
  }
  const ipv6 =
    question.localAddress.includes(':') && !isLinkLocal(question.localAddress)
      ? question.localAddress
      : (onDevice.find((address) => address.includes(':') && !isLinkLocal(address)) ?? question.hostAddress6);
  const linkLocal = question.onLink ? onDevice.find(isLinkLocal) : undefined;
  return {
    nextHops: {
      ...(ipv4 === undefined ? {} : { 'ipv4-unicast': { address: ipv4 } }),
      ...(ipv6 === undefined
        ? {}
        : { 'ipv6-unicast': { address: ipv6, ...(linkLocal === undefined ? {} : { linkLocal }) } }),
    },
    ...(device === undefined ? {} : { device }),
  };
}

/**
 * With the extended next hop capability, IPv4 routes may have an IPv6 next hop (RFC 8950): they do where the link has no
 * IPv4 address of ours, and on unnumbered links, where the router need not know that address.
 */
export function extendNextHops(
  nextHops: LocalNextHops['nextHops'],
  { context, isUnnumbered }: { readonly context: CodecContext; readonly isUnnumbered: boolean },
): LocalNextHops['nextHops'] {
  const ipv6 = nextHops['ipv6-unicast'];
  if (ipv6 === undefined || !context.extendedNextHop.has('ipv4-unicast')) return nextHops;
  if (nextHops['ipv4-unicast'] !== undefined && !isUnnumbered) return nextHops;
  return { ...nextHops, 'ipv4-unicast': ipv6 };
}

function addressText(entry: InterfaceAddress): string {
  const slash = entry.address.indexOf('/');
  return slash < 0 ? entry.address : entry.address.slice(0, slash);
}

function isLinkLocal(address: string): boolean {
  return address.includes(':') && prefixContains(LINK_LOCAL, parseIpAddress(address));
}
