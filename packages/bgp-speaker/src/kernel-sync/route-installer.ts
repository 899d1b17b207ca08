import type { RouteChange, RouteEvent, RouteTable } from '@slash32/linux';
import { Backoff, type Clock, type Logger, ROUTE_PROTOCOL, type Timer } from '@slash32/shared';
import { type PrefixKey, prefixKeyFromText } from '../codec/index.ts';
import type { Path } from '../rib/path.ts';
import { InstalledRoutes, type NextHops } from './installed-routes.ts';
import type { LinkOf } from './learned-route.ts';
import { isNextHopFault, NextHopBlame, type Refusals } from './refused-next-hops.ts';

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
 * What the kernel has is in {@link InstalledRoutes}.
 */
export class RouteInstaller {
  readonly #options: RouteInstallerOptions;
  readonly #backoff: Backoff;
  readonly #marked = new Set<PrefixKey>();
  readonly #installed: InstalledRoutes;
  readonly #failed = new Map<PrefixKey, string>();
  readonly #blame: NextHopBlame;
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
    this.#installed = new InstalledRoutes(options.linkOf);
    this.#blame = new NextHopBlame(options);
    this.#backoff = new Backoff({ initialMs: 500, maxMs: 30_000, random: options.random });
  }

  /** Lists what the former life left and begins to watch for changes by others. Before it, nothing is installed. */
  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    const filter = { protocol: ROUTE_PROTOCOL.learned };
    const present = await this.#options.routes.watch(
      filter,
      { onEvents: (events) => this.#onEvents(events), onOverrun: () => this.#wantReconcile() },
      signal,
    );
    this.#installed.adopt(present);
    this.#started = true;
    this.#armPeriod();
  }

  get installedRoutes(): number {
    return this.#installed.size;
  }

  /** Routes of the former life that no peer has confirmed so far. */
  get retainedRoutes(): number {
    return this.#installed.retained;
  }

  /** Prefixes that the kernel refuses at present, with its words. */
  get failures(): ReadonlyMap<PrefixKey, string> {
    return this.#failed;
  }

  isInstalled(key: PrefixKey): boolean {
    return this.#installed.has(key);
  }

  hasRetained(family: 4 | 6): boolean {
    return this.#installed.hasRetained(family);
  }

  /** The choice for this prefix changed. */
  mark(key: PrefixKey): void {
    if (!this.#started) return;
    this.#marked.add(key);
    this.#wake();
  }

  /** Every peer has said what it has, or was given up: what nobody confirmed goes. */
  endDeferral(): void {
    if (!this.#installed.deferring) return;
    for (const key of this.#installed.endDeferral()) this.#marked.add(key);
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
    return this.#marked.size > 0 || this.#reconcileWanted || this.#installed.hasObsolete;
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
    const changes: RouteChange[] = [...this.#installed.obsoleteRemovals()];
    const keys: (PrefixKey | undefined)[] = changes.map(() => undefined);
    const before = new Map<PrefixKey, NextHops>();
    this.#installed.forgetLatest();
    for (const key of this.#marked) {
      if (changes.length >= BATCH_SIZE) break;
      this.#marked.delete(key);
      const installed = this.#installed.nextHopsOf(key);
      const change = this.#installed.changeFor(key, this.#options.chosen(key));
      if (change === 'later') continue;
      if (change === 'as-wanted' || change.op === 'delete') this.#failed.delete(key);
      if (change === 'as-wanted') continue;
      if (installed !== undefined) before.set(key, installed);
      changes.push(change);
      keys.push(key);
    }
    return { changes, keys, before };
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
      else this.#installed.correct(key, change.route.nextHops);
      const isOfNextHop = this.#options.refusals !== undefined && change.op === 'replace' && isNextHopFault(reason);
      if (isOfNextHop) refused.set(change.route.nextHops, { key, reason });
      else if (!this.#failed.has(key)) {
        this.#options.logger.warn({ prefix: change.route.prefix, op: change.op, reason }, 'kernel refused a route');
      }
      this.#failed.set(key, reason);
    }
    for (const [nextHops, { key, reason }] of refused) {
      const taken = await this.#blame.find(nextHops, key, reason);
      // Not marked: the prefix is decided again if a next hop is at fault, and tried again later if none is.
      if (taken !== undefined) this.#installed.correct(key, [taken]);
    }
    if (this.#failed.size === 0) this.#endBackoff();
    else this.#retryLater();
  }

  /** The kernel keeps what it had when it refuses a replacement, unless that went with an interface: a listing tells. */
  #restore(key: PrefixKey, before: NextHops | undefined): void {
    this.#installed.correct(key, before);
    if (before !== undefined) this.#wantReconcile();
  }

  #endBackoff(): void {
    if (this.#options.refusals !== undefined && this.#options.refusals.refused > 0) {
      this.#retryLater();
      return;
    }
    this.#backoff.reset();
    this.#blame.forget();
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
      const owner = this.#installed.seeRemoval(key);
      if (owner === 'retained') this.mark(key);
      else if (owner === 'installed') this.#wantReconcile();
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
    const actual = await this.#options.routes.snapshot({ protocol: ROUTE_PROTOCOL.learned });
    this.#reconcileWanted = false;
    this.#armPeriod();
    this.#lastReconcileMs = this.#options.clock.monotonicMs();
    for (const key of this.#installed.compare(actual)) this.#marked.add(key);
  }

  #stop(): void {
    this.#stopped = true;
    this.#retryTimer?.cancel();
    this.#reconcileTimer?.cancel();
    this.#periodTimer?.cancel();
  }
}
