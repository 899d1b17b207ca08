import type { BgpFamily, Clock, Logger, Timer } from '@slash32/shared';

/** A peer that does no graceful restart sends no End-of-RIB we could rely on: this long after its session is up it counts. */
const SETTLE_WITHOUT_END_OF_RIB_MS = 5000;

/**
 * The restarting speaker's wait for its peers (RFC 4724 4.1): ends when every peer that was configured at the start has
 * sent End-of-RIB for each family, or is gone, or the Selection_Deferral_Timer has run. Ends once.
 */
export class RestartDeferral {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onEnd: () => void;
  readonly #waiting = new Map<string, Set<BgpFamily>>();
  readonly #settling = new Map<string, Timer>();
  #timer: Timer | undefined;
  #state: 'not-begun' | 'waiting' | 'over' = 'not-begun';

  constructor(options: { readonly clock: Clock; readonly logger: Logger; readonly onEnd: () => void }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onEnd = options.onEnd;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** `peers`: name → families that it is configured with. */
  begin(peers: ReadonlyMap<string, readonly BgpFamily[]>, deferralMs: number): void {
    if (this.#state !== 'not-begun') return;
    this.#state = 'waiting';
    for (const [name, families] of peers) this.#waiting.set(name, new Set(families));
    this.#timer = this.#clock.schedule(deferralMs, () => {
      this.#logger.warn({ peers: [...this.#waiting.keys()] }, 'selection deferral timer expired');
      this.#end();
    });
    this.#endIfDone();
  }

  /** The session is up with these families; `endOfRib`: the peer does graceful restart. */
  peerUp(name: string, families: ReadonlySet<BgpFamily>, endOfRib: boolean): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    for (const family of waiting) if (!families.has(family)) waiting.delete(family);
    if (!endOfRib) {
      this.#settling.get(name)?.cancel();
      this.#settling.set(
        name,
        this.#clock.schedule(SETTLE_WITHOUT_END_OF_RIB_MS, () => this.peerRemoved(name)),
      );
    }
    this.#forgetIfDone(name, waiting);
  }

  peerDown(name: string): void {
    this.#settling.get(name)?.cancel();
    this.#settling.delete(name);
  }

  endOfRib(name: string, family: BgpFamily): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    waiting.delete(family);
    this.#forgetIfDone(name, waiting);
  }

  peerRemoved(name: string): void {
    this.peerDown(name);
    this.#waiting.delete(name);
    this.#endIfDone();
  }

  #forgetIfDone(name: string, waiting: ReadonlySet<BgpFamily>): void {
    if (waiting.size === 0) this.peerRemoved(name);
  }

  #endIfDone(): void {
    if (this.#state === 'waiting' && this.#waiting.size === 0) this.#end();
  }

  #end(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#timer?.cancel();
    for (const timer of this.#settling.values()) timer.cancel();
    this.#settling.clear();
    this.#waiting.clear();
    this.#onEnd();
  }
}
