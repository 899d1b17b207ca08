import type { BgpNeighborStatus, Clock, Logger } from '@slash32/shared';
import { NO_PEERS_READY, type PeerReadiness } from '../peers/ready-peers.ts';
import { waitingPeerStatus } from '../session/waiting-peer-status.ts';

/** Peers that must not have a session yet: since when, for people to see. */
export class WaitingPeers {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sinceMs = new Map<string, number>();
  #readiness: PeerReadiness = NO_PEERS_READY;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  update(readiness: PeerReadiness): void {
    this.#readiness = readiness;
    const { waiting } = readiness;
    for (const name of this.#sinceMs.keys()) if (!waiting.has(name)) this.#sinceMs.delete(name);
    for (const [name, { reason }] of waiting) {
      if (this.#sinceMs.has(name)) continue;
      this.#sinceMs.set(name, this.#clock.monotonicMs());
      this.#logger.warn({ peer: name, reason }, 'the session stays closed');
    }
  }

  /** `hasNeighbor`: those that are not decided about yet keep what they have, and are listed there. */
  statuses(hasNeighbor: (name: string) => boolean): readonly BgpNeighborStatus[] {
    const { waiting, undecided } = this.#readiness;
    const nowMs = this.#clock.monotonicMs();
    return [...waiting, ...undecided]
      .filter(([name]) => !hasNeighbor(name))
      .map(([name, peer]) =>
        waitingPeerStatus(peer, {
          sinceMs: this.#sinceMs.get(name) ?? nowMs,
          nowMs,
          nowWallMs: this.#clock.wallMs(),
        }),
      );
  }
}
