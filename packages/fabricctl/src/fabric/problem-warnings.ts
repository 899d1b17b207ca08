import { countText } from '../manifest/problem-line.ts';
import type { FabricContents } from './open-fabric.ts';

/** That something in the datastore is not as its manifests say, since they are faulty. */
export function problemWarnings({ problems, description }: FabricContents): readonly string[] {
  if (problems.length === 0) return [];
  return [
    `${countText(problems.length, 'problem')} in ${description}, shown is the last good version; see fabricctl status`,
  ];
}
