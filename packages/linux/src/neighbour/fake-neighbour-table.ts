import type { FakeNetwork } from '../fake/fake-network.ts';
import { absentDevice } from '../netlink/interface-names.ts';
import type { NeighbourChange, NeighbourFailure, NeighbourTable, PermanentNeighbour } from './neighbour-table.ts';

/** A {@link NeighbourTable} in memory. */
export class FakeNeighbourTable implements NeighbourTable {
  /** Set by tests: lets the kernel refuse changes that it would otherwise take; returns its words. */
  refuse: ((change: NeighbourChange) => string | undefined) | undefined;
  readonly #network: FakeNetwork;
  readonly #onApplied: (changes: readonly NeighbourChange[]) => void;

  constructor(network: FakeNetwork, onApplied: (changes: readonly NeighbourChange[]) => void = () => {}) {
    this.#network = network;
    this.#onApplied = onApplied;
  }

  async apply(changes: readonly NeighbourChange[]): Promise<readonly NeighbourFailure[]> {
    const failures: NeighbourFailure[] = [];
    if (changes.length > 0) this.#onApplied(changes);
    for (const change of changes) {
      const { device, address } = change.neighbour;
      const absent = change.op === 'replace' && !this.#network.interfaces.has(device);
      const reason = this.refuse?.(change) ?? (absent ? absentDevice(device) : undefined);
      if (reason !== undefined) failures.push({ change, reason });
      else if (change.op === 'replace') this.#network.putNeighbour(change.neighbour);
      else this.#network.deleteNeighbour(`${device} ${address}`);
    }
    return failures;
  }

  async list(): Promise<readonly PermanentNeighbour[]> {
    return [...this.#network.neighbours.values()];
  }

  async watch(onChange: (device: string, address: string) => void, signal: AbortSignal): Promise<void> {
    const onNeighbour = ({ device, address }: PermanentNeighbour) => {
      queueMicrotask(() => {
        if (!signal.aborted) onChange(device, address);
      });
    };
    this.#network.listen({ onNeighbour }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
