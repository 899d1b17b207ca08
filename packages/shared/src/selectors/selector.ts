/** Labels of a resource, by name. */
export type Labels = Readonly<Record<string, string>>;

/** A parsed label selector. `and` and `or` have two operands or more; their operands are never of their own type. */
export type Selector =
  | { readonly type: 'all' }
  | { readonly type: 'has'; readonly label: string }
  | { readonly type: 'equals'; readonly label: string; readonly value: string }
  | { readonly type: 'in'; readonly label: string; readonly values: readonly string[] }
  | { readonly type: 'not'; readonly operand: Selector }
  | { readonly type: 'and' | 'or'; readonly operands: readonly Selector[] };

/** `!=` and `not in` are negations: they hold for resources that lack the label. */
export function matchesSelector(selector: Selector, labels: Labels): boolean {
  switch (selector.type) {
    case 'all':
      return true;
    case 'has':
      return Object.hasOwn(labels, selector.label);
    case 'equals':
      return Object.hasOwn(labels, selector.label) && labels[selector.label] === selector.value;
    case 'in': {
      const value = Object.hasOwn(labels, selector.label) ? labels[selector.label] : undefined;
      return value !== undefined && selector.values.includes(value);
    }
    case 'not':
      return !matchesSelector(selector.operand, labels);
    case 'and':
      return selector.operands.every((operand) => matchesSelector(operand, labels));
    case 'or':
      return selector.operands.some((operand) => matchesSelector(operand, labels));
  }
}

/** Text that parses to an equal selector. */
export function formatSelector(selector: Selector): string {
  switch (selector.type) {
    case 'all':
      return 'all()';
    case 'has':
      return `has(${selector.label})`;
    case 'equals':
      return `${selector.label} == ${quote(selector.value)}`;
    case 'in':
      return `${selector.label} in ${formatValues(selector.values)}`;
    case 'not':
      return formatNegation(selector.operand);
    case 'and':
      return selector.operands.map((operand) => formatOperand(operand, 'or')).join(' && ');
    case 'or':
      return selector.operands.map(formatSelector).join(' || ');
  }
}

function formatNegation(operand: Selector): string {
  if (operand.type === 'equals') return `${operand.label} != ${quote(operand.value)}`;
  if (operand.type === 'in') return `${operand.label} not in ${formatValues(operand.values)}`;
  const text = formatSelector(operand);
  return operand.type === 'and' || operand.type === 'or' || isInfix(operand) ? `!(${text})` : `!${text}`;
}

/** True for negations that print as `!=` or `not in`, which `!` cannot stand before. */
function isInfix(selector: Selector): boolean {
  return selector.type === 'not' && (selector.operand.type === 'equals' || selector.operand.type === 'in');
}

function formatOperand(operand: Selector, bracketed: Selector['type']): string {
  const text = formatSelector(operand);
  return operand.type === bracketed ? `(${text})` : text;
}

function formatValues(values: readonly string[]): string {
  return `{${values.map(quote).join(', ')}}`;
}

function quote(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}
