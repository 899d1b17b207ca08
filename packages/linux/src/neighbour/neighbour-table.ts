export interface PermanentNeighbour {
  readonly device: string;
  /** Canonical address text. */
  readonly address: string;
  readonly mac: string;
}

export type NeighbourChange = {
  readonly op: 'replace' | 'delete';
  readonly neighbour: PermanentNeighbour;
};

export interface NeighbourFailure {
  readonly change: NeighbourChange;
  readonly reason: string;
}

/** Permanent neighbour entries, both families. Errors as of RouteTable, with `neighbour.*` codes. */
export interface NeighbourTable extends AsyncDisposable {
  /** Deleting what is absent is no failure. */
  apply(changes: readonly NeighbourChange[]): Promise<readonly NeighbourFailure[]>;
  /** Permanent entries only. */
  list(): Promise<readonly PermanentNeighbour[]>;
  /** Calls `onChange` with device and address when an entry changed or went (our own changes included). */
  watch(onChange: (device: string, address: string) => void, signal: AbortSignal): Promise<void>;
}
