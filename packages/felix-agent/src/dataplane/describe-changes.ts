import type { NftChange } from '@slash32/shared';

/**
 * What was wrong in the kernel, one line per object, told from the changes that repair it: what is to be added was
 * missing, what is to be deleted should not have been there.
 */
export function describeChanges(changes: readonly NftChange[]): string[] {
  return changes.map((change) => {
    switch (change.op) {
      case 'add-table':
        return `missing: table ${change.table}`;
      case 'delete-table':
        return `unwanted: table ${change.table}`;
      case 'add-set':
        return `missing: set ${change.table} ${change.set.name}`;
      case 'delete-set':
        return `unwanted: set ${change.table} ${change.name}`;
      case 'add-chain':
        return `missing: chain ${change.table} ${change.chain.name}`;
      case 'delete-chain':
        return `unwanted: chain ${change.table} ${change.name}`;
      case 'set-rules':
        return `changed: rules of chain ${change.table} ${change.chain}`;
      case 'add-elements':
        return `missing: ${change.elements.size} elements of ${change.table} ${change.set}, ${first(change.elements.keys())}`;
      case 'delete-elements':
        return `unwanted: ${change.keys.length} elements of ${change.table} ${change.set}, ${first(change.keys)}`;
      default:
        return change satisfies never;
    }
  });
}

function first(keys: Iterable<string>): string {
  for (const key of keys) return `for example ${key}`;
  return 'none';
}
