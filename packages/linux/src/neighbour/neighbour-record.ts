/** A neighbour entry of any state. */
export interface NeighbourRecord {
  readonly device: string;
  readonly address: string;
  /** Absent if the entry has none, as one that failed. */
  readonly mac?: string;
  readonly permanent: boolean;
  /** It is a router that is not known to be unreachable. */
  readonly router?: true;
}
