import type { KernelNextHop, RouteChange, RouteTable } from '@slash32/linux';
import type { Logger } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import { learnedRoute, nextHopText } from './learned-route.ts';

/**
 * What the kernel says of a route whose next hop it cannot reach, as opposed to one that it has no memory for, may not be
 * changed, and so on: from net/ipv4/fib_semantics.c, net/ipv6/route.c and the C library.
 */
const NEXT_HOP_FAULT =
  /nexthop|gateway|^network is (down|unreachable)|^no route to host|^no such device|^device \S+ does not exist/i;

export function isNextHopFault(reason: string): boolean {
  return NEXT_HOP_FAULT.test(reason);
}

/** Next hops that the kernel refuses; what is chosen makes no use of them until they are forgiven. */
export interface Refusals {
  /** How many there are. */
  readonly refused: number;
  refuse(nextHop: KernelNextHop, reason: string): void;
  /** They get another chance: all of them. */
  forgive(): void;
}

/** Finds the next hops that are at fault when the kernel refuses a route, and tells of each once. */
export class NextHopBlame {
  readonly #routes: RouteTable;
  readonly #refusals: Refusals | undefined;
  readonly #logger: Logger;
  /** Refused next hops that the log has named since all was well. */
  readonly #reported = new Set<string>();

  constructor(options: { readonly routes: RouteTable; readonly refusals?: Refusals; readonly logger: Logger }) {
    this.#routes = options.routes;
    this.#refusals = options.refusals;
    this.#logger = options.logger;
  }

  /** Returns the next hop that the prefix's route has now, if looking for those at fault left it with one. */
  async find(nextHops: readonly KernelNextHop[], key: PrefixKey, reason: string): Promise<KernelNextHop | undefined> {
    const [first] = nextHops;
    if (first === undefined) return undefined;
    const { refused, taken } =
      nextHops.length === 1
        ? { refused: new Map([[first, reason]]), taken: undefined }
        : await tryNextHops(this.#routes, key, nextHops);
    for (const [nextHop, words] of refused) {
      const text = nextHopText(nextHop);
      if (!this.#reported.has(text)) this.#logger.warn({ ...nextHop, reason: words }, 'kernel refused a next hop');
      this.#reported.add(text);
      this.#refusals?.refuse(nextHop, words);
    }
    return taken;
  }

  /** All is well. */
  forget(): void {
    this.#reported.clear();
  }
}

/** What became of a prefix's route when its next hops were tried one by one. */
interface TriedNextHops {
  readonly refused: ReadonlyMap<KernelNextHop, string>;
  /** The one that the kernel's route has now; `undefined`: none was taken, and the kernel has what it had. */
  readonly taken: KernelNextHop | undefined;
}

/** The kernel refuses a route over several next hops as a whole. Tells which are at fault, by a route over each of them. */
async function tryNextHops(
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
