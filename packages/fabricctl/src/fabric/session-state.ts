import type { BgpNeighborStatus } from '@slash32/shared';

/** True of a session that should be up and is not, and of a range that nobody may call from. */
export function isNotUp({ state, range }: BgpNeighborStatus): boolean {
  return state !== (range === undefined ? 'Established' : 'Active');
}
