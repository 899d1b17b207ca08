import type { NftChain, NftChange, NftRule, NftSet } from '@slash32/shared';

/** One `nft -f` input for a list of changes: enough for this package's kernel tests. */
export function nftText(changes: readonly NftChange[]): string {
  return `${changes.map(changeText).join('\n')}\n`;
}

function changeText(change: NftChange): string {
  const { table } = change;
  switch (change.op) {
    case 'add-table':
      return `create table ${table}`;
    case 'delete-table':
      return `delete table ${table}`;
    case 'add-set':
      return `create ${kindOf(change.set)} ${table} ${change.set.name} { ${setBody(change.set)} }`;
    case 'delete-set':
      return `delete ${change.map ? 'map' : 'set'} ${table} ${change.name}`;
    case 'add-chain':
      return `create chain ${table} ${change.chain.name}${hookText(change.chain.hook)}`;
    case 'delete-chain':
      return `delete chain ${table} ${change.name}`;
    case 'set-rules':
      return [
        `flush chain ${table} ${change.chain}`,
        ...change.rules.map((rule) => `add rule ${table} ${change.chain} ${ruleText(rule)}`),
      ].join('\n');
    case 'add-elements': {
      const elements = [...change.elements].map(([key, data]) => elementText(key, data));
      return `add element ${table} ${change.set} { ${elements.join(', ')} }`;
    }
    case 'delete-elements':
      return `delete element ${table} ${change.set} { ${change.keys.join(', ')} }`;
  }
}

/** As the kernel lists it, too, but for what it counted. */
export function elementText(key: string, data: string): string {
  if (data === '') return key;
  return data.startsWith('comment "') ? `${key} ${data}` : `${key} : ${data}`;
}

function kindOf(set: Omit<NftSet, 'elements'>): string {
  return set.dataType === undefined ? 'set' : 'map';
}

function setBody(set: Omit<NftSet, 'elements'>): string {
  const type = set.dataType === undefined ? set.type : `${set.type} : ${set.dataType}`;
  return `type ${type};${set.interval ? ' flags interval;' : ''}${set.counted ? ' counter;' : ''}`;
}

function hookText(hook: NftChain['hook']): string {
  if (hook === undefined) return '';
  return ` { type ${hook.type} hook ${hook.hook} priority ${hook.priority}; policy ${hook.policy}; }`;
}

function ruleText(rule: NftRule): string {
  return `${rule.text} comment "${rule.comment}"`;
}
