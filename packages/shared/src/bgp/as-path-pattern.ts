/**
 * Patterns over the AS numbers of a path, nearest first. A pattern matches the whole path.
 *
 * ```
 * choice   = sequence { "|" sequence }
 * sequence = { item [ "*" | "+" | "?" ] }
 * item     = AS | AS "-" AS | "." | "(" choice ")"
 * ```
 *
 * Items are set apart by spaces; `.` is any one AS. `65001 .*` is what AS 65001 announced; `.* (64512-65534) .*` has a
 * private AS somewhere; the empty pattern is the empty path.
 */
export type AsPathPattern =
  /** One AS within these bounds. */
  | { readonly type: 'as'; readonly ge: number; readonly le: number }
  | { readonly type: 'sequence'; readonly items: readonly AsPathPattern[] }
  | { readonly type: 'choice'; readonly items: readonly AsPathPattern[] }
  /** `most` is 1 or infinite. */
  | { readonly type: 'repeat'; readonly item: AsPathPattern; readonly least: 0 | 1; readonly most: number };

const MAX_AS_NUMBER = 0xffff_ffff;
const MAX_PATTERN_LENGTH = 1000;
const MAX_DEPTH = 20;

const QUANTIFIERS: Readonly<Record<string, { readonly least: 0 | 1; readonly most: number }>> = {
  '*': { least: 0, most: Number.POSITIVE_INFINITY },
  '+': { least: 1, most: Number.POSITIVE_INFINITY },
  '?': { least: 0, most: 1 },
};

/** The pattern, or what is wrong with the text. */
export function tryAsPathPattern(text: string): { readonly pattern: AsPathPattern } | { readonly problem: string } {
  if (text.length > MAX_PATTERN_LENGTH) return { problem: `has more than ${MAX_PATTERN_LENGTH} characters` };
  const tokens = text.match(/\d+\s*-\s*\d+|\d+|\S/g) ?? [];
  const parser = new PatternParser(tokens);
  const pattern = parser.choice(0);
  if (pattern === undefined) return { problem: parser.problem ?? 'cannot be read' };
  return { pattern };
}

class PatternParser {
  problem: string | undefined;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  choice(depth: number): AsPathPattern | undefined {
    if (depth > MAX_DEPTH) return this.#fail(`has more than ${MAX_DEPTH} parentheses within each other`);
    const items: AsPathPattern[] = [];
    do {
      const item = this.#sequence(depth);
      if (item === undefined) return undefined;
      items.push(item);
    } while (this.#take('|'));
    if (depth === 0 && this.#at < this.#tokens.length) return this.#fail('has a ")" without a "("');
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { type: 'choice', items };
  }

  #sequence(depth: number): AsPathPattern | undefined {
    const items: AsPathPattern[] = [];
    for (let token = this.#peek(); token !== undefined && token !== '|' && token !== ')'; token = this.#peek()) {
      const item = this.#item(depth);
      if (item === undefined) return undefined;
      const quantifier = QUANTIFIERS[this.#peek() ?? ''];
      if (quantifier !== undefined) this.#at += 1;
      items.push(quantifier === undefined ? item : { type: 'repeat', item, ...quantifier });
    }
    return { type: 'sequence', items };
  }

  #item(depth: number): AsPathPattern | undefined {
    const token = this.#peek() ?? '';
    this.#at += 1;
    if (token === '.') return { type: 'as', ge: 0, le: MAX_AS_NUMBER };
    if (token === '(') {
      const inner = this.choice(depth + 1);
      if (inner === undefined || this.#take(')')) return inner;
      return this.#fail('has a "(" without a ")"');
    }
    if (!/^\d/.test(token)) return this.#fail(`has "${token}" where an AS number, a range, "." or "(" belongs`);
    const [low = '', high = low] = token.split('-');
    const [ge, le] = [Number(low), Number(high)];
    if (le > MAX_AS_NUMBER || ge > le) return this.#fail(`has "${token}", which is no AS number or range of them`);
    return { type: 'as', ge, le };
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #fail(problem: string): undefined {
    this.problem ??= problem;
    return undefined;
  }
}
