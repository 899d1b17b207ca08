/**
 * Connection collision detection (RFC 4271 6.8): both sides connected, and one connection has to go. The one that the
 * speaker with the higher BGP Identifier opened stays; with equal identifiers (RFC 6286 2.3) that of the larger AS.
 * Both sides come to the same result from the same facts.
 */

import { routerIdNumber } from '../codec/index.ts';

export interface CollisionSide {
  /** Dotted quad. */
  readonly routerId: string;
  readonly asNumber: number;
}

export interface CollidingConnection {
  readonly initiator: 'local' | 'remote';
}

export type CollisionOutcome = 'keep-existing' | 'keep-newer';

/** `existing` and `newer` in the order in which they were made. */
export function resolveCollision(
  local: CollisionSide,
  remote: CollisionSide,
  existing: CollidingConnection,
  newer: CollidingConnection,
): CollisionOutcome {
  // One side opened both: it has given the older one up.
  if (existing.initiator === newer.initiator) return 'keep-newer';
  const winner = isHigher(local, remote) ? 'local' : 'remote';
  return existing.initiator === winner ? 'keep-existing' : 'keep-newer';
}

function isHigher(left: CollisionSide, right: CollisionSide): boolean {
  const leftId = routerIdNumber(left.routerId);
  const rightId = routerIdNumber(right.routerId);
  return leftId === rightId ? left.asNumber > right.asNumber : leftId > rightId;
}
