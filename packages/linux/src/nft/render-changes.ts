import { FabricError, type NftChain, type NftChange, type NftRule, type NftSet } from '@slash32/shared';
import { ELEMENT_COMMENT, isElementComment } from './element-comment.ts';

/** One nft command, on one line, and the change that it came from. */
export interface NftStatement {
  readonly text: string;
  readonly changeIndex: number;
}

export interface RenderedTransaction {
  readonly statements: readonly NftStatement[];
  /** All statements, one per line, as for `nft -f`. */
  readonly text: string;
}

/**
 * Writes changes in nft's syntax. The statements must be sent as one transaction. Throws `nft.rejected` for a text that
 * would not stay in its place: a line break anywhere, a quotation mark in a comment.
 */
export function renderChanges(changes: readonly NftChange[]): RenderedTransaction {
  const statements: NftStatement[] = [];
  for (const [changeIndex, change] of changes.entries()) {
    for (const text of renderChange(change)) {
      if (/[\r\n]/.test(text)) throw misplaced('a line break', change, changeIndex);
      statements.push({ text, changeIndex });
    }
    if (commentsOf(change).some((comment) => comment.includes('"'))) {
      throw misplaced('a quotation mark in a comment', change, changeIndex);
    }
  }
  return { statements, text: statements.map((statement) => `${statement.text}\n`).join('') };
}

function commentsOf(change: NftChange): string[] {
  if (change.op === 'set-rules') return change.rules.map(({ comment }) => comment);
  if (change.op !== 'add-elements') return [];
  return change.elements
    .values()
    .filter(isElementComment)
    .map((data) => data.slice(ELEMENT_COMMENT.length, -1))
    .toArray();
}

function misplaced(what: string, change: NftChange, changeIndex: number): FabricError<'nft.rejected'> {
  const reason = `${what} is not possible in nft's syntax`;
  return new FabricError('nft.rejected', `${change.op} in table ${change.table} was not sent: ${reason}`, {
    details: { stderr: '', reason, changeIndex },
  });
}

function renderChange(change: NftChange): readonly string[] {
  switch (change.op) {
    case 'add-table':
      return [`add table ${change.table}`];
    case 'delete-table':
      return [`delete table ${change.table}`];
    case 'add-set':
      return [renderSet(change.table, change.set)];
    case 'delete-set':
      return [`delete ${change.map ? 'map' : 'set'} ${change.table} ${change.name}`];
    case 'add-chain':
      return [renderChain(change.table, change.chain)];
    case 'delete-chain':
      // The kernel deletes only chains without rules.
      return [`flush chain ${change.table} ${change.name}`, `delete chain ${change.table} ${change.name}`];
    case 'set-rules': {
      const chain = `${change.table} ${change.chain}`;
      return [`flush chain ${chain}`, ...change.rules.map((rule) => `add rule ${chain} ${renderRule(rule)}`)];
    }
    case 'add-elements': {
      if (change.elements.size === 0) return [];
      const elements = [...change.elements].map(([key, data]) => renderElement(key, data));
      return [`add element ${change.table} ${change.set} { ${elements.join(', ')} }`];
    }
    case 'delete-elements':
      if (change.keys.length === 0) return [];
      return [`delete element ${change.table} ${change.set} { ${change.keys.join(', ')} }`];
  }
}

function renderElement(key: string, data: string): string {
  if (data === '') return key;
  return isElementComment(data) ? `${key} ${data}` : `${key} : ${data}`;
}

function renderSet(table: string, set: Omit<NftSet, 'elements'>): string {
  const [word, type] = set.dataType === undefined ? ['set', set.type] : ['map', `${set.type} : ${set.dataType}`];
  const options = `${set.interval ? ' flags interval;' : ''}${set.counted ? ' counter;' : ''}`;
  return `add ${word} ${table} ${set.name} { type ${type};${options} }`;
}

function renderChain(table: string, chain: Omit<NftChain, 'rules'>): string {
  if (chain.hook === undefined) return `add chain ${table} ${chain.name}`;
  const { type, hook, priority, policy } = chain.hook;
  const where = `type ${type} hook ${hook} priority ${priority}; policy ${policy};`;
  return `add chain ${table} ${chain.name} { ${where} }`;
}

function renderRule(rule: NftRule): string {
  return rule.comment === '' ? rule.text : `${rule.text} comment "${rule.comment}"`;
}
