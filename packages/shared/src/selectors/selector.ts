import { FabricError } from '../errors/fabric-error.ts';

/** Labels of a resource, by name. */
export type Labels = Readonly<Record<string, string>>;

/** A parsed label selector. */
export type Selector =
  | { readonly type: 'all' }
  | { readonly type: 'has'; readonly label: string }
  | { readonly type: 'equals'; readonly label: string; readonly value: string }
  | { readonly type: 'in'; readonly label: string; readonly values: readonly string[] }
  | { readonly type: 'not'; readonly operand: Selector }
  | { readonly type: 'and' | 'or'; readonly operands: readonly Selector[] };

/**
 * Reads a selector: `rack == "a"`, `rack != "a"`, `rack in {"a", "b"}`, `rack not in {"a"}`, `has(rack)`, `all()`,
 * `!`, `&&`, `||`, parentheses. Throws `FabricError` `selector.invalid` with `details.column` (from 1).
 */
export function parseSelector(_text: string): Selector {
  throw new FabricError('selector.invalid', 'being written', { details: { column: 1 } });
}

/** `!=` and `not in` hold for resources that lack the label. */
export function matchesSelector(_selector: Selector, _labels: Labels): boolean {
  return false;
}

/** Text that parses to an equal selector. */
export function formatSelector(_selector: Selector): string {
  return '';
}
