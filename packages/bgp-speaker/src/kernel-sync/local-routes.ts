import type { KernelRoute, RouteEvent, RouteTable } from '@slash32/linux';
import { type Clock, type Logger, PrefixMap, ROUTE_PROTOCOL, sleep } from '@slash32/shared';
import { type PrefixKey, prefixKeyFromText } from '../codec/index.ts';

export interface LocalRouteChange {
  readonly key: PrefixKey;
  /** Of the kernel's route, the lowest if there are several; `undefined`: there is none any more. */
  readonly metric: number | undefined;
}

export interface LocalRoutesOptions {
  readonly routes: RouteTable;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Changes that came together, in order. Called in the turn in which the kernel's notification arrived. */
  readonly onChanges: (changes: readonly LocalRouteChange[]) => void;
}

const LIST_RETRY_MS = 1000;
/** What the kernel takes where none is given. */
const DEFAULT_METRIC = { 4: 0, 6: 1024 } as const;

/** One route of the kernel that came or went. */
interface Sighting {
  readonly key: PrefixKey;
  readonly metric: number;
  readonly present: boolean;
}

/** Prefix → metrics of its routes, ascending; none is empty. */
type MetricTable = PrefixMap<PrefixKey, readonly number[]>;

/**
 * The prefixes of instances on this host: what the kernel has with `ROUTE_PROTOCOL.endpoint`. Learned from the kernel's
 * notifications alone; the table is listed at the start and after notifications were lost.
 */
export class LocalRoutes {
  readonly #options: LocalRoutesOptions;
  readonly #signal: AbortSignal;
  #present: MetricTable = new PrefixMap();
  /** While a listing is under way: what notifications said meanwhile, which is newer than the listing. */
  #duringList: Sighting[] | undefined;
  #listAgain = false;

  private constructor(options: LocalRoutesOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Resolves when the present routes have been delivered. */
  static async start(options: LocalRoutesOptions, signal: AbortSignal): Promise<LocalRoutes> {
    const local = new LocalRoutes(options, signal);
    const present = await options.routes.watch(
      { protocol: ROUTE_PROTOCOL.endpoint },
      {
        onEvents: (events) => local.#onEvents(events),
        onOverrun: () => void local.#listAfterOverrun(),
      },
      signal,
    );
    local.#replace(tableOf(present, []));
    return local;
  }

  get size(): number {
    return this.#present.size;
  }

  #onEvents(events: readonly RouteEvent[]): void {
    const changes: LocalRouteChange[] = [];
    for (const { type, route } of events) {
      if (route.type === 'local') continue;
      const sighting = { ...sightingOf(route), present: type === 'added' };
      this.#duringList?.push(sighting);
      const before = this.#present.get(sighting.key)?.[0];
      record(this.#present, sighting);
      const metric = this.#present.get(sighting.key)?.[0];
      if (metric !== before) changes.push({ key: sighting.key, metric });
    }
    if (changes.length > 0) this.#options.onChanges(changes);
  }

  async #listAfterOverrun(): Promise<void> {
    if (this.#duringList !== undefined) {
      this.#listAgain = true;
      return;
    }
    while (!this.#signal.aborted) {
      try {
        await this.#list();
        return;
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'cannot list local routes');
        await sleep(this.#options.clock, LIST_RETRY_MS, this.#signal).catch(() => undefined);
      }
    }
  }

  async #list(): Promise<void> {
    do {
      this.#listAgain = false;
      const newer: Sighting[] = [];
      this.#duringList = newer;
      try {
        const routes = await this.#options.routes.snapshot({ protocol: ROUTE_PROTOCOL.endpoint });
        this.#replace(tableOf(routes, newer));
      } finally {
        this.#duringList = undefined;
      }
    } while (this.#listAgain);
  }

  #replace(listed: MetricTable): void {
    const changes: LocalRouteChange[] = [];
    for (const key of this.#present.keys()) if (!listed.has(key)) changes.push({ key, metric: undefined });
    for (const [key, [metric]] of listed) {
      if (metric !== this.#present.get(key)?.[0]) changes.push({ key, metric });
    }
    this.#present = listed;
    if (changes.length > 0) this.#options.onChanges(changes);
  }
}

/** `newer`: what was seen since the routes were listed, in order. */
function tableOf(routes: Iterable<KernelRoute>, newer: readonly Sighting[]): MetricTable {
  const table: MetricTable = new PrefixMap();
  for (const route of routes) {
    if (route.type !== 'local') record(table, { ...sightingOf(route), present: true });
  }
  for (const sighting of newer) record(table, sighting);
  return table;
}

function sightingOf({ prefix, family, metric }: KernelRoute): { readonly key: PrefixKey; readonly metric: number } {
  return { key: prefixKeyFromText(prefix), metric: metric ?? DEFAULT_METRIC[family] };
}

/** Routes of one metric share one list: a table of 100,000 has few different ones. */
const SINGLE_METRICS = new Map<number, readonly number[]>();

function single(metric: number): readonly number[] {
  let list = SINGLE_METRICS.get(metric);
  if (list === undefined) {
    list = [metric];
    SINGLE_METRICS.set(metric, list);
  }
  return list;
}

function record(table: MetricTable, { key, metric, present }: Sighting): void {
  const before = table.get(key);
  if (before === undefined) {
    if (present) table.set(key, single(metric));
    return;
  }
  if (before.includes(metric) === present) return;
  const after = present
    ? [...before, metric].sort((left, right) => left - right)
    : before.filter((each) => each !== metric);
  const [only] = after;
  if (only === undefined) table.delete(key);
  else table.set(key, after.length === 1 ? single(only) : after);
}
