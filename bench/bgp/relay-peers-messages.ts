import type { WirePeerSettings } from './wire-peer-messages.ts';

export interface RelayPeersSettings {
  /** Announces the table. */
  readonly source: WirePeerSettings;
  /** Only count what comes. */
  readonly receivers: readonly WirePeerSettings[];
}

/** To the relay peers. */
export type RelayPeersCommand =
  /** Opens all sessions. */
  | { readonly op: 'open' }
  /** Sends that part of {@link realisticTable}, prepared before, and reports when all receivers have `expect` prefixes. */
  | { readonly op: 'send'; readonly first: number; readonly count: number; readonly expect: number }
  /** How far it is. */
  | { readonly op: 'progress' };

/** From them; moments are wall-clock milliseconds with fraction. */
export type RelayPeersEvent =
  | { readonly event: 'established' }
  | { readonly event: 'sent'; readonly atMs: number }
  /** `updates`, `octets`: that the first receiver got. */
  | { readonly event: 'received'; readonly atMs: number; readonly updates: number; readonly octets: number }
  /** Prefixes of each receiver. */
  | { readonly event: 'progress'; readonly prefixes: readonly number[]; readonly lostSessions: number };
