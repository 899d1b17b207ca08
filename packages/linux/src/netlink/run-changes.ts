import type { Prepare } from './request-channel.ts';
import type { Rtnetlink } from './rtnetlink.ts';

export interface RefusedChange<Change> {
  readonly change: Change;
  readonly reason: string;
}

export interface ChangeRules<Change> {
  readonly prepare: Prepare<Change>;
  /** True if what the kernel complained of is what the change wanted. */
  isNoFailure(change: Change, errno: number): boolean;
}

/** Carries out changes and says which of them failed, in their order. */
export async function runChanges<Change>(
  rtnetlink: Rtnetlink,
  changes: readonly Change[],
  rules: ChangeRules<Change>,
): Promise<readonly RefusedChange<Change>[]> {
  const failures = await rtnetlink.change(changes, rules.prepare);
  return failures.flatMap(({ index, errno, reason }) => {
    const change = changes[index];
    return change === undefined || rules.isNoFailure(change, errno) ? [] : [{ change, reason }];
  });
}
