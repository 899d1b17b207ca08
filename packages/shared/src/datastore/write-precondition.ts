import { FabricError } from '../errors/fabric-error.ts';
import type { ResourceKey } from '../resources/resource-key.ts';
import type { WritePrecondition } from './datastore.ts';

/** Throws `FabricError` `datastore.conflict` unless `current`, the revision there is now, is what the writer expects. */
export function checkPrecondition(
  key: ResourceKey,
  current: string | undefined,
  precondition: WritePrecondition,
): void {
  const expected = precondition.expectedRevision;
  if (expected === undefined || expected === (current ?? null)) return;
  let what = `has changed since revision ${expected} was read; read it again and repeat the change`;
  if (expected === null) what = 'exists already; read it and change it instead';
  else if (current === undefined) what = 'was deleted meanwhile; create it anew if it is still wanted';
  throw new FabricError('datastore.conflict', `${key} ${what}`, {
    details: { key, expectedRevision: expected, currentRevision: current ?? null },
  });
}
