import type { KernelNextHop, KernelRoute } from '@slash32/linux';
import { ROUTE_PROTOCOL } from '@slash32/shared';
import { type PrefixKey, prefixKeyAddressFamily, prefixKeyToText } from '../codec/index.ts';
import type { Path } from '../rib/path.ts';

/**
 * Metrics of learned routes. They are our own, so that we never replace another program's route to the same prefix. For
 * IPv6 it is above the kernel's default of 1024: an instance's route of the agent wins over a learned one at once.
 */
export const LEARNED_ROUTE_METRIC = { 4: 32, 6: 2048 } as const;

/** The link that a peer's session runs over. */
export interface PeerLink {
  /** Absent: no interface has the session's local address. */
  readonly device?: string;
  /** Prefixes on this link, by its addresses when the session came up. */
  readonly subnets?: readonly string[];
}

/** By the peer's name; `undefined`: not known yet. */
export type LinkOf = (peer: string) => PeerLink | undefined;

/**
 * Next hops of the kernel's route for a multipath set of learned paths, in a fixed order; `undefined` if there is nothing
 * to install. A link-local next hop (RFC 2545 3) is preferred, and needs the interface: while that is not known, they are
 * `undecided`, rather than installed over the global next hop and replaced a moment later. None at all: packets are dropped
 * (RFC 7999), which one of the paths is enough for.
 */
export function learnedNextHops(
  paths: readonly Path[],
  linkOf: LinkOf,
): readonly KernelNextHop[] | 'undecided' | undefined {
  if (paths.some(({ blackhole }) => blackhole)) return [];
  const nextHops = new Map<string, KernelNextHop>();
  for (const path of paths) {
    if (path.source.type === 'local') return undefined;
    const nextHop = kernelNextHop(path, linkOf);
    if (nextHop === undefined) return 'undecided';
    nextHops.set(nextHopText(nextHop), nextHop);
  }
  if (nextHops.size === 0) return undefined;
  return [...nextHops.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, nextHop]) => nextHop);
}

/** The kernel's route for a prefix over these next hops; without any, it drops packets. */
export function learnedRoute(key: PrefixKey, nextHops: readonly KernelNextHop[]): KernelRoute {
  const family = prefixKeyAddressFamily(key);
  return {
    family,
    prefix: prefixKeyToText(key),
    type: nextHops.length === 0 ? 'blackhole' : 'unicast',
    protocol: ROUTE_PROTOCOL.learned,
    metric: LEARNED_ROUTE_METRIC[family],
    nextHops,
  };
}

/** True if the kernel has the next hops that are wanted; an interface counts only where one is wanted. */
export function sameNextHops(wanted: readonly KernelNextHop[], actual: readonly KernelNextHop[]): boolean {
  return wanted.length === actual.length && coversNextHops(wanted, actual);
}

/** As {@link learnedRoute} takes them. IPv6 has the loopback interface in routes that drop packets. */
export function nextHopsIn({ type, nextHops }: KernelRoute): readonly KernelNextHop[] {
  return type === 'unicast' ? nextHops : [];
}

/** True if every next hop of `actual` is wanted as well. A route that drops packets is covered by another such. */
export function coversNextHops(wanted: readonly KernelNextHop[], actual: readonly KernelNextHop[]): boolean {
  if (actual.length === 0) return wanted.length === 0;
  return actual.every((candidate) =>
    wanted.some(
      (nextHop) =>
        nextHop.gateway === candidate.gateway &&
        (nextHop.device === undefined || candidate.device === undefined || nextHop.device === candidate.device),
    ),
  );
}

/** Equal for equal next hops in equal order. */
export function nextHopsText(nextHops: readonly KernelNextHop[]): string {
  return nextHops.map(nextHopText).join(' ');
}

/** `undefined`: it needs an interface that is not known yet. */
export function kernelNextHop(path: Path, linkOf: LinkOf): KernelNextHop | undefined {
  const { address, linkLocal = address.startsWith('fe80:') ? address : undefined } = path.nextHop;
  if (linkLocal === undefined) return { gateway: address };
  const link = linkOf(path.source.name);
  if (link === undefined) return undefined;
  if (link.device !== undefined) return { gateway: linkLocal, device: link.device };
  return { gateway: address === '::' ? linkLocal : address };
}

/** Equal for equal next hops. */
export function nextHopText(nextHop: KernelNextHop): string {
  return `${nextHop.gateway ?? ''}%${nextHop.device ?? ''}`;
}
