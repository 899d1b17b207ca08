import type { ConntrackTable } from './conntrack-table.ts';

/** The addresses of a connection's original and reply tuple. */
export type FakeConnection = readonly string[];

/** A {@link ConntrackTable} in memory; tests put connections into {@link FakeConntrackTable.connections}. */
export class FakeConntrackTable implements ConntrackTable {
  connections: readonly FakeConnection[] = [];
  readonly #onApplied: (addresses: readonly string[]) => void;

  constructor(onApplied: (addresses: readonly string[]) => void = () => {}) {
    this.#onApplied = onApplied;
  }

  async deleteByAddresses(addresses: readonly string[]): Promise<number> {
    if (addresses.length === 0) return 0;
    this.#onApplied(addresses);
    const before = this.connections.length;
    this.connections = this.connections.filter((tuple) => !tuple.some((address) => addresses.includes(address)));
    return before - this.connections.length;
  }
}
