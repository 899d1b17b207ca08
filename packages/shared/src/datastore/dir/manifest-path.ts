import { parseResourceKey, type ResourceKey } from '../../resources/resource-key.ts';

/** Where `slash32` puts a resource that is in no file yet: `KIND/NAMESPACE/NAME.yaml`, kind in lower case. */
export function defaultPathOf(key: ResourceKey): string {
  const { kind, namespace, name } = parseResourceKey(key);
  return [kind.toLowerCase(), ...(namespace === undefined ? [] : [namespace]), `${name}.yaml`].join('/');
}

/**
 * Order of the files that define `key`; the first counts. Its default path comes before all others, so that a look
 * at that one file can settle the matter.
 */
export function comparePathsOf(key: ResourceKey): (left: string, right: string) => number {
  const first = defaultPathOf(key);
  return (left, right) => {
    if (left === right) return 0;
    if (left === first || right === first) return left === first ? -1 : 1;
    return left < right ? -1 : 1;
  };
}
