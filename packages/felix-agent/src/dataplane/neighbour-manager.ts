import type { NeighbourChange, NeighbourTable, PermanentNeighbour } from '@slash32/linux';
import type { Logger } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import type { KernelObjectTable } from './managed-objects.ts';
import { type TapObjectListener, TapObjects } from './tap-objects.ts';

/** Permanent neighbour entries on the interfaces that are ours. */
export class NeighbourManager extends TapObjects<PermanentNeighbour> {
  readonly #table: NeighbourTable;

  constructor(table: NeighbourTable, logger: Logger, drift: DriftLedger, isOurs: (device: string) => boolean) {
    super(neighbourObjects(table), logger, drift, isOurs);
    this.#table = table;
  }

  /** Subscribes. Ends when `signal` aborts. */
  async watch(listener: TapObjectListener, signal: AbortSignal): Promise<void> {
    await this.#table.watch((device, address) => this.told(device, neighbourKey(device, address), listener), signal);
  }
}

function neighbourObjects(table: NeighbourTable): KernelObjectTable<PermanentNeighbour> {
  return {
    kind: 'neighbour',
    unwantedIsDrift: true,
    keyOf: ({ device, address }) => neighbourKey(device, address),
    textOf: ({ device, address, mac }) => `${device} ${address} ${mac}`,
    describe: ({ device, address, mac }) => `${address} lladdr ${mac} dev ${device}`,
    list: () => table.list(),
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
