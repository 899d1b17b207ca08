import type { NextHop, PathAttributes, PeerType } from '../codec/index.ts';
import { isLongLivedStale, type KeptAs } from './kept-paths.ts';

/** What a peer is to this host where learned routes are passed on: of a route reflector, or of a route server. */
export type ClientKind = 'reflector' | 'server';

/** Where a path came from. One object per peer and session, so that identity is enough to compare. */
export interface PathSource {
  /** Name of the BGPPeer, or `local`. */
  readonly name: string;
  readonly type: PeerType | 'local';
  /** BGP Identifier as a number; 0 for local. */
  readonly routerId: number;
  /** Address of the peer, canonical text; empty for local. */
  readonly address: string;
  /** Absent: none. */
  readonly client?: ClientKind;
}

/**
 * What is the same for many prefixes: attributes, next hop, source, and the verdict of the import policy on them.
 * Interned (path-table.ts): equal paths of one source are one object.
 */
export interface Path {
  readonly source: PathSource;
  /** Path Identifier that the peer gave it (RFC 7911); absent: ADD-PATH was not negotiated, or it is local. */
  readonly pathId?: number;
  /** As the import policy left them; these are what the decision process sees. */
  readonly attributes: PathAttributes;
  /** As they came; the same object as `attributes` if the policy changed nothing. */
  readonly received: PathAttributes;
  readonly nextHop: NextHop;
  /** Which policy and term accepted or refused it, for people. */
  readonly decidedBy?: string;
  /** Set if the import policy refuses it: why. Such a path stays in Adj-RIB-In for people to see, and goes no further. */
  readonly rejection?: string;
  /** Packets are to be thrown away (RFC 7999), not sent to the next hop. */
  readonly blackhole?: true;
  /** Set while its peer has no session, and it is kept as the last resort. */
  readonly keptAs?: KeptAs;
  /** Any other path is better: it is kept so, or carries LLGR_STALE. */
  readonly isLastResort: boolean;
  /** `[this]`: the multipath set of most routes, shared to spare an array per prefix. */
  readonly alone: readonly Path[];
}

const NO_PATHS: readonly Path[] = [];

export function makePath(
  fields: Omit<Path, 'alone' | 'isLastResort' | 'received'> & { readonly received?: PathAttributes },
): Path {
  const isLastResort = fields.keptAs !== undefined || isLongLivedStale(fields.attributes);
  const path = { received: fields.attributes, ...fields, isLastResort, alone: NO_PATHS };
  // An array that grows has room for 17; one path per route, where each has a Path Identifier of its own, is the rule with
  // some routers.
  path.alone = [path];
  return path;
}

export const LOCAL_SOURCE: PathSource = { name: 'local', type: 'local', routerId: 0, address: '' };

/** All local instance routes share one path: the host itself is the next hop. */
export const LOCAL_PATH: Path = makePath({
  source: LOCAL_SOURCE,
  attributes: { origin: 'igp', asPath: [] },
  nextHop: { address: '' },
});
