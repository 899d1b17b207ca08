/** How much there is of everything. */
export interface SoakScale {
  readonly peers: number;
  readonly routesPerPeer: number;
  /** Routes of instances on the host, told to every peer. */
  readonly localRoutes: number;
}

export interface SoakPeersSettings extends SoakScale {
  readonly seed: number;
}

/** To the peers' process. */
export type SoakPeersCommand =
  /** Sessions drop, routes flap, readers stall, at random. */
  | { readonly op: 'flap' }
  /** All of it stops, and what is down comes up again. */
  | { readonly op: 'calm' }
  | { readonly op: 'report' };

/** From it: the answer to `report`. */
export interface SoakPeersReport {
  readonly up: number;
  /** Of those that are up, how many have been told of exactly the local routes. */
  readonly complete: number;
  readonly droppedSessions: number;
  readonly flappedRoutes: number;
  readonly stalls: number;
  /** What the speaker did that nobody asked for. */
  readonly unexpected: readonly string[];
}
