import { FabricError } from '../errors/fabric-error.ts';
import type { Selector } from './selector.ts';

/**
 * Reads a label selector; `&&` binds tighter than `||`, `!` tightest.
 *
 *   selector := term { "||" term }        term := factor { "&&" factor }
 *   factor   := "!" factor | "(" selector ")" | "all()" | "has(" LABEL ")"
 *             | LABEL ("==" | "!=") VALUE | LABEL ["not"] "in" "{" VALUE { "," VALUE } "}"
 *   LABEL    := letters, digits, "_", ".", "/", "-"          VALUE := "text" or 'text'
 *
 * Throws `FabricError` `selector.invalid`; `details.column` says where, from 1.
 */
export function parseSelector(text: string): Selector {
  return new SelectorParser(text).parse();
}

/** As {@link parseSelector}; `undefined` and the error's message where it is not one. */
export function trySelector(text: string): { readonly selector: Selector } | { readonly problem: string } {
  try {
    return { selector: parseSelector(text) };
  } catch (error) {
    if (error instanceof FabricError) return { problem: error.message };
    throw error;
  }
}

interface Token {
  readonly type: 'symbol' | 'word' | 'value' | 'end';
  readonly text: string;
  /** From 0. */
  readonly offset: number;
}

/** Parentheses and negations that may be open at once; deeper text is refused rather than risk the stack. */
const MAX_DEPTH = 64;
const TOKEN = /\s*(?:(&&|\|\||==|!=|[!(){},])|([A-Za-z0-9_./-]+)|"([^"]*)"|'([^']*)')/y;

class SelectorParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = this.#tokenize();
  }

  parse(): Selector {
    if (this.#tokens.length === 1) this.#fail(0, 'is empty; write all() for every resource');
    const selector = this.#parseOr();
    const rest = this.#peek();
    if (rest.type !== 'end') this.#fail(rest.offset, `has ${describe(rest)} where &&, || or the end belongs`);
    return selector;
  }

  #parseOr(): Selector {
    return this.#parseChain('||', 'or', () => this.#parseAnd());
  }

  #parseAnd(): Selector {
    return this.#parseChain('&&', 'and', () => this.#parseFactor());
  }

  #parseChain(symbol: string, type: 'and' | 'or', parseOperand: () => Selector): Selector {
    const operands: Selector[] = [];
    do {
      const operand = parseOperand();
      if (operand.type === type) operands.push(...operand.operands);
      else operands.push(operand);
    } while (this.#accept(symbol));
    const [only] = operands;
    return operands.length === 1 && only !== undefined ? only : { type, operands };
  }

  #parseFactor(): Selector {
    const token = this.#take();
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail(token.offset, `nests deeper than ${MAX_DEPTH} levels`);
    const selector = this.#parseFactorAfter(token);
    this.#depth -= 1;
    return selector;
  }

  #parseFactorAfter(token: Token): Selector {
    if (token.type === 'symbol' && token.text === '!') return { type: 'not', operand: this.#parseFactor() };
    if (token.type === 'symbol' && token.text === '(') {
      const selector = this.#parseOr();
      this.#expect(')');
      return selector;
    }
    if (token.type !== 'word')
      this.#fail(token.offset, `has ${describe(token)} where a label, has(…), all() or ! belongs`);
    if (this.#accept('(')) return this.#parseCall(token);
    return this.#parseComparison(token);
  }

  #parseCall(name: Token): Selector {
    if (name.text === 'all') {
      this.#expect(')');
      return { type: 'all' };
    }
    if (name.text !== 'has') this.#fail(name.offset, `calls ${name.text}(…); there are has(LABEL) and all()`);
    const label = this.#take();
    if (label.type !== 'word') this.#fail(label.offset, `has ${describe(label)} where a label belongs`);
    this.#expect(')');
    return { type: 'has', label: label.text };
  }

  #parseComparison(label: Token): Selector {
    const operator = this.#take();
    if (operator.type === 'symbol' && operator.text === '==') {
      return { type: 'equals', label: label.text, value: this.#takeValue() };
    }
    if (operator.type === 'symbol' && operator.text === '!=') {
      return { type: 'not', operand: { type: 'equals', label: label.text, value: this.#takeValue() } };
    }
    if (operator.type === 'word' && operator.text === 'in') return this.#parseValues(label.text);
    if (operator.type === 'word' && operator.text === 'not') {
      const word = this.#take();
      if (word.type !== 'word' || word.text !== 'in')
        this.#fail(word.offset, `has ${describe(word)} where "in" belongs`);
      return { type: 'not', operand: this.#parseValues(label.text) };
    }
    return this.#fail(
      operator.offset,
      `has ${describe(operator)} after label ${label.text}, where ==, !=, in or not in belongs`,
    );
  }

  #parseValues(label: string): Selector {
    this.#expect('{');
    const values: string[] = [];
    do values.push(this.#takeValue());
    while (this.#accept(','));
    this.#expect('}');
    return { type: 'in', label, values };
  }

  #takeValue(): string {
    const token = this.#take();
    if (token.type === 'value') return token.text;
    const remedy = token.type === 'word' ? `; write "${token.text}"` : '';
    return this.#fail(token.offset, `has ${describe(token)} where a value in quotes belongs${remedy}`);
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? { type: 'end', text: '', offset: this.#text.length };
  }

  #take(): Token {
    const token = this.#peek();
    this.#position += 1;
    return token;
  }

  #accept(symbol: string): boolean {
    const token = this.#peek();
    if (token.type !== 'symbol' || token.text !== symbol) return false;
    this.#position += 1;
    return true;
  }

  #expect(symbol: string): void {
    const token = this.#peek();
    if (!this.#accept(symbol)) this.#fail(token.offset, `has ${describe(token)} where "${symbol}" belongs`);
  }

  #tokenize(): Token[] {
    const tokens: Token[] = [];
    const end = this.#text.trimEnd().length;
    let offset = 0;
    while (offset < end) {
      TOKEN.lastIndex = offset;
      const match = TOKEN.exec(this.#text);
      const start = offset + (/^\s*/.exec(this.#text.slice(offset))?.[0].length ?? 0);
      if (match === null) this.#fail(start, unreadable(this.#text.slice(start)));
      const [, symbol, word, doubleQuoted, singleQuoted] = match;
      if (symbol !== undefined) tokens.push({ type: 'symbol', text: symbol, offset: start });
      else if (word !== undefined) tokens.push({ type: 'word', text: word, offset: start });
      else tokens.push({ type: 'value', text: doubleQuoted ?? singleQuoted ?? '', offset: start });
      offset = TOKEN.lastIndex;
    }
    tokens.push({ type: 'end', text: '', offset: end });
    return tokens;
  }

  #fail(offset: number, what: string): never {
    const column = offset + 1;
    throw new FabricError('selector.invalid', `selector ${what} (column ${column})`, { details: { column } });
  }
}

function unreadable(rest: string): string {
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  if (character === '"' || character === "'") return `has a quote ${character} that is never closed`;
  const remedy = { '=': '; write ==', '&': '; write &&', '|': '; write ||' }[character] ?? '';
  return `cannot have ${character} here${remedy}`;
}

function describe(token: Token): string {
  if (token.type === 'end') return 'its end';
  return token.type === 'value' ? `the value "${token.text}"` : `"${token.text}"`;
}
