import { z } from 'zod';

/**
 * The schema of the value itself: without optional, default and what it is transformed into. Of a choice that has one
 * mapping (`true` or settings), that mapping.
 */
export function unwrapSchema(schema: unknown): unknown {
  let current = schema;
  while (true) {
    if (current instanceof z.ZodOptional || current instanceof z.ZodDefault) current = current.unwrap();
    else if (current instanceof z.ZodPipe) current = current.in;
    else if (current instanceof z.ZodUnion) {
      const mappings: readonly unknown[] = current.options.filter((option) => option instanceof z.ZodObject);
      return mappings.length === 1 ? mappings[0] : current;
    } else return current;
  }
}

/** Schema of a field of a mapping or of an entry of a list; `undefined` if there is none. */
export function childSchema(schema: unknown, part: string | number): unknown {
  const node = unwrapSchema(schema);
  if (node instanceof z.ZodObject) return Object.hasOwn(node.shape, part) ? node.shape[part] : undefined;
  if (node instanceof z.ZodArray) return node.element;
  return undefined;
}

/** Names of the fields that a mapping may have, in the schema's order; none for anything else. */
export function fieldNames(schema: unknown): readonly string[] {
  const node = unwrapSchema(schema);
  return node instanceof z.ZodObject ? Object.keys(node.shape) : [];
}

/** The default of a field, in its normalised form. */
export function defaultOf(schema: unknown): { readonly value: unknown } | undefined {
  return schema instanceof z.ZodDefault ? { value: schema.def.defaultValue } : undefined;
}
