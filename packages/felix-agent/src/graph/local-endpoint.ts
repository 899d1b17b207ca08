/** An Instance that this host runs, resolved: what has to be true in the kernel for it to have its network. */
export interface LocalEndpoint {
  /** `NAMESPACE/NAME`. */
  readonly instance: string;
  readonly interface: string;
  readonly mac: string;
  /** Canonical address texts, both families. */
  readonly addresses: readonly string[];
  /** First hops of the pools that the addresses are from; canonical address texts. */
  readonly gateways: readonly string[];
  /** True if it sends from addresses that are not routed to it: allowed address pairs, or no port security at all. */
  readonly sendsFromElsewhere: boolean;
  /** Why it is kept closed: the resources cannot be understood. Absent: open. */
  readonly closedReason?: string;
}

/** Text that changes with everything that the kernel's state for the endpoint depends on. */
export function endpointFingerprint(endpoint: LocalEndpoint): string {
  return JSON.stringify([
    endpoint.interface,
    endpoint.mac,
    endpoint.addresses,
    endpoint.gateways,
    endpoint.sendsFromElsewhere,
    endpoint.closedReason !== undefined,
  ]);
}
