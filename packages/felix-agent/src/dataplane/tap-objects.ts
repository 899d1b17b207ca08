import type { Logger } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import { type KernelObjectTable, ManagedObjects } from './managed-objects.ts';

/** Notifications do not say what an object is now, and include our own changes. */
export interface TapObjectListener {
  /** For a change that cannot be our own. */
  readonly onSuspect: () => void;
  /** For the others, which need no haste. */
  readonly onPerhapsOurs: () => void;
}

/** Objects that hang on interfaces. Those on interfaces that are not ours are somebody else's and not looked at. */
export class TapObjects<T extends { readonly device: string }> extends ManagedObjects<T> {
  readonly #isOurs: (device: string) => boolean;

  constructor(
    table: KernelObjectTable<T>,
    logger: Logger,
    drift: DriftLedger,
    /** Whether an interface is. */
    isOurs: (device: string) => boolean,
  ) {
    super({ ...table, list: async () => (await table.list()).filter(({ device }) => isOurs(device)) }, logger, drift);
    this.#isOurs = isOurs;
  }

  /** The interface went, or went down; the kernel drops what hangs on it. */
  forgetInterface(name: string): void {
    this.forget(({ device }) => device === name);
  }

  /** The kernel told of a change of the object with this key. */
  protected told(device: string, key: string, listener: TapObjectListener): void {
    if (!this.#isOurs(device)) return;
    if (this.hasChanged(key)) listener.onPerhapsOurs();
    else listener.onSuspect();
  }
}
