/** Connection tracking entries. Errors: `conntrack.unavailable`. */
export interface ConntrackTable {
  /** Deletes entries whose original or reply tuple has one of these addresses, in one batch; returns how many. */
  deleteByAddresses(addresses: readonly string[]): Promise<number>;
}
