export interface BfdPeerSettings {
  readonly address: string;
  readonly daemonAddress: string;
  /** Milliseconds between packets, both ways, once the session is up. */
  readonly intervalMs: number;
  readonly multiplier: number;
}

/** To the BFD peer, which speaks from its start on. */
export type BfdPeerCommand =
  /** Sends nothing more; a cable that was cut. Reports when the daemon says that the session is down. */
  | { readonly op: 'fall-silent' }
  /** Speaks again, as a router that came back. */
  | { readonly op: 'speak' }
  /** Forgets what it has counted. */
  | { readonly op: 'count' }
  | { readonly op: 'report' };

export type BfdPeerEvent =
  /** Both sides are Up and the daemon sends at the rate of the session. */
  | { readonly event: 'up' }
  /** The daemon says Down: so long after the last packet that was sent to it. */
  | { readonly event: 'detected'; readonly afterMs: number }
  /** Since `count`: packets that came, how often they went from Up to another state, and the longest time between two. */
  | { readonly event: 'report'; readonly packets: number; readonly flaps: number; readonly longestGapMs: number };
