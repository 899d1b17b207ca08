import { readFileSync } from 'node:fs';

/**
 * Whether this is an ordinary user's namespace, in which root is the only user. OpenBGPD gives up root for a user of its
 * own, which it cannot do there; tests with it say so and are skipped.
 */
export function rootIsTheOnlyUser(): boolean {
  return readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).at(-1) === '1';
}

export const NEEDS_OTHER_USERS = 'skipped: needs root, for it runs as a user of its own';
