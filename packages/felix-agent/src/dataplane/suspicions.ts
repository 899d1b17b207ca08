import type { Clock } from '@slash32/shared';
import { SuspicionTimer } from './suspicion-timer.ts';

/** Makes the manager list the kernel in a round that begins at once. */
export interface SuspicionChecks {
  readonly policy: () => void;
  readonly routes: () => void;
  readonly neighbours: () => void;
  readonly addresses: () => void;
  readonly settings: () => void;
}

/** A change that is surely not ours: waits only for the rest of the burst that it is part of. */
const SURE = { delayMs: 5, intervalMs: 200 };
/** Most likely what comes along when an interface goes: waits for that, and is still well within a second. */
const LIKELY = { delayMs: 250, intervalMs: 500 };
/** Most likely an echo of our own change; listing thousands of entries at once would delay the next tap. */
const UNLIKELY = { delayMs: 2_000, intervalMs: 5_000 };

/** When what the kernel told makes us look, by how likely something is wrong. */
export class Suspicions {
  readonly policy: SuspicionTimer;
  readonly routes: SuspicionTimer;
  readonly routesLater: SuspicionTimer;
  readonly neighbours: SuspicionTimer;
  readonly addresses: SuspicionTimer;
  readonly settings: SuspicionTimer;
  /** Neighbours and addresses that we changed ourselves not long ago. */
  readonly echoes: SuspicionTimer;

  constructor(clock: Clock, checks: SuspicionChecks) {
    this.policy = new SuspicionTimer(clock, SURE, checks.policy);
    this.routes = new SuspicionTimer(clock, SURE, checks.routes);
    this.routesLater = new SuspicionTimer(clock, LIKELY, checks.routes);
    this.neighbours = new SuspicionTimer(clock, LIKELY, checks.neighbours);
    this.addresses = new SuspicionTimer(clock, LIKELY, checks.addresses);
    this.settings = new SuspicionTimer(clock, SURE, checks.settings);
    this.echoes = new SuspicionTimer(clock, UNLIKELY, () => {
      checks.neighbours();
      checks.addresses();
    });
  }

  get arePending(): boolean {
    return this.#all().some(({ isPending }) => isPending);
  }

  cancel(): void {
    for (const timer of this.#all()) timer.cancel();
  }

  #all(): SuspicionTimer[] {
    return [this.policy, this.routes, this.routesLater, this.neighbours, this.addresses, this.settings, this.echoes];
  }
}
