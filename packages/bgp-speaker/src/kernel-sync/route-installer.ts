import type { KernelNextHop, KernelRoute, RouteChange, RouteEvent, RouteTable } from '@slash32/linux';
import { Backoff, type Clock, type Logger, ROUTE_PROTOCOL, type Timer } from '@slash32/shared';
import { type PrefixKey, prefixKeyAddressFamily, prefixKeyFromText } from '../codec/index.ts';
import type { Path } from '../rib/path.ts';
import {
  coversNextHops,
  LEARNED_ROUTE_METRIC,
  type LinkOf,
  learnedRoute,
  nextHopText,
  sameNextHops,
} from './learned-route.ts';
import { NextHopSets } from './next-hop-sets.ts';
import { isNextHopFault, tryNextHops } from './refused-next-hops.ts';

export interface RouteInstallerOptions {
  readonly routes: RouteTable;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** The paths that Loc-RIB has chosen for a prefix now. */
  readonly chosen: (key: PrefixKey) => readonly Path[];
  readonly linkOf: LinkOf;
  /** Where next hops go that the kernel refuses; absent: their prefixes alone are tried again. */
  readonly refusals?: Refusals;
}

/** Next hops that the kernel refuses; what is chosen makes no use of them until they are forgiven. */
export interface Refusals {
  /** How many there are. */
  readonly refused: number;
  refuse(nextHop: KernelNextHop, reason: string): void;
  /** They get another chance: all of them. */
  forgive(): void;
}

type NextHops = readonly KernelNextHop[];

interface Batch {
  readonly changes: readonly RouteChange[];
  /** Of the changes, in their order; `undefined`: of a former release's route. */
  readonly keys: readonly (PrefixKey | undefined)[];
  /** Prefix → what was installed before its change. */
  readonly before: ReadonlyMap<PrefixKey, NextHops>;
}

const BATCH_SIZE = 5000;
const RECONCILE_DELAY_MS = 50;
const RECONCILE_INTERVAL_MS = 1000;
/** Behind the notifications, for what they do not tell: next hops that the kernel lost with an address. */
const RECONCILE_PERIOD_MS = 300_000;

/**
 * Keeps the kernel's learned routes (`ROUTE_PROTOCOL.learned`) as Loc-RIB wants them: prefixes are marked, and whatever
 * is chosen for them when their turn comes is installed, in batches, one at a time. Routes of others are not looked at.
 *
 * Routes found at the start are of the speaker's former life. Until the selection deferral ends they stay, and change
 * only if the new choice has all of their next hops and more (RFC 4724 4.1); then those that nobody wants go.
 */
export class RouteInstaller {
  readonly #options: RouteInstallerOptions;
  readonly #backoff: Backoff;
  readonly #marked = new Set<PrefixKey>();
  /** Prefix → its interned next hops. */
  readonly #installed = new Map<PrefixKey, NextHops>();
  readonly #retained = new Map<PrefixKey, NextHops>();
  readonly #nextHopSets: NextHopSets;
  readonly #failed = new Map<PrefixKey, string>();
  /** Refused next hops that the log has named since all was well. */
  readonly #reported = new Set<string>();
  /** Of former releases, with another metric: removed with the retained ones. */
  #obsolete: readonly KernelRoute[] = [];
  #deferring = true;
  #working: Promise<void> | undefined;
  #retryTimer: Timer | undefined;
  #reconcileTimer: Timer | undefined;
  #periodTimer: Timer | undefined;
  #reconcileWanted = false;
  #lastReconcileMs = Number.NEGATIVE_INFINITY;
  #started = false;
  #stopped = false;

  constructor(options: RouteInstallerOptions) {
    this.#options = options;
    this.#nextHopSets = new NextHopSets(options.linkOf);
    this.#backoff = new Backoff({ initialMs: 500, maxMs: 30_000, random: options.random });
  }

