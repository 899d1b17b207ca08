import type { IpBatch } from './ip-batch.ts';

export interface RefusedChange<Change> {
  readonly change: Change;
  readonly reason: string;
}

export interface ChangeBatchRules<Change> {
  render(change: Change): string;
  /** Why a change must not even be sent. */
  refusal(change: Change): string | undefined;
  /** True if what `ip` complained of is what the change wanted. */
  isNoFailure(change: Change, reason: string): boolean;
}

/** Sends changes through `ip -batch` and says which of them failed, in their order. */
export async function runChanges<Change>(
  batch: IpBatch,
  changes: readonly Change[],
  rules: ChangeBatchRules<Change>,
): Promise<readonly RefusedChange<Change>[]> {
  const refused = new Map<Change, string>();
  const sent: Change[] = [];
  for (const change of changes) {
    const reason = rules.refusal(change);
    if (reason === undefined) sent.push(change);
    else refused.set(change, reason);
  }
  for (const { index, reason } of await batch.run(sent.map((change) => rules.render(change)))) {
    const change = sent[index];
    if (change !== undefined && !rules.isNoFailure(change, reason)) refused.set(change, reason);
  }
  if (refused.size === 0) return [];
  return changes.flatMap((change) => {
    const reason = refused.get(change);
    return reason === undefined ? [] : [{ change, reason }];
  });
}
