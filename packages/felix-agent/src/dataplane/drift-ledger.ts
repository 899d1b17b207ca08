import type { Logger } from '@slash32/shared';

/** What of the kernel's state was changed by somebody else. */
export type DriftKind = 'nft' | 'route' | 'neighbour' | 'address' | 'sysctl';

/** More than this many alike are logged as a number: a flushed table of 2,000 routes is one thing, not 2,000 lines. */
const MAX_LOGGED_PER_FLUSH = 10;

/** Counts drift, and says what was wrong. Every entry is something that a repair follows. */
export class DriftLedger {
  readonly #logger: Logger;
  readonly #onRepair: (kind: DriftKind) => void;
  readonly #pending = new Map<DriftKind, string[]>();
  #total = 0;

  constructor(logger: Logger, onRepair: (kind: DriftKind) => void) {
    this.#logger = logger;
    this.#onRepair = onRepair;
  }

  get total(): number {
    return this.#total;
  }

  /** `what` names the object and what is wrong with it. */
  record(kind: DriftKind, what: string): void {
    this.#total += 1;
    this.#onRepair(kind);
    const list = this.#pending.get(kind);
    if (list === undefined) this.#pending.set(kind, [what]);
    else list.push(what);
  }

  /** Logs what was recorded since the last time; called once the repair has been made. */
  flush(): void {
    for (const [kind, wrong] of this.#pending) {
      this.#logger.warn(
        { drift: kind, count: wrong.length, wrong: wrong.slice(0, MAX_LOGGED_PER_FLUSH) },
        'kernel state was changed by somebody else; repaired',
      );
    }
    this.#pending.clear();
  }
}
