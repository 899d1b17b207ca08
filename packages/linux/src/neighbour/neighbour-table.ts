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

/** Permanent neighbour entries, both families. Errors as of RouteTable. */
export interface NeighbourTable extends AsyncDisposable {
  /** Deleting what is absent is no failure. */
  apply(changes: readonly NeighbourChange[]): Promise<readonly NeighbourFailure[]>;
  /** Permanent entries only. */
  list(): Promise<readonly PermanentNeighbour[]>;
  /**
   * Resolves when the subscription is in force; `onChange` then gets device and address of each permanent entry that
   * came, changed, went or ceased to be permanent (our own changes included). Notifications that may have been lost are
   * healed by listing again; the listener then hears of each difference. Ends when `signal` aborts.
   */
  watch(onChange: (device: string, address: string) => void, signal: AbortSignal): Promise<void>;
}
