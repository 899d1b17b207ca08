/** A neighbour entry of any state. */
export interface NeighbourRecord {
  readonly device: string;
  readonly address: string;
  /** Absent if the entry has none, as one that failed. */
  readonly mac?: string;
  readonly permanent: boolean;
}
