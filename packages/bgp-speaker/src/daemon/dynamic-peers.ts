import type { BgpNeighborStatus, BgpRangeStatus, Clock, Logger, ResourceFinding, Timer } from '@slash32/shared';
import { matchPeer } from '../peers/peer-match.ts';
import { EMPTY_PLAN, type PeerPlan } from '../peers/peer-plan.ts';
import { dynamicSettings, isRange, type PeerSettings } from '../peers/peer-settings.ts';
import { placeOf, type SessionPlan, withCallers } from '../peers/range-callers.ts';
import { NO_PEERS_READY, type PeerReadiness } from '../peers/ready-peers.ts';
import type { Neighbor } from '../session/neighbor.ts';
import { rangeStatus } from '../session/range-status.ts';
import type { IncomingConnection } from '../session/transport.ts';

export interface DynamicPeersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly neighbors: () => ReadonlyMap<string, Neighbor>;
  /** Called when {@link DynamicPeers.sessionPlan} has another answer for other callers. */
  readonly onChange: () => void;
}

/** A neighbour without session stays so long, for people to see why it ended. Its address may call again meanwhile. */
const LINGER_MS = 60_000;
const SWEEP_INTERVAL_MS = 5000;

/** Connections that a range did not take. */
interface Refusals {
  count: number;
  last?: BgpRangeStatus['lastRefused'];
}

/**
 * Dynamic neighbours: a BGPPeer with `range` has as many sessions as routers call from there. One is made when its router
 * calls, and forgotten {@link LINGER_MS} after there is no session, no route that graceful restart keeps, and no
 * operator's word that holds it. In a full range a caller takes the place of one that could be forgotten.
 */
