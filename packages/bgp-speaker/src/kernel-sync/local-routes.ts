import type { RouteEvent, RouteTable } from '@slash32/linux';
import { type Clock, type Logger, ROUTE_PROTOCOL, sleep } from '@slash32/shared';
import { type PrefixKey, prefixKeyFromText } from '../codec/index.ts';

export interface LocalRouteChange {
  readonly key: PrefixKey;
  readonly present: boolean;
}

export interface LocalRoutesOptions {
  readonly routes: RouteTable;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Changes that came together, in order. Called in the turn in which the kernel's notification arrived. */
  readonly onChanges: (changes: readonly LocalRouteChange[]) => void;
}

const LIST_RETRY_MS = 1000;

/**
 * The prefixes of instances on this host: what the kernel has with `ROUTE_PROTOCOL.endpoint`. Learned from the kernel's
 * notifications alone; the table is listed at the start and after notifications were lost.
 */
export class LocalRoutes {
  readonly #options: LocalRoutesOptions;
  readonly #signal: AbortSignal;
  #present = new Set<PrefixKey>();
  /** While a listing is under way: what notifications said meanwhile, which is newer than the listing. */
  #duringList: Map<PrefixKey, boolean> | undefined;
  #listAgain = false;

  private constructor(options: LocalRoutesOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Resolves when the present routes have been delivered. */
  static async start(options: LocalRoutesOptions, signal: AbortSignal): Promise<LocalRoutes> {
    const local = new LocalRoutes(options, signal);
    await options.routes.watch(
      { protocol: ROUTE_PROTOCOL.endpoint },
      {
        onEvents: (events) => local.#onEvents(events),
        onOverrun: () => void local.#listAfterOverrun(),
      },
      signal,
    );
    await local.#list();
    return local;
  }

  get size(): number {
    return this.#present.size;
  }

  #onEvents(events: readonly RouteEvent[]): void {
    const changes: LocalRouteChange[] = [];
    for (const { type, route } of events) {
      if (route.type === 'local') continue;
      const key = prefixKeyFromText(route.prefix);
      const present = type === 'added';
      this.#duringList?.set(key, present);
      if (this.#set(key, present)) changes.push({ key, present });
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
      const newer = new Map<PrefixKey, boolean>();
      this.#duringList = newer;
      try {
        const listed = await this.#options.routes.list({ protocol: ROUTE_PROTOCOL.endpoint });
        this.#replace(
          new Set(listed.filter(({ type }) => type !== 'local').map(({ prefix }) => prefixKeyFromText(prefix))),
          newer,
        );
      } finally {
        this.#duringList = undefined;
      }
    } while (this.#listAgain);
  }

  #replace(listed: Set<PrefixKey>, newer: ReadonlyMap<PrefixKey, boolean>): void {
    for (const [key, present] of newer) {
      if (present) listed.add(key);
      else listed.delete(key);
    }
    const changes: LocalRouteChange[] = [];
    for (const key of this.#present.difference(listed)) changes.push({ key, present: false });
    for (const key of listed.difference(this.#present)) changes.push({ key, present: true });
    this.#present = listed;
    if (changes.length > 0) this.#options.onChanges(changes);
  }

  #set(key: PrefixKey, present: boolean): boolean {
    if (this.#present.has(key) === present) return false;
    if (present) this.#present.add(key);
    else this.#present.delete(key);
    return true;
  }
}
