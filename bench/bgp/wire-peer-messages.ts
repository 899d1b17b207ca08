import type { Identity } from './wire-messages.ts';

export interface WirePeerSettings extends Identity {
  /** Where the daemon listens, port 179. */
  readonly daemonAddress: string;
}

/** To the wire peer. */
export type WirePeerCommand =
  /** Connects until there is a session. With `expect`, reports when so many prefixes are there. */
  | { readonly op: 'open'; readonly expect?: number }
  /** Reports when so many prefixes are there, counting updates from now on. */
  | { readonly op: 'expect'; readonly count: number }
  /** Sends UPDATEs for that many /32; they are prepared before. */
  | { readonly op: 'send-table'; readonly first: number; readonly count: number }
  /** The same, with a message for each of them. */
  | { readonly op: 'send-singles'; readonly first: number; readonly count: number }
  /** Ends the TCP connection without a NOTIFICATION. */
  | { readonly op: 'close' };

/** From it; moments are wall-clock milliseconds with fraction. */
export type WirePeerEvent =
  | { readonly event: 'established'; readonly atMs: number }
  | { readonly event: 'received'; readonly atMs: number; readonly updates: number; readonly octets: number }
  | { readonly event: 'sent'; readonly atMs: number }
  | { readonly event: 'closed' }
  /** A few prefixes came; addresses unsigned. */
  | { readonly event: 'arrived'; readonly atMs: number; readonly addresses: readonly number[] };
