import type { ResourceFinding, Timer } from '@slash32/shared';
import { admittedPeers } from '../peers/admitted-peers.ts';
import type { PeerReadiness } from '../peers/ready-peers.ts';
import type { Neighbor } from '../session/neighbor.ts';
import type { UnprotectedPeers } from '../session/transport.ts';
import type { SpeakerOptions } from './speaker-options.ts';

const AGAIN_MS = 30_000;

/** Tells the listener whom to take connections from, and what it cannot protect: nothing is taken from there. */
export class Admission {
  readonly #options: Pick<SpeakerOptions, 'admit' | 'clock'>;
  readonly #again: () => void;
  #unprotected: UnprotectedPeers = new Map();
  #timer: Timer | undefined;

  /** `again`: called after a while if something is not protected, since there may be room for its key by then. */
  constructor(options: Pick<SpeakerOptions, 'admit' | 'clock'>, again: () => void) {
    this.#options = options;
    this.#again = again;
  }

  apply(readiness: PeerReadiness, neighbors: ReadonlyMap<string, Neighbor>): void {
    const { admit, clock } = this.#options;
    this.#unprotected = admit?.(admittedPeers(readiness, neighbors)) ?? new Map();
    this.#timer?.cancel();
    this.#timer = this.#unprotected.size === 0 ? undefined : clock.schedule(AGAIN_MS, this.#again);
  }

  findings(): readonly ResourceFinding[] {
    return [...this.#unprotected].map(([name, reason]) => ({
      code: 'bgp-peer.unprotected',
      resource: `BGPPeer/${name}`,
      path: 'spec.passwordFile',
      severity: 'error',
      message: `no connection is taken from it: ${reason}`,
    }));
  }

  close(): void {
    this.#timer?.cancel();
  }
}
