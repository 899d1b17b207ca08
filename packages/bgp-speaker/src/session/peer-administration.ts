import {
  type BgpFamily,
  type BgpNeighborStatus,
  type Clock,
  FabricError,
  type Logger,
  type ResourceFinding,
  type Timer,
} from '@slash32/shared';
import { CEASE, shutdownNotification } from '../codec/index.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { exceededLimit, exceededLimitData, limitFindings } from './prefix-limits.ts';
import { type Hold, SessionHold } from './session-hold.ts';

/** What administration may do to a peer. */
export interface AdministeredPeer {
  settings(): PeerSettings;
  isEstablished(): boolean;
  /** Prefixes in Adj-RIB-In. */
  received(family: BgpFamily): number;
  /** Ends the session with a Cease, and refuses new ones. */
  halt(ceaseSubcode: number, data: Uint8Array): void;
  /** Lets sessions up again. */
  resume(): void;
  /** Whether it is draining is different. */
  drainChanged(): void;
}

/**
 * Whether a peer may have a session, beside its configuration: shutdown by an operator (RFC 9003), by choice after a
 * drain (RFC 8326), and limits on prefixes (RFC 4486). Lives as long as the speaker does.
 */
export class PeerAdministration {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #peer: AdministeredPeer;
  readonly #hold: SessionHold;
  #drain: { readonly timer: Timer; readonly reason: string } | undefined;
  #limitCheck: Timer | undefined;

  constructor(dependencies: { readonly clock: Clock; readonly logger: Logger }, peer: AdministeredPeer) {
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#peer = peer;
    this.#hold = new SessionHold(dependencies.clock, () => peer.resume());
  }

  get isHeld(): boolean {
    return this.#hold.current !== undefined;
  }

  get isDraining(): boolean {
    return this.#drain !== undefined;
  }

  /** For the peer's next life, if a change of its configuration ends this one. */
  get hold(): Hold | undefined {
    return this.#drain === undefined ? this.#hold.current : { cause: 'shutdown', text: this.#drain.reason };
  }

  /** Takes over from a former life, before anything is started. */
  inherit(hold: Hold): void {
    this.#hold.set(hold);
  }

  /** Returns what was done, for people. */
  shutDown(reason: string, drainSeconds: number): string {
    this.#endDrain();
    if (drainSeconds === 0 || !this.#peer.isEstablished()) {
      this.#shutDownNow(reason);
      return 'shut down';
    }
    const timer = this.#clock.schedule(drainSeconds * 1000, () => {
      this.#endDrain();
      this.#shutDownNow(reason);
    });
    this.#drain = { timer, reason };
    this.#peer.drainChanged();
    return `its routes are the last resort on both sides; shut down in ${drainSeconds} s`;
  }

  /** Returns what was done, for people. */
  enable(): string {
    if (this.#drain !== undefined) {
      this.#endDrain();
      this.#peer.drainChanged();
      return 'stays up; its routes are as good as others again';
    }
    if (!this.isHeld) return 'was enabled already';
    this.#hold.release();
    this.#peer.resume();
    return 'enabled';
  }

  /** An operator wants a new session. `FabricError` `bgp.peer-shut-down` if there shall be none. */
  allowNewSession(): void {
    const { name } = this.#peer.settings();
    if (this.#hold.current?.cause !== 'shutdown') return;
    throw new FabricError(
      'bgp.peer-shut-down',
      `the session with ${name} is shut down; enable it: fabricctl bgp enable ${name}`,
      {
        details: { peer: name },
      },
    );
  }

  /** The peer announced something. Acts in the next turn: the session is at work in this one. */
  checkLimits(): void {
    if (this.#limitCheck !== undefined || exceededLimit(this.#peer.settings(), this.#received) === undefined) return;
    this.#limitCheck = this.#clock.schedule(0, () => {
      this.#limitCheck = undefined;
      this.#enforceLimits();
    });
  }

  /** Other limits: what was held for the old ones may try again. */
  limitsChanged(): void {
    if (this.#hold.current?.cause === 'max-prefixes') this.enable();
    else this.checkLimits();
  }

  /** Nothing happens by itself any more. */
  stop(): void {
    this.#limitCheck?.cancel();
    this.#endDrain();
    this.#hold.release();
  }

  status(): Pick<BgpNeighborStatus, 'held' | 'draining'> {
    const held = this.#hold.status();
    return { ...(held === undefined ? {} : { held }), ...(this.isDraining ? { draining: true } : {}) };
  }

  findings(): readonly ResourceFinding[] {
    const settings = this.#peer.settings();
    return [...this.#hold.findings(settings), ...limitFindings(settings, this.#received)];
  }

  readonly #received = (family: BgpFamily): number => this.#peer.received(family);

  #enforceLimits(): void {
    const exceeded = exceededLimit(this.#peer.settings(), this.#received);
    if (exceeded === undefined || !this.#peer.isEstablished()) return;
    const { family, limit, received } = exceeded;
    const { name: peer } = this.#peer.settings();
    const { action, restartSeconds } = limit;
    this.#logger.warn({ peer, family, received, limit: limit.limit, action }, 'more prefixes than the limit');
    if (action === 'warn') return;
    this.#hold.set({
      cause: 'max-prefixes',
      text: `${received} prefixes of ${family}, the limit is ${limit.limit}`,
      ...(action === 'idle' ? {} : { untilMs: this.#clock.monotonicMs() + restartSeconds * 1000 }),
    });
    this.#peer.halt(CEASE.maximumPrefixesReached, exceededLimitData(exceeded));
  }

  #shutDownNow(reason: string): void {
    this.#hold.set({ cause: 'shutdown', text: reason });
    this.#logger.info({ peer: this.#peer.settings().name, reason }, 'shut down by an operator');
    this.#peer.halt(CEASE.administrativeShutdown, shutdownNotification(CEASE.administrativeShutdown, reason).data);
  }

  #endDrain(): void {
    this.#drain?.timer.cancel();
    this.#drain = undefined;
  }
}