  /** Lists what the former life left and begins to watch for changes by others. Before it, nothing is installed. */
  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    const filter = { protocol: ROUTE_PROTOCOL.learned };
    await this.#options.routes.watch(
      filter,
      { onEvents: (events) => this.#onEvents(events), onOverrun: () => this.#wantReconcile() },
      signal,
    );
    const obsolete: KernelRoute[] = [];
    for (const route of await this.#options.routes.snapshot(filter)) {
      if (route.metric === LEARNED_ROUTE_METRIC[route.family]) {
        this.#retained.set(prefixKeyFromText(route.prefix), this.#nextHopSets.intern(route.nextHops));
      } else obsolete.push(route);
    }
    this.#obsolete = obsolete;
    this.#started = true;
    this.#armPeriod();
  }

  get installedRoutes(): number {
    return this.#installed.size;
  }

  /** Routes of the former life that no peer has confirmed so far. */
  get retainedRoutes(): number {
    return this.#retained.size;
  }

  /** Prefixes that the kernel refuses at present, with its words. */
  get failures(): ReadonlyMap<PrefixKey, string> {
    return this.#failed;
  }

  isInstalled(key: PrefixKey): boolean {
    return this.#installed.has(key) || this.#retained.has(key);
  }

  hasRetained(family: 4 | 6): boolean {
    return this.#retained.keys().some((key) => prefixKeyAddressFamily(key) === family);
  }

  /** The choice for this prefix changed. */
  mark(key: PrefixKey): void {
    if (!this.#started) return;
    this.#marked.add(key);
    this.#wake();
  }

  /** Every peer has said what it has, or was given up: what nobody confirmed goes. */
  endDeferral(): void {
    if (!this.#deferring) return;
    this.#deferring = false;
    for (const key of this.#retained.keys()) this.#marked.add(key);
    this.#wake();
  }

  /** An interface came up: what the kernel refused may work now, and what it dropped is wanted back. */
  retryNow(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#options.refusals?.forgive();
    for (const key of this.#failed.keys()) this.#marked.add(key);
    this.#wantReconcile();
    this.#wake();
  }

  /** Resolves when nothing is marked and nothing is under way. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #wake(): void {
    if (this.#stopped || this.#working !== undefined) return;
    // A microtask later all prefixes of one received chunk are marked.
    this.#working = Promise.resolve()
      .then(() => this.#work())
      .finally(() => {
        this.#working = undefined;
        if (this.#hasWork()) this.#wake();
      });
  }

  #hasWork(): boolean {
    return this.#marked.size > 0 || this.#reconcileWanted || (!this.#deferring && this.#obsolete.length > 0);
  }

  async #work(): Promise<void> {
    while (!this.#stopped && this.#hasWork()) {
      try {
        if (this.#reconcileWanted) await this.#reconcile();
        await this.#apply(this.#nextBatch());
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'cannot reach the kernel’s routes');
        this.#retryLater();
        return;
      }
    }
  }

  #nextBatch(): Batch {
    const changes: RouteChange[] = [];
    const keys: (PrefixKey | undefined)[] = [];
    const before = new Map<PrefixKey, NextHops>();
    if (!this.#deferring) {
      for (const route of this.#obsolete) {
        changes.push({ op: 'delete', route });
        keys.push(undefined);
      }
      this.#obsolete = [];
    }
    this.#nextHopSets.forgetLatest();
    for (const key of this.#marked) {
      if (changes.length >= BATCH_SIZE) break;
      this.#marked.delete(key);
      const installed = this.#installed.get(key) ?? this.#retained.get(key);
      const change = this.#changeFor(key);
      if (change === undefined) continue;
      if (installed !== undefined) before.set(key, installed);
      changes.push(change);
      keys.push(key);
    }
    return { changes, keys, before };
  }

  /** What has to be done for a prefix now; nothing if the kernel has what is wanted. */
  #changeFor(key: PrefixKey): RouteChange | undefined {
    const wanted = this.#nextHopSets.of(this.#options.chosen(key));
    if (wanted === 'undecided') return undefined;
    const retained = this.#retained.get(key);
    if (retained !== undefined) {
      if (this.#deferring && (wanted === undefined || !coversNextHops(wanted, retained))) return undefined;
      this.#retained.delete(key);
      this.#installed.set(key, wanted !== undefined && sameNextHops(wanted, retained) ? wanted : retained);
    }
    const installed = this.#installed.get(key);
    if (wanted === undefined) {
      this.#failed.delete(key);
      if (installed === undefined) return undefined;
      this.#installed.delete(key);
      return { op: 'delete', route: learnedRoute(key, installed) };
    }
    if (installed === wanted) {
      this.#failed.delete(key);
      return undefined;
    }
    this.#installed.set(key, wanted);
    return { op: 'replace', route: learnedRoute(key, wanted) };
  }

  async #apply({ changes, keys, before }: Batch): Promise<void> {
    if (changes.length === 0) return;
    let failures: ReadonlyMap<RouteChange, string>;
    try {
      failures = new Map((await this.#options.routes.apply(changes)).map(({ change, reason }) => [change, reason]));
    } catch (error) {
      // Nothing is known of this batch now; listing tells what became of it.
      this.#reconcileWanted = true;
      throw error;
    }
    if (failures.size === 0 && this.#failed.size === 0) {
      this.#endBackoff();
      return;
    }
    /** One prefix for each set of next hops that was refused. */
    const refused = new Map<NextHops, { readonly key: PrefixKey; readonly reason: string }>();
    for (const [index, change] of changes.entries()) {
      const key = keys[index] ?? prefixKeyFromText(change.route.prefix);
      const reason = failures.get(change);
      if (reason === undefined) {
        if (change.op === 'replace') this.#failed.delete(key);
        continue;
      }
      // A refused deletion is of a route that was wanted once: it goes back to where it will be tried again.
      if (change.op === 'replace') this.#restore(key, before.get(key));
      else this.#installed.set(key, this.#nextHopSets.intern(change.route.nextHops));
      const isOfNextHop = this.#options.refusals !== undefined && change.op === 'replace' && isNextHopFault(reason);
      if (isOfNextHop) refused.set(change.route.nextHops, { key, reason });
      else if (!this.#failed.has(key)) {
        this.#options.logger.warn({ prefix: change.route.prefix, op: change.op, reason }, 'kernel refused a route');
      }
      this.#failed.set(key, reason);
    }
    for (const [nextHops, { key, reason }] of refused) await this.#refuse(nextHops, key, reason);
    if (this.#failed.size === 0) this.#endBackoff();
    else this.#retryLater();
  }

  /** The kernel keeps what it had when it refuses a replacement, unless that went with an interface: a listing tells. */
  #restore(key: PrefixKey, before: NextHops | undefined): void {
    if (before === undefined) this.#installed.delete(key);
    else {
      this.#installed.set(key, before);
      this.#wantReconcile();
    }
  }

  async #refuse(nextHops: NextHops, key: PrefixKey, reason: string): Promise<void> {
    const [first] = nextHops;
    if (first === undefined) return;
    const { routes } = this.#options;
    const { refused, taken } =
      nextHops.length === 1
        ? { refused: new Map([[first, reason]]), taken: undefined }
        : await tryNextHops(routes, key, nextHops);
    // Not marked: the prefix is decided again if a next hop is at fault, and tried again later if none is.
    if (taken !== undefined) this.#installed.set(key, this.#nextHopSets.intern([taken]));
    for (const [nextHop, words] of refused) {
      const text = nextHopText(nextHop);
      if (!this.#reported.has(text))
        this.#options.logger.warn({ ...nextHop, reason: words }, 'kernel refused a next hop');
      this.#reported.add(text);
      this.#options.refusals?.refuse(nextHop, words);
    }
  }

  #endBackoff(): void {
    if (this.#options.refusals !== undefined && this.#options.refusals.refused > 0) {
      this.#retryLater();
      return;
    }
    this.#backoff.reset();
    this.#reported.clear();
  }

  #retryLater(): void {
    if (this.#retryTimer !== undefined || this.#stopped) return;
    this.#retryTimer = this.#options.clock.schedule(this.#backoff.nextDelayMs(), () => {
      this.#retryTimer = undefined;
      this.#options.refusals?.forgive();
      for (const key of this.#failed.keys()) this.#marked.add(key);
      this.#wake();
    });
  }

  #onEvents(events: readonly RouteEvent[]): void {
    for (const { type, route } of events) {
      if (type !== 'removed') continue;
      const key = prefixKeyFromText(route.prefix);
      if (this.#retained.delete(key)) this.mark(key);
      else if (this.#installed.has(key)) this.#wantReconcile();
    }
  }

  /** Not more often than once a second: our own replacements may look like removals (IPv6). */
  #wantReconcile(): void {
    if (this.#reconcileTimer !== undefined || this.#stopped) return;
    const earliestMs = this.#lastReconcileMs + RECONCILE_INTERVAL_MS;
    const delayMs = Math.max(RECONCILE_DELAY_MS, earliestMs - this.#options.clock.monotonicMs());
    this.#reconcileTimer = this.#options.clock.schedule(delayMs, () => {
      this.#reconcileTimer = undefined;
      this.#reconcileWanted = true;
      this.#wake();
    });
  }

  #armPeriod(): void {
    this.#periodTimer?.cancel();
    if (!this.#stopped)
      this.#periodTimer = this.#options.clock.schedule(RECONCILE_PERIOD_MS, () => this.#wantReconcile());
  }

  /** Compares what we believe to be installed with what is, and marks the differences. */
  async #reconcile(): Promise<void> {
    const actual = new Map<PrefixKey, NextHops>();
    for (const route of await this.#options.routes.snapshot({ protocol: ROUTE_PROTOCOL.learned })) {
      if (route.metric !== LEARNED_ROUTE_METRIC[route.family]) continue;
      actual.set(prefixKeyFromText(route.prefix), this.#nextHopSets.intern(route.nextHops));
    }
    this.#reconcileWanted = false;
    this.#armPeriod();
    this.#lastReconcileMs = this.#options.clock.monotonicMs();
    for (const [key, nextHops] of this.#installed) {
      const found = actual.get(key);
      if (found !== undefined && sameNextHops(nextHops, found)) continue;
      this.#installed.delete(key);
      if (found !== undefined) this.#installed.set(key, found);
      this.#marked.add(key);
    }
    for (const key of this.#retained.keys()) if (!actual.has(key)) this.#retained.delete(key);
    for (const [key, nextHops] of actual) {
      if (this.#installed.has(key) || this.#retained.has(key)) continue;
      this.#installed.set(key, nextHops);
      this.#marked.add(key);
    }
  }

  #stop(): void {
    this.#stopped = true;
    this.#retryTimer?.cancel();
    this.#reconcileTimer?.cancel();
    this.#periodTimer?.cancel();
  }
}
