import type { NeighbourChange, NeighbourTable, PermanentNeighbour } from '@slash32/linux';
import type { Logger } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import { type KernelObjectTable, ManagedObjects } from './managed-objects.ts';

/**
 * Permanent neighbour entries on the interfaces that are ours. Those on other interfaces belong to somebody else and
 * are not even looked at.
 */
export class NeighbourManager extends ManagedObjects<PermanentNeighbour> {
  readonly #table: NeighbourTable;
  readonly #isOurs: (device: string) => boolean;

  constructor(table: NeighbourTable, logger: Logger, drift: DriftLedger, isOurs: (device: string) => boolean) {
    super(neighbourObjects(table, isOurs), logger, drift);
    this.#table = table;
    this.#isOurs = isOurs;
  }

  /**
   * Subscribes. Notifications do not say what an entry is now and include our own changes. `onSuspect` is called for
   * one that cannot be ours, `onPerhapsOurs` for the others, which need no haste. Ends when `signal` aborts.
   */
  async watch(
    listener: { readonly onSuspect: () => void; readonly onPerhapsOurs: () => void },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#table.watch((device, address) => {
      if (!this.#isOurs(device)) return;
      if (this.hasChanged(neighbourKey(device, address))) listener.onPerhapsOurs();
      else listener.onSuspect();
    }, signal);
  }

  /** The interface went, or went down; the kernel drops its entries, permanent ones included. */
  forgetInterface(name: string): void {
    this.forget(({ device }) => device === name);
  }
}

function neighbourObjects(
  table: NeighbourTable,
  isOurs: (device: string) => boolean,
): KernelObjectTable<PermanentNeighbour> {
  return {
    kind: 'neighbour',
    unwantedIsDrift: true,
    keyOf: ({ device, address }) => neighbourKey(device, address),
    textOf: ({ device, address, mac }) => `${device} ${address} ${mac}`,
    describe: ({ device, address, mac }) => `${address} lladdr ${mac} dev ${device}`,
    async list() {
      return (await table.list()).filter(({ device }) => isOurs(device));
    },
    async apply(removals, additions) {
      const changes: NeighbourChange[] = [
        ...removals.map((neighbour): NeighbourChange => ({ op: 'delete', neighbour })),
        ...additions.map((neighbour): NeighbourChange => ({ op: 'replace', neighbour })),
      ];
      return new Map((await table.apply(changes)).map(({ change, reason }) => [change.neighbour, reason]));
    },
  };
}

function neighbourKey(device: string, address: string): string {
  return `${device} ${address}`;
}
