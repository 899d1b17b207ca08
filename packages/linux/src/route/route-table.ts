import type { AddressFamily } from '@slash32/shared';

export interface KernelNextHop {
  /** Canonical address text; absent: on link. May be of the other family (RFC 8950: IPv4 via IPv6). */
  readonly gateway?: string;
  readonly device?: string;
  /** 1–256; absent: 1. */
  readonly weight?: number;
}

/** A route of the main table (`unicast`, `blackhole`, `unreachable`) or the local table (`local`). */
export interface KernelRoute {
  readonly family: AddressFamily;
  /** Canonical prefix text, length always written; `0.0.0.0/0` and `::/0` for default. */
  readonly prefix: string;
  readonly type: 'unicast' | 'local' | 'blackhole' | 'unreachable';
  /** rtm_protocol, 0–255. */
  readonly protocol: number;
  /** Absent: the kernel's default (0 for IPv4, 1024 for IPv6). */
  readonly metric?: number;
  readonly scope?: 'link' | 'global' | 'host';
  /** Preferred source address. */
  readonly source?: string;
  /** At least one for `unicast`. */
  readonly nextHops: readonly KernelNextHop[];
}

export type RouteChange =
  /** Adds, or replaces the one with equal prefix and metric. */
  { readonly op: 'replace'; readonly route: KernelRoute } | { readonly op: 'delete'; readonly route: KernelRoute };

export interface RouteFailure {
  readonly change: RouteChange;
  /** The kernel's words; of a device that is not there, `device NAME does not exist`. */
  readonly reason: string;
}

export type RouteEvent = { readonly type: 'added' | 'removed'; readonly route: KernelRoute };

export interface RouteFilter {
  readonly protocol?: number;
  readonly family?: AddressFamily;
}

/** Routes of the kernel. Errors (`FabricError`): `netlink.failed` (what was done is unknown: list again), `netlink.closed`. */
export interface RouteTable extends AsyncDisposable {
  /** Applies all changes in order; one that fails stops none of the others. Deleting what is absent is no failure. */
  apply(changes: readonly RouteChange[]): Promise<readonly RouteFailure[]>;
  list(filter?: RouteFilter): Promise<readonly KernelRoute[]>;
  /** As `list`, for tables of many: routes that are made when they are looked at, one after the other. */
  snapshot(filter?: RouteFilter): Promise<Iterable<KernelRoute>>;
  /**
   * Resolves when the subscription is in force, with the routes that match then, which are to be gone through before
   * anything else is awaited; `onEvents` gets each later change of one, our own included, in batches. `onOverrun` is called when notifications may have
   * been lost (or the monitor was restarted): list again. Ends when `signal` aborts.
   */
  watch(
    filter: RouteFilter,
    listener: { onEvents(events: readonly RouteEvent[]): void; onOverrun(): void },
    signal: AbortSignal,
  ): Promise<Iterable<KernelRoute>>;
}
