import type { KernelRoute, RouteChange, RouteEvent, RouteTable } from '@slash32/linux';
import { type Logger, ROUTE_PROTOCOL } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import { type KernelObjectTable, ManagedObjects } from './managed-objects.ts';

const OUR_PROTOCOLS = [ROUTE_PROTOCOL.endpoint, ROUTE_PROTOCOL.gateway] as const;

/**
 * Routes of our two protocol numbers. A route with one of these that nobody wants is ours from an earlier life and is
 * removed; routes of other numbers are never looked at.
 */
export class RouteManager extends ManagedObjects<KernelRoute> {
  readonly #table: RouteTable;

  constructor(table: RouteTable, logger: Logger, drift: DriftLedger) {
    super(routeObjects(table), logger, drift);
    this.#table = table;
  }

  /**
   * Subscribes; `onSuspect` is called when a route contradicts what is wanted. Notifications of our own changes agree
   * with it, unless the wish changed meanwhile: then one more listing finds nothing wrong. Ends when `signal` aborts.
   */
  async watch(onSuspect: () => void, signal: AbortSignal): Promise<void> {
    const listener = {
      onEvents: (events: readonly RouteEvent[]) => {
        if (events.some((event) => this.#contradicts(event))) onSuspect();
      },
      onOverrun: onSuspect,
    };
    await Promise.all(OUR_PROTOCOLS.map((protocol) => this.#table.watch({ protocol }, listener, signal)));
  }

  /** The interface went, or went down; the kernel took its routes along, without a word for IPv4. */
  forgetInterface(name: string): void {
    this.forget((route) => route.nextHops.some((hop) => hop.device === name));
  }

  #contradicts(event: RouteEvent): boolean {
    const wanted = this.wanted(routeKey(event.route));
    if (event.type === 'removed') return wanted !== undefined;
    return wanted === undefined || routeText(wanted) !== routeText(event.route);
  }
}

function routeObjects(table: RouteTable): KernelObjectTable<KernelRoute> {
  return {
    kind: 'route',
    unwantedIsDrift: true,
    keyOf: routeKey,
    textOf: routeText,
    describe: (route) => `${route.prefix} dev ${route.nextHops[0]?.device ?? '-'} proto ${route.protocol}`,
    async list() {
      const lists = await Promise.all(OUR_PROTOCOLS.map((protocol) => table.list({ protocol })));
      return lists.flat();
    },
    async apply(removals, additions) {
      const changes: RouteChange[] = [
        ...removals.map((route): RouteChange => ({ op: 'delete', route })),
        ...additions.map((route): RouteChange => ({ op: 'replace', route })),
      ];
      return new Map((await table.apply(changes)).map(({ change, reason }) => [change.route, reason]));
    },
  };
}

/** Within a table (local or main) the kernel tells routes apart by prefix and metric. */
function routeKey(route: KernelRoute): string {
  return `${route.type === 'local' ? 'local' : 'main'} ${route.prefix} ${metricOf(route)}`;
}

function routeText(route: KernelRoute): string {
  const hops = route.nextHops.map(({ gateway, device, weight }) => `${gateway ?? ''}%${device ?? ''}*${weight ?? 1}`);
  // IPv6 routes have no scope, so the kernel reports the same for all of them.
  const scope = route.family === 6 ? '' : (route.scope ?? 'global');
  return `${routeKey(route)} ${route.type} ${route.protocol} ${scope} ${route.source ?? ''} ${hops.sort().join(' ')}`;
}

function metricOf(route: KernelRoute): number {
  return route.metric ?? (route.family === 6 && route.type !== 'local' ? 1024 : 0);
}
