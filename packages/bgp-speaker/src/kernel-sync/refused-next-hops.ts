import type { KernelNextHop, RouteChange, RouteTable } from '@slash32/linux';
import type { PrefixKey } from '../codec/index.ts';
import { learnedRoute } from './learned-route.ts';

/**
 * What the kernel says of a route whose next hop it cannot reach, as opposed to one that it has no memory for, may not be
 * changed, and so on: from net/ipv4/fib_semantics.c, net/ipv6/route.c and the C library.
 */
const NEXT_HOP_FAULT =
  /nexthop|gateway|^network is (down|unreachable)|^no route to host|^no such device|^device \S+ does not exist/i;

export function isNextHopFault(reason: string): boolean {
  return NEXT_HOP_FAULT.test(reason);
}

/** What became of a prefix's route when its next hops were tried one by one. */
export interface TriedNextHops {
  readonly refused: ReadonlyMap<KernelNextHop, string>;
  /** The one that the kernel's route has now; `undefined`: none was taken, and the kernel has what it had. */
  readonly taken: KernelNextHop | undefined;
}

/** The kernel refuses a route over several next hops as a whole. Tells which are at fault, by a route over each of them. */
export async function tryNextHops(
  routes: RouteTable,
  key: PrefixKey,
  nextHops: readonly KernelNextHop[],
): Promise<TriedNextHops> {
  const changes = nextHops.map((nextHop): RouteChange => ({ op: 'replace', route: learnedRoute(key, [nextHop]) }));
  const failures = new Map((await routes.apply(changes)).map(({ change, reason }) => [change, reason]));
  const refused = new Map<KernelNextHop, string>();
  let taken: KernelNextHop | undefined;
  for (const [index, change] of changes.entries()) {
    const nextHop = nextHops[index];
    if (nextHop === undefined) continue;
    const reason = failures.get(change);
    if (reason === undefined) taken = nextHop;
    else if (isNextHopFault(reason)) refused.set(nextHop, reason);
  }
  return { refused, taken };
}
