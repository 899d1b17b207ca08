/** Somebody on a link who says that it forwards for others (RFC 4861). */
export interface LinkRouter {
  readonly device: string;
  /** Link-local, canonical text. */
  readonly address: string;
}

/** Finds the routers of a link, and lets them find us. Both sides of an unnumbered BGP session need that. */
export interface RouterDiscovery {
  /**
   * Resolves when the subscription is in force and those that are known were delivered; `onChange` then gets each router
   * that becomes known, and `present: false` once it is unreachable or no router any more. Ends when `signal` aborts.
   */
  watch(onChange: (router: LinkRouter, present: boolean) => void, signal: AbortSignal): Promise<void>;
  /**
   * Sends one router solicitation and one router advertisement of lifetime 0 (which makes nobody use us as its default
   * router) over the interface. Throws `FabricError` `router.announce-failed`, or `foreign.unavailable`.
   */
  announce(device: string): void;
}
