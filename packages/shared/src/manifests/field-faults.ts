import type { z } from 'zod';
import { nearestName } from './nearest-name.ts';
import { childSchema, fieldNames } from './schema-walk.ts';

export type FieldPath = readonly (string | number)[];

/** Something wrong with one field. `message` names the field and says what to do. */
export interface FieldFault {
  readonly code: 'manifest.unknown-field' | 'manifest.missing-field' | 'manifest.invalid-field';
  readonly path: FieldPath;
  readonly message: string;
}

export type CheckResult<Output> =
  | { readonly type: 'valid'; readonly output: Output }
  | { readonly type: 'faulty'; readonly faults: readonly FieldFault[] };

/** Checks `value` against `schema`; the schema's own messages win over the ones worded here. */
export function faultsOf<Schema extends z.ZodType>(schema: Schema, value: unknown): CheckResult<z.output<Schema>> {
  const result = schema.safeParse(value, { error: (issue) => wording(issue) });
  if (result.success) return { type: 'valid', output: result.data };
  return { type: 'faulty', faults: result.error.issues.flatMap((issue) => faultsOfIssue(schema, value, issue)) };
}

/** `spec.rules[2].ports`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function faultsOfIssue(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue): FieldFault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const known = fieldNames(path.reduce(childSchema, schema as unknown));
    return issue.keys.map((key) => unknownField(path, key, known));
  }
  if (issue.code === 'invalid_union') {
    // Where only one of the choices is of the value's type, what is wrong with the value as that one helps more.
    const fitting = issue.errors.filter((issues) => !issues.some(isOtherType));
    if (fitting.length === 1) {
      return (fitting[0] ?? []).flatMap((inner) =>
        faultsOfIssue(schema, value, { ...inner, path: [...issue.path, ...inner.path] }),
      );
    }
  }
  const name = formatPath(path);
  if (issue.code === 'invalid_key') {
    const reason = issue.issues[0]?.message ?? 'is not a valid name';
    return [{ code: 'manifest.invalid-field', path, message: `\`${name}\`: ${reason}` }];
  }
  const present = valueAt(value, path) !== undefined;
  if (!present && path.length > 0 && issue.code !== 'custom') {
    return [{ code: 'manifest.missing-field', path, message: `\`${name}\` is missing; ${expectation(issue)}` }];
  }
  const separator = /^(is|are|has|have|must|needs?|cannot)\b/.test(issue.message) ? ' ' : ': ';
  return [{ code: 'manifest.invalid-field', path, message: `\`${name}\`${separator}${issue.message}` }];
}

function isOtherType({ code, path }: z.core.$ZodIssue): boolean {
  return code === 'invalid_type' && path.length === 0;
}

function unknownField(parent: FieldPath, key: string, known: readonly string[]): FieldFault {
  const path = [...parent, key];
  const meant = nearestName(key, known);
  const remedy = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean \`${meant}\`?`;
  return { code: 'manifest.unknown-field', path, message: `unknown field \`${formatPath(path)}\`; ${remedy}` };
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `it must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `it must be ${listOf(issue.values)}`;
  return 'write it';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** Messages where the schema has none of its own; `undefined` leaves zod's. */
function wording(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === null) return 'is empty; give it a value or leave it out';
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = TYPE_NAMES[issue.expected] ?? issue.expected;
      const scalar = typeof issue.input === 'number' || typeof issue.input === 'boolean';
      const quotes = issue.expected === 'string' && scalar ? '; put it in quotes' : '';
      return `must be ${wanted}, not ${describeValue(issue.input)}${quotes}`;
    }
    case 'invalid_value':
      return `must be ${listOf(issue.values)}, not ${describeValue(issue.input)}`;
    case 'invalid_union':
      return `cannot be ${describeValue(issue.input)}; write a text or a number`;
    case 'too_small':
      return sizeWording('at least', issue.origin, issue.minimum);
    case 'too_big':
      return sizeWording('at most', issue.origin, issue.maximum);
    default:
      return undefined;
  }
}

function sizeWording(relation: string, origin: string, bound: number | bigint): string {
  if (origin === 'array') return `must have ${relation} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  if (origin === 'string') return `must have ${relation} ${bound} ${bound === 1 ? 'character' : 'characters'}`;
  return `must be ${relation} ${bound}`;
}

function listOf(values: readonly unknown[]): string {
  const texts = values.map((value) => String(value));
  return texts.length < 2 ? (texts[0] ?? '') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'a mapping';
  return typeof value === 'string' ? `the text ${JSON.stringify(value)}` : `the ${typeof value} ${String(value)}`;
}

function valueAt(value: unknown, path: FieldPath): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}
