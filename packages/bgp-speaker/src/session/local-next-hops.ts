import type { AddressTable, InterfaceAddress } from '@slash32/linux';
import { type BgpFamily, parseIpAddress, parseIpPrefix, prefixContains } from '@slash32/shared';
import type { NextHop } from '../codec/index.ts';

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
  /** Host.spec.address6: for IPv6 over an IPv4 session on an interface without a global IPv6 address. */
  readonly hostAddress6?: string;
}

const LINK_LOCAL = parseIpPrefix('fe80::/10');

/** Asks the kernel for this host's next hop on the session's link, per family. */
export async function findLocalNextHops(addresses: AddressTable, question: NextHopQuestion): Promise<LocalNextHops> {
  return chooseLocalNextHops(await addresses.list(), question);
}

/**
 * The session's own family uses the session's local address. The other one uses an address of the same interface,
 * because the peer has to find the next hop on the link; for IPv6, failing that, the Host's address6.
 */
export function chooseLocalNextHops(addresses: readonly InterfaceAddress[], question: NextHopQuestion): LocalNextHops {
  const device = addresses.find((entry) => addressText(entry) === question.localAddress)?.device;
  const onDevice = device === undefined ? [] : addresses.filter((entry) => entry.device === device).map(addressText);
  const ipv4 = question.localAddress.includes(':')
    ? onDevice.find((address) => !address.includes(':'))
    : question.localAddress;
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

function addressText(entry: InterfaceAddress): string {
  const slash = entry.address.indexOf('/');
  return slash < 0 ? entry.address : entry.address.slice(0, slash);
}

function isLinkLocal(address: string): boolean {
  return address.includes(':') && prefixContains(LINK_LOCAL, parseIpAddress(address));
}
