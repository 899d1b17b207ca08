import type { Path } from './path.ts';

/**
 * Why no packet can be sent to the path's next hop now, for people; `undefined`: it is eligible (RFC 4271 9.1.2.1). Whoever
 * answers has the prefixes decided again whose paths get another answer.
 */
export type ObstacleOf = (path: Path) => string | undefined;

export function everyNextHopUsable(): undefined {
  return undefined;
}
