import { type BgpFamily, type BgpSessionState, FabricError } from '@slash32/shared';
import { CEASE } from '../codec/index.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { PeerAdministration } from './peer-administration.ts';

/** What an operator's words reach of a peer. */
export interface OperatedPeer {
  readonly name: string;
  state(): BgpSessionState;
  /** Of the session that is up. */
  session(): NegotiatedSession | undefined;
  /** Ends the session, if there is one, with a Cease; it is tried anew. `hard`: no routes are kept over it (RFC 8538). */
  renewSession(ceaseSubcode: number, hard: boolean): void;
  /** Applies the import policies to what the peer announced. */
  judgeAgain(): void;
  /** Asks the peer for all of a family's routes. */
  requestRefresh(family: BgpFamily): void;
  /** Tells the peer all of a family's routes. */
  resend(family: BgpFamily): void;
}

/** What operators do to one peer over the control socket. Each returns what was done, for people. */
export class OperatorActions {
  readonly #peer: OperatedPeer;
  readonly #administration: PeerAdministration;

  constructor(peer: OperatedPeer, administration: PeerAdministration) {
    this.#peer = peer;
    this.#administration = administration;
  }

  /** Ends the session and sets it up anew; `hard`: without keeping routes. `FabricError` `bgp.peer-shut-down`. */
  clear({ hard } = { hard: false }): string {
    this.#administration.allowNewSession();
    if (this.#administration.isHeld) return this.#administration.enable();
    this.#peer.renewSession(CEASE.administrativeReset, hard);
    return 'the session is set up anew';
  }

  /** `FabricError` `bgp.not-established`. */
  refreshIn(): readonly string[] {
    const session = this.#session();
    this.#peer.judgeAgain();
    if (!session.remoteRouteRefresh) return ['judged its routes again; it does not do ROUTE-REFRESH'];
    const families = [...session.context.families];
    for (const family of families) this.#peer.requestRefresh(family);
    return ['judged its routes again', `asked for ${families.join(' and ')} again`];
  }

  /** `FabricError` `bgp.not-established`. */
  refreshOut(): readonly string[] {
    const families = [...this.#session().context.families];
    for (const family of families) this.#peer.resend(family);
    return [`sends ${families.join(' and ')} again`];
  }

  shutDown(reason: string, drainSeconds: number): string {
    return this.#administration.shutDown(reason, drainSeconds);
  }

  enable(): string {
    return this.#administration.enable();
  }

  #session(): NegotiatedSession {
    const session = this.#peer.session();
    if (session !== undefined) return session;
    const { name } = this.#peer;
    const state = this.#peer.state();
    throw new FabricError(
      'bgp.not-established',
      `the session with ${name} is not up (${state}), so there is nothing to refresh`,
      { details: { peer: name, state } },
    );
  }
}
