import type { MessageDirection } from '../../src/observe/speaker-observer.ts';

/** What an operator or the host did at the speaker's end, or what became of the connection. */
export type LocalAction =
  /** A route of an instance came, or went. */
  | { readonly kind: 'instance'; readonly prefix: string; readonly present: boolean }
  /** `fabricctl bgp clear PEER --soft in` */
  | { readonly kind: 'refresh' }
  /** The router's end of the connection closed: its daemon was killed. */
  | { readonly kind: 'closed' }
  /** `fabricctl bgp shutdown PEER --reason …` */
  | { readonly kind: 'shutdown'; readonly reason: string };

/** Something that happened, milliseconds after the start. */
export type TranscriptEntry = { readonly atMs: number } & (
  | { readonly kind: 'message'; readonly direction: MessageDirection; readonly octets: string }
  | LocalAction
);

/** A session as it was with a router of others: all messages, and what was done. */
export interface Transcript {
  /** Program and version. */
  readonly router: string;
  readonly entries: readonly TranscriptEntry[];
}

/** The speaker that was recorded. */
export const RECORDED_HOST = {
  name: 'h1',
  address: '192.0.2.1',
  address6: '2001:db8:a::1',
  asNumber: 4_200_000_001,
} as const;
export const RECORDED_ROUTER = { address: '192.0.2.254', asNumber: 65_000 } as const;
/** There from the start. */
export const FIRST_INSTANCES = ['203.0.113.10/32', '2001:db8:1::10/128'] as const;
export const LATER_INSTANCE = '203.0.113.11/32';
export const SHUTDOWN_REASON = 'recorded to the end';
export const TRANSCRIPT_NAMES = ['bird', 'frr', 'gobgp', 'openbgpd'] as const;
export type TranscriptName = (typeof TRANSCRIPT_NAMES)[number];
