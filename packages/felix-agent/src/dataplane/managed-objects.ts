import type { Logger } from '@slash32/shared';
import type { DriftKind, DriftLedger } from './drift-ledger.ts';
import { Reconciler } from './reconciler.ts';

/** One kind of kernel object, and the way to it. */
export interface KernelObjectTable<T> {
  readonly kind: DriftKind;
  /** False: an object of ours that nobody wants is removed without being called drift. */
  readonly unwantedIsDrift: boolean;
  /** What the kernel tells objects apart by. */
  keyOf(object: T): string;
  /** Canonical text of all that must match. */
  textOf(object: T): string;
  /** For logs and failures: `10.0.0.1/32 dev tap1`. */
  describe(object: T): string;
  /** Those that carry our mark; everything else is somebody else's. */
  list(): Promise<readonly T[]>;
  /** Removes, then adds or replaces. Returns the kernel's words about those that failed; the others are done. */
  apply(removals: readonly T[], additions: readonly T[]): Promise<ReadonlyMap<T, string>>;
}

/** Whether an owner may have new objects now: its policy is in the kernel, its interface is ready. */
export type OwnerGate = (owner: string) => boolean;

const ANY_OWNER: OwnerGate = () => true;

/**
 * Keeps the kernel's objects of one kind as their owners want them. Knowledge of the kernel comes from listings and
 * from our own changes; whatever else hints at a change (a notification, a failure) only calls `suspect`, and the next
 * `refresh` lists again. So a late or lost notification can delay a repair, but never mislead.
 */
export class ManagedObjects<T> {
  readonly #table: KernelObjectTable<T>;
  readonly #logger: Logger;
  readonly #drift: DriftLedger;
  readonly #reconciler: Reconciler<T>;
  /** Keys that we changed since the kernel was listed last. */
  readonly #changed = new Set<string>();
  #suspect = true;
  #listed = false;
  #added = 0;
  #removed = 0;

  constructor(table: KernelObjectTable<T>, logger: Logger, drift: DriftLedger) {
    this.#table = table;
    this.#logger = logger;
    this.#drift = drift;
    this.#reconciler = new Reconciler(table);
  }

  get counts(): { readonly added: number; readonly removed: number } {
    return { added: this.#added, removed: this.#removed };
  }

  /** Replaces what `owner` wants. */
  want(owner: string, objects: readonly T[]): void {
    this.#reconciler.want(owner, objects);
  }

  /** What is wanted under a key. */
  wanted(key: string): T | undefined {
    return this.#reconciler.wanted(key);
  }

  /** True if all that `owner` wants is in the kernel as wanted, as far as known. */
  settled(owner: string): boolean {
    return this.#reconciler.settled(owner);
  }

  /** True if we changed this since the kernel was listed last, so that a notification of it may be of our own doing. */
  hasChanged(key: string): boolean {
    return this.#changed.has(key);
  }

  /** Makes the next {@link refresh} list the kernel. */
  suspect(): void {
    this.#suspect = true;
  }

  /** The kernel took these away, as it does with all that belongs to an interface that went. No drift. */
  forget(gone: (object: T) => boolean): void {
    this.#reconciler.forget(gone);
  }

  /** Lists the kernel if there is reason to. What became wrong since the last listing is recorded as drift. */
  async refresh(): Promise<void> {
    if (!this.#suspect) return;
    this.#suspect = false;
    this.#changed.clear();
    try {
      const present = await this.#table.list();
      const pending = new Set(this.#reconciler.differences().keys());
      this.#reconciler.learn(present);
      if (this.#listed) this.#recordDrift(pending);
      this.#listed = true;
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
  }

  /** Removes what nobody wants, and what stands in the place of an object whose owner may not have it yet. */
  async withdraw(mayHave: OwnerGate = ANY_OWNER): Promise<readonly T[]> {
    const removals: T[] = [];
    for (const [key, { actual, desired }] of this.#reconciler.differences()) {
      if (actual === undefined) continue;
      const owner = this.#reconciler.ownerOf(key);
      if (desired === undefined || owner === undefined || !mayHave(owner)) removals.push(actual);
    }
    const failed = await this.#apply(removals, []);
    for (const [object, reason] of failed) {
      this.#logger.warn({ object: this.#table.describe(object), reason }, `${this.#table.kind} could not be removed`);
    }
    return removals.filter((object) => !failed.has(object));
  }

  /** Puts in what is missing or wrong, for owners that may have it. Returns what failed, by owner. */
  async install(mayHave: OwnerGate = ANY_OWNER): Promise<ReadonlyMap<string, string>> {
    const additions: T[] = [];
    for (const [key, { desired }] of this.#reconciler.differences()) {
      const owner = this.#reconciler.ownerOf(key);
      if (desired !== undefined && owner !== undefined && mayHave(owner)) additions.push(desired);
    }
    const failures = new Map<string, string>();
    for (const [object, reason] of await this.#apply([], additions)) {
      const owner = this.#reconciler.ownerOf(this.#table.keyOf(object));
      if (owner !== undefined) failures.set(owner, `${this.#table.kind} ${this.#table.describe(object)}: ${reason}`);
    }
    return failures;
  }

  async #apply(removals: readonly T[], additions: readonly T[]): Promise<ReadonlyMap<T, string>> {
    if (removals.length + additions.length === 0) return new Map();
    for (const object of [...removals, ...additions]) this.#changed.add(this.#table.keyOf(object));
    let failed: ReadonlyMap<T, string>;
    try {
      failed = await this.#table.apply(removals, additions);
    } catch (error) {
      this.#suspect = true; // nobody knows how far it came
      throw error;
    }
    if (failed.size > 0) this.#suspect = true;
    for (const object of removals) {
      if (failed.has(object)) continue;
      this.#reconciler.confirmAbsent(this.#table.keyOf(object));
      this.#removed += 1;
    }
    for (const object of additions) {
      if (failed.has(object)) continue;
      this.#reconciler.confirmPresent(object);
      this.#added += 1;
    }
    return failed;
  }

  #recordDrift(pending: ReadonlySet<string>): void {
    const { kind, unwantedIsDrift, describe } = this.#table;
    for (const [key, { actual, desired }] of this.#reconciler.differences()) {
      if (pending.has(key)) continue;
      if (desired !== undefined) {
        this.#drift.record(kind, `${actual === undefined ? 'missing' : 'changed'}: ${describe(desired)}`);
      } else if (actual !== undefined && unwantedIsDrift) {
        this.#drift.record(kind, `unwanted: ${describe(actual)}`);
      }
    }
  }
}
