import { constants } from 'node:os';
import { remembered } from '../netlink/interface-names.ts';
import type { NetlinkContext } from '../netlink/netlink-context.ts';
import {
  AF_INET,
  AF_INET6,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTM_GETROUTE,
  RTN_LOCAL,
  RTN_UNSPEC,
  writeRouteDump,
} from '../netlink/route-message.ts';
import { RouteReader } from '../netlink/route-reader.ts';
import { runChanges } from '../netlink/run-changes.ts';
import { ViewSynchronizer } from '../netlink/view-synchronizer.ts';
import { SerialQueue } from '../process/serial-queue.ts';
import { RouteCollection } from './route-collection.ts';
import { routeRequests } from './route-requests.ts';
import type { KernelRoute, RouteChange, RouteFailure, RouteFilter, RouteTable } from './route-table.ts';
import { type RouteListener, RouteWatch } from './route-watch.ts';

const { ENOENT, EOPNOTSUPP, ESRCH } = constants.errno;

const FAMILY_NUMBERS = { 4: AF_INET, 6: AF_INET6 } as const;
const FAMILIES = [4, 6] as const;
const SELECTIONS = [
  { table: RT_TABLE_MAIN, type: RTN_UNSPEC },
  { table: RT_TABLE_LOCAL, type: RTN_LOCAL },
];
/** A table that has never had a route is not there, nor is one of a family that is switched off. */
const NO_TABLE: ReadonlySet<number> = new Set([ENOENT, EOPNOTSUPP]);

/** The {@link RouteTable} of the network namespace that we run in. */
export class KernelRouteTable implements RouteTable {
  readonly #context: NetlinkContext;
  readonly #queue = new SerialQueue();

  constructor(context: NetlinkContext) {
    this.#context = context;
  }

  apply(changes: readonly RouteChange[]): Promise<readonly RouteFailure[]> {
    const { rtnetlink } = this.#context;
    return this.#queue.run(() =>
      runChanges(rtnetlink, changes, {
        prepare: routeRequests(),
        isNoFailure: ({ op }, errno) => op === 'delete' && errno === ESRCH,
      }),
    );
  }

  async list(filter: RouteFilter = {}): Promise<readonly KernelRoute[]> {
    return [...(await this.#collect(filter)).routes()];
  }

  async snapshot(filter: RouteFilter = {}): Promise<Iterable<KernelRoute>> {
    return (await this.#collect(filter)).routes();
  }

  async watch(filter: RouteFilter, listener: RouteListener, signal: AbortSignal): Promise<Iterable<KernelRoute>> {
    const { monitor, clock, logger } = this.#context;
    const view = new RouteWatch(filter, listener, signal, () => this.#collect(filter));
    const synchronizer = new ViewSynchronizer(view, { clock, logger, signal });
    await monitor.subscribe(synchronizer, signal);
    await synchronizer.begin();
    return view.routes();
  }

  async #collect(filter: RouteFilter): Promise<RouteCollection> {
    const { rtnetlink } = this.#context;
    const reader = new RouteReader(remembered((index: number) => rtnetlink.names.nameOf(index)));
    const collection = new RouteCollection();
    for (const family of filter.family === undefined ? FAMILIES : [filter.family]) {
      for (const { table, type } of SELECTIONS) {
        const selection = { family: FAMILY_NUMBERS[family], table, protocol: filter.protocol ?? 0, type };
        // Once an interrupted dump is made again, what only the first one had must not stay.
        let routes = new RouteCollection();
        await rtnetlink.dump({
          type: RTM_GETROUTE,
          write: (writer) => writeRouteDump(writer, selection),
          begin() {
            routes = new RouteCollection();
          },
          read(octets, start, end) {
            const route = reader.read(octets, start, end);
            if (route !== undefined) routes.set(route);
            return undefined;
          },
          emptyErrno: NO_TABLE,
        });
        collection.adopt(routes);
      }
    }
    return collection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle();
  }
}
