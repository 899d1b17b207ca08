import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';

/** What a session has negotiated before the message comes. The receiver is AS `localAs` (64512), 10.0.0.1. */
export interface VectorSession {
  readonly type: 'ebgp' | 'ibgp';
  readonly localAs?: number;
  readonly peerAs: number;
  readonly as4: boolean;
  readonly addPath: boolean;
  readonly families: readonly string[];
  readonly extendedMessages?: boolean;
  /** RFC 8950 for IPv4 unicast. */
  readonly extendedNextHop?: boolean;
}

/** What should come of the message. Rows may have further fields, for people. */
export interface VectorExpectation {
  readonly action: string;
  readonly code?: number;
  readonly subcode?: number;
  /** Hexadecimal. */
  readonly data?: string;
  /** Text that names other outcomes which the RFCs allow. */
  readonly alt?: string;
  readonly ok?: readonly string[];
  readonly family?: string;
  /** Type codes of attributes that the route does not have afterwards. */
  readonly discard?: readonly number[];
  readonly propagate_unknown?: boolean;
  readonly decoded?: Readonly<Record<string, unknown>>;
  readonly unicast?: {
    readonly announce: readonly { family: string; prefix: string; nextHop: string; pathId?: string }[];
    readonly withdraw: readonly { family: string; prefix: string }[];
  };
}

export interface Vector {
  readonly id: string;
  /** Which message it is: `open`, `header`, `update`, `refresh` or `notification`. */
  readonly phase?: string;
  readonly session: VectorSession;
  readonly hex: string;
  readonly nlri: readonly string[];
  readonly expect: VectorExpectation;
}

function readVectors(path: string | URL): readonly Vector[] {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** `bgp-vectors.json`, and what files of its form the environment variable BGP_VECTORS names, `:` between them. */
export const VECTORS: readonly Vector[] = [
  ...readVectors(new URL('./bgp-vectors.json', import.meta.url)),
  ...(process.env.BGP_VECTORS ?? '').split(delimiter).filter(Boolean).flatMap(readVectors),
];

/** Rows with an outcome of their own, and rows that say only what another decoder reads. */
export const AUTHORED = VECTORS.filter(({ id }) => !id.startsWith('exabgp-'));
export const EXABGP = VECTORS.filter(({ id }) => id.startsWith('exabgp-'));