export class DynamicPeers {
  readonly #options: DynamicPeersOptions;
  /** Name → address, the oldest first. */
  readonly #callers = new Map<string, string>();
  readonly #idleSinceMs = new Map<string, number>();
  /** Name of a range that an operator shut down → why. */
  readonly #shut = new Map<string, string>();
  readonly #refusals = new Map<string, Refusals>();
  #plan: PeerPlan = EMPTY_PLAN;
  #readiness: PeerReadiness = NO_PEERS_READY;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: DynamicPeersOptions) {
    this.#options = options;
  }

  /** What has sessions, given the plan of ranges and what is ready of it. */
  sessionPlan(plan: PeerPlan, readiness: PeerReadiness): SessionPlan {
    this.#plan = plan;
    this.#readiness = readiness;
    for (const ofRange of [this.#shut, this.#refusals]) {
      for (const name of ofRange.keys()) if (!this.isRange(name)) ofRange.delete(name);
    }
    const sessions = withCallers(plan, readiness, this.#callers);
    for (const name of this.#callers.keys()) {
      if (!sessions.readiness.ready.has(name) && !sessions.readiness.undecided.has(name)) this.#forget(name);
    }
    return sessions;
  }

  /** Someone called who is no neighbour. True if it is one now. */
  take({ remoteAddress, device }: IncomingConnection): boolean {
    const { ready } = this.#readiness;
    const places = [...ready.values()].flatMap(({ settings }) => placeOf(settings) ?? []);
    const place = matchPeer(places, remoteAddress, device);
    const settings = place && ready.get(place.name)?.settings;
    if (settings === undefined || !isRange(settings) || this.#closed) return false;
    const { name } = settings;
    const reason = this.#shut.has(name) ? 'the range is shut down' : this.#makeRoom(settings);
    if (reason !== undefined) {
      this.#refuse(name, remoteAddress, reason);
      return false;
    }
    const caller = dynamicSettings(settings, remoteAddress).name;
    this.#callers.set(caller, remoteAddress);
    this.#options.logger.info({ peer: caller, range: settings.range?.prefix }, 'a router called from a range');
    this.#armSweep();
    this.#options.onChange();
    return true;
  }

  isRange(name: string): boolean {
    const settings = this.#plan.peers.get(name);
    return settings !== undefined && isRange(settings);
  }

  neighborsOf(range: string): readonly Neighbor[] {
    return [...this.#options.neighbors().values()].filter(({ settings }) => settings.bgpPeer === range);
  }

  /** Takes no new callers; those that are there are the caller's business. */
  shutDown(range: string, reason: string): void {
    this.#shut.set(range, reason);
  }

  /** True if it was shut down. */
  enable(range: string): boolean {
    return this.#shut.delete(range);
  }

  /** Of an open range. */
  statusOf(settings: PeerSettings): BgpNeighborStatus {
    const { name } = settings;
    const { count = 0, last } = this.#refusals.get(name) ?? {};
    const shutReason = this.#shut.get(name);
    return rangeStatus(settings, {
      neighbors: this.#countOf(name),
      refused: count,
      ...(last === undefined ? {} : { lastRefused: last }),
      ...(shutReason === undefined ? {} : { shutReason }),
    });
  }

  findings(): readonly ResourceFinding[] {
    return this.openRanges().flatMap((settings): readonly ResourceFinding[] => {
      const { name, range } = settings;
      const shutReason = this.#shut.get(name);
      const resource = `BGPPeer/${name}`;
      if (shutReason !== undefined) {
        const said = shutReason === '' ? '' : ` ("${shutReason}")`;
        const message = `the range was shut down by an operator${said}; \`fabricctl bgp enable ${name}\` opens it`;
        return [{ code: 'bgp-peer.shut-down', resource, severity: 'warning', message }];
      }
      if (range === undefined || this.#countOf(name) < range.limit) return [];
      const message = `${range.limit} routers of ${range.prefix} have sessions, and no more may; raise maxDynamicPeers if there are more`;
      return [{ code: 'bgp-peer.range-full', resource, path: 'spec.maxDynamicPeers', severity: 'warning', message }];
    });
  }

  /** Ranges that routers may call from. */
  openRanges(): readonly PeerSettings[] {
    return [...this.#readiness.ready.values()].flatMap(({ settings }) => (isRange(settings) ? [settings] : []));
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #countOf(range: string): number {
    return this.#callersOf(range).length;
  }

  #callersOf(range: string): readonly string[] {
    return [...this.#callers.keys()].filter((name) => name.startsWith(`${range}/`));
  }

  /** Why there is none. */
  #makeRoom({ name, range }: PeerSettings): string | undefined {
    const limit = range?.limit ?? 0;
    const callers = this.#callersOf(name);
    if (callers.length < limit) return undefined;
    const idle = callers.filter((caller) => this.#options.neighbors().get(caller)?.isIdle !== false);
    const [longest] = idle.sort((left, right) => this.#idleSince(left) - this.#idleSince(right));
    if (longest === undefined) return `there are ${limit} already (maxDynamicPeers)`;
    this.#forget(longest);
    return undefined;
  }

  #idleSince(caller: string): number {
    return this.#idleSinceMs.get(caller) ?? Number.POSITIVE_INFINITY;
  }

  #refuse(range: string, address: string, reason: string): void {
    const refusals = this.#refusals.get(range) ?? { count: 0 };
    if (refusals.last?.reason !== reason) {
      this.#options.logger.warn({ peer: range, address, reason }, 'refused a router that called from a range');
    }
    refusals.count += 1;
    refusals.last = { at: new Date(this.#options.clock.wallMs()).toISOString(), address, reason };
    this.#refusals.set(range, refusals);
  }

  #forget(caller: string): void {
    this.#callers.delete(caller);
    this.#idleSinceMs.delete(caller);
  }

  #armSweep(): void {
    if (this.#timer !== undefined || this.#closed || this.#callers.size === 0) return;
    this.#timer = this.#options.clock.schedule(SWEEP_INTERVAL_MS, () => {
      this.#timer = undefined;
      this.#sweep();
      this.#armSweep();
    });
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const neighbors = this.#options.neighbors();
    let forgotten = 0;
    for (const caller of this.#callers.keys()) {
      if (neighbors.get(caller)?.isIdle === false) {
        this.#idleSinceMs.delete(caller);
        continue;
      }
      const sinceMs = this.#idleSinceMs.get(caller) ?? nowMs;
      this.#idleSinceMs.set(caller, sinceMs);
      if (nowMs - sinceMs < LINGER_MS) continue;
      this.#forget(caller);
      forgotten += 1;
    }
    if (forgotten > 0) this.#options.onChange();
  }
}
