import { constants } from 'node:os';
import type { AddressFamily } from '@slash32/shared';
import { FabricError } from '@slash32/shared';
import {
  encodeMd5Signature,
  IPPROTO_TCP,
  MAX_MD5_KEY_OCTETS,
  type Md5Peer,
  TCP_MD5SIG,
  TCP_MD5SIG_EXT,
} from './md5-signature-option.ts';
import type { TcpCalls } from './tcp-calls.ts';
import { tcpFailure } from './tcp-error.ts';

const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const IP_TTL = 2;
const IP_MINTTL = 21;
const IPV6_UNICAST_HOPS = 16;
const IPV6_MINHOPCOUNT = 73;

const { ENOMEM, ENOPROTOOPT, ENOENT } = constants.errno;

/** What protects one connection. */
export interface TcpProtection {
  /** TTL or hop limit of what is sent, 1–255; absent: the kernel's default. */
  readonly hopLimit?: number;
  /** Segments that arrive with a smaller one are dropped, 1–255 (GTSM, RFC 5082); absent: none is. */
  readonly minHopLimit?: number;
  /** Key of the MD5 signatures (RFC 2385), 1–80 octets; absent: segments are not signed. */
  readonly md5Key?: Uint8Array;
}

/** Sets TTL and least TTL. `family`: of the addresses that are spoken between, also on a socket for both. */
export function setHopLimits(
  calls: TcpCalls,
  descriptor: number,
  family: AddressFamily,
  { hopLimit, minHopLimit }: TcpProtection,
): void {
  const [level, hops, leastHops] =
    family === 4 ? [IPPROTO_IP, IP_TTL, IP_MINTTL] : [IPPROTO_IPV6, IPV6_UNICAST_HOPS, IPV6_MINHOPCOUNT];
  if (hopLimit !== undefined) setNumber(calls, descriptor, level, hops, hopLimit);
  if (minHopLimit !== undefined) setNumber(calls, descriptor, level, leastHops, minHopLimit);
}

/** Sets, replaces or (`undefined`) deletes the key of a peer; deleting what is not there is no failure. */
export function setMd5Key(
  calls: TcpCalls,
  descriptor: number,
  peer: Md5Peer,
  key: Uint8Array | undefined,
  ofDualStack: boolean,
): void {
  if (key !== undefined && (key.length === 0 || key.length > MAX_MD5_KEY_OCTETS)) {
    throw new FabricError(
      'tcp.md5-key-length',
      `the MD5 key for ${peer.address} has ${key.length} octets; it must have 1–${MAX_MD5_KEY_OCTETS}`,
    );
  }
  const option = encodeMd5Signature(peer, key ?? new Uint8Array(), ofDualStack);
  const name = peer.prefixLength === undefined ? TCP_MD5SIG : TCP_MD5SIG_EXT;
  if (calls.setsockopt(descriptor, IPPROTO_TCP, name, option, option.length) === 0) return;
  const errno = calls.errno();
  if (key === undefined && errno === ENOENT) return;
  if (errno === ENOPROTOOPT) {
    const what = 'this kernel has no TCP-MD5 (CONFIG_TCP_MD5SIG); use another kernel, or no password';
    throw tcpFailure(calls, what, errno, 'tcp.md5-unsupported');
  }
  if (errno === ENOMEM) {
    const what = `no room for the MD5 key for ${peer.address}; raise the sysctl net.core.optmem_max (some 140 octets per key)`;
    throw tcpFailure(calls, what, errno, 'tcp.md5-no-room');
  }
  throw tcpFailure(calls, `cannot set the MD5 key for ${peer.address}`, errno);
}

export function setNumber(calls: TcpCalls, descriptor: number, level: number, option: number, value: number): void {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setInt32(0, value, true);
  if (calls.setsockopt(descriptor, level, option, octets, octets.length) !== 0) {
    throw tcpFailure(calls, `cannot set socket option ${level}/${option} to ${value}`);
  }
}
