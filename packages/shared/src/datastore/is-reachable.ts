import type { DatastoreProblem } from './datastore.ts';

/**
 * False while a part of the datastore, or all of it, cannot be read: what was last read from there stays in force, but
 * nobody knows whether it is still what is wanted, so a daemon does not call itself in sync.
 */
export function isReachable(problems: readonly DatastoreProblem[]): boolean {
  return !problems.some((problem) => problem.code === 'datastore.unreachable');
}
