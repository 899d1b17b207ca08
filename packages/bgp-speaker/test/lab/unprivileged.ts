import { readFileSync } from 'node:fs';
import { it } from 'vitest';

/**
 * Whether this is an ordinary user's namespace, in which root is the only user. OpenBGPD and tcpdump give up root for a
 * user of their own, which they cannot do there; tests with them say so and are skipped.
 */
export function rootIsTheOnlyUser(): boolean {
  return readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).at(-1) === '1';
}

export const NEEDS_OTHER_USERS = 'skipped: needs root, for it runs as a user of its own';

/** `it`, for a test with a program that runs as a user of its own. */
export function itWithOtherUsers(title: string, test: () => Promise<void>): void {
  const isSkipped = rootIsTheOnlyUser();
  it.skipIf(isSkipped)(isSkipped ? `${title} (${NEEDS_OTHER_USERS})` : title, test);
}
