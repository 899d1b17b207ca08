import type { BgpNeighborBfd, BgpSessionState, Clock, Logger, ResourceFinding, Timer } from '@slash32/shared';
import type { BfdSessionHandle, BfdSessionSettings, BfdSessions, BfdStatusReport } from '../bfd/bfd-service.ts';
import { type BfdSettings, isOnLink, type PeerSettings, resourceOf } from '../peers/peer-settings.ts';

export interface NeighborBfdDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: there is no BFD, whatever is configured. */
  readonly sessions: BfdSessions | undefined;
  /** The path to the peer is gone, so its session is not to wait for the hold time. */
  readonly onPathDown: () => void;
  /** The peer is away, or back and not done with announcing again what it announced before. */
  readonly peerRestarts: () => boolean;
}

/** A session that is not Up by then will not come up of itself. */
const SETTLING_MS = 10_000;

/**
 * The BFD session beside a BGP session (RFC 5882). It runs as long as it is configured, whether BGP is up or not, and
 * BGP never waits for it: a router without BFD, or one whose BFD is off, costs nothing but the fast detection.
 */
export class NeighborBfd {
  readonly #deps: NeighborBfdDependencies;
  #settings: PeerSettings;
  #handle: BfdSessionHandle | undefined;
  #lastDown: BgpNeighborBfd['lastDown'];
  #pathDown: Timer | undefined;
  #downSinceMs: number;

  constructor(settings: PeerSettings, dependencies: NeighborBfdDependencies) {
    this.#settings = settings;
    this.#deps = dependencies;
    this.#downSinceMs = dependencies.clock.monotonicMs();
  }

  /** Makes the session what the settings say; address and kind of a peer are the same for its life. */
  apply(settings: PeerSettings): void {
    const before = this.#settings.bfd;
    this.#settings = settings;
    const { bfd } = settings;
    if (bfd === undefined) this.stop();
    else if (this.#handle === undefined) {
      this.#downSinceMs = this.#deps.clock.monotonicMs();
      this.#handle = this.#deps.sessions?.add(bfdSessionSettings(settings, bfd), (status, previous) =>
        this.#onStatus(status, previous),
      );
    } else if (JSON.stringify(bfd) !== JSON.stringify(before)) this.#handle.configure(timersOf(bfd));
  }

  /** Tells the router AdminDown, which it does not take for a failure. */
  stop(): void {
    this.#pathDown?.cancel();
    this.#handle?.remove();
    this.#handle = undefined;
  }

  status(): BgpNeighborBfd | undefined {
    if (this.#handle === undefined) return undefined;
    const { status, counts } = this.#handle;
    return {
      state: status?.state ?? 'Down',
      remoteState: status?.remoteState ?? 'Down',
      ...(status?.detectionMs === undefined ? {} : { detectionMs: status.detectionMs }),
      ...(status?.transmitMs === undefined ? {} : { transmitMs: status.transmitMs }),
      multihop: !isOnLink(this.#settings),
      ...(this.#lastDown === undefined ? {} : { lastDown: this.#lastDown }),
      packets: {
        sent: counts.sent,
        received: counts.received,
        discarded: counts.discarded,
        hopLimitDiscarded: counts.hopLimitDiscarded,
      },
      ...(status?.problem === undefined ? {} : { problem: status.problem }),
    };
  }

  findings(bgpState: BgpSessionState): readonly ResourceFinding[] {
    const problem = this.#problem(bgpState);
    if (problem === undefined) return [];
    return [
      {
        code: 'bgp-peer.bfd-problem',
        resource: resourceOf(this.#settings),
        path: 'spec.bfd',
        severity: 'warning',
        message: `BFD with ${this.#settings.address} does not work: ${problem}; until it does, only the hold time tells that the router is gone`,
      },
    ];
  }

  /** That a router is down shows in its BGP session; BFD is in want of an explanation where that one is up. */
  #problem(bgpState: BgpSessionState): string | undefined {
    if (this.#handle === undefined) return undefined;
    const { status, counts } = this.#handle;
    const problem = status?.problem ?? this.#deps.sessions?.failure;
    if (problem !== undefined) return problem;
    const isSettled = this.#deps.clock.monotonicMs() - this.#downSinceMs >= SETTLING_MS;
    if (status === undefined || status.state === 'Up' || bgpState !== 'Established' || !isSettled) return undefined;
    if (status.remoteState === 'AdminDown') return 'it is shut down at the router';
    if (counts.received > 0) return `it is ${status.state} here and ${status.remoteState} at the router`;
    if (counts.hopLimitDiscarded > 0) {
      return 'its packets come from more than one hop away; set multihopTtl if the router is not on the link';
    }
    return 'the router sends no BFD packets; configure BFD for this host there';
  }

  #onStatus(status: BfdStatusReport, previous: BfdStatusReport | undefined): void {
    if (previous?.state === status.state) return;
    if (previous?.state === 'Up') this.#downSinceMs = this.#deps.clock.monotonicMs();
    const { name, address } = this.#settings;
    const { state, remoteState, localDiagnostic, remoteDiagnostic } = status;
    const fields = { peer: name, address, state, remoteState };
    if (previous?.state !== 'Up') {
      if (state === 'Up') this.#deps.logger.info(fields, 'BFD up');
      return;
    }
    this.#lastDown = {
      at: new Date(status.atMs).toISOString(),
      reason: remoteState === 'AdminDown' ? 'the router ended its side' : localDiagnostic,
    };
    this.#deps.logger.info({ ...fields, localDiagnostic, remoteDiagnostic }, 'BFD down');
    if (!isPathFailure(status)) return;
    // A router that crashed closes its TCP connection well before the Detection Time is over, and starts graceful
    // restart by that. If we were too busy to read it, it waits in the socket: one turn of the event loop comes first.
    this.#pathDown?.cancel();
    this.#pathDown = this.#deps.clock.schedule(0, () => this.#endPath());
  }

  /**
   * The session ends and the peer's routes go (RFC 5882 4.2, RFC 9384). But not while the peer restarts: BFD shares fate
   * with the speakers, so its loss is expected then and says nothing about forwarding (RFC 5882 4.3.2).
   */
  #endPath(): void {
    if (!this.#deps.peerRestarts()) {
      this.#deps.onPathDown();
      return;
    }
    const { name: peer } = this.#settings;
    this.#deps.logger.info({ peer }, 'BFD is down because the peer restarts; its routes stay');
  }
}

/** A router that ends its side in order says AdminDown; that tells nothing about the path (RFC 5882 3.2). */
function isPathFailure({ state, remoteState }: BfdStatusReport): boolean {
  return state === 'Down' && remoteState !== 'AdminDown';
}

function bfdSessionSettings(settings: PeerSettings, bfd: BfdSettings): BfdSessionSettings {
  return {
    endpoint: {
      remoteAddress: settings.address,
      multihop: !isOnLink(settings),
      ...(settings.localAddress === undefined ? {} : { localAddress: settings.localAddress }),
      ...(settings.interface === undefined ? {} : { device: settings.interface }),
    },
    timers: timersOf(bfd),
  };
}

function timersOf({ minTxMs, minRxMs, multiplier }: BfdSettings): BfdSessionSettings['timers'] {
  return {
    desiredMinTxIntervalUs: minTxMs * 1000,
    requiredMinRxIntervalUs: minRxMs * 1000,
    detectMultiplier: multiplier,
  };
}
