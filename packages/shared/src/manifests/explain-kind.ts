import { z } from 'zod';
import { FabricError } from '../errors/fabric-error.ts';
import { RESOURCE_SCHEMAS, type ResourceKind } from '../resources/resource.ts';
import { isRecord } from './field-faults.ts';
import { nearestName } from './nearest-name.ts';
import { defaultOf } from './schema-walk.ts';

/** A field of a kind, for `fabricctl explain`. */
export interface FieldExplanation {
  /** From the resource: `spec.rules[].ports`; '' for the kind itself. */
  readonly path: string;
  /** `string`, `integer`, `boolean`, `object`, `list of object`, `internet | site`, `map of string`, … */
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly description?: string;
  /** Of objects, and of the objects in a list. */
  readonly fields: readonly FieldExplanation[];
}

/** `path` as `spec.rules.ports`; list brackets may be left out. Throws `FabricError` `explain.unknown-field`. */
export function explainKind(kind: ResourceKind, path = ''): FieldExplanation {
  let field = explain('', jsonSchemaOf(kind), true);
  for (const name of path.split('.').map((part) => part.replace(/\[\d*\]$/, ''))) {
    if (name === '') continue;
    const next = field.fields.find((candidate) => nameOf(candidate) === name);
    if (next === undefined) throw unknownField(kind, field, name);
    field = next;
  }
  return field;
}

/** JSON Schema (draft 2020-12) of a kind's manifests, for editors. */
export function jsonSchemaOf(kind: ResourceKind): Record<string, unknown> {
  return {
    title: kind,
    ...z.toJSONSchema(RESOURCE_SCHEMAS[kind], {
      target: 'draft-2020-12',
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        // zod leaves the default out where a field is normalised on reading.
        const fallback = defaultOf(zodSchema);
        if (fallback !== undefined) jsonSchema.default = fallback.value as typeof jsonSchema.default;
      },
    }),
  };
}

function explain(path: string, schema: Readonly<Record<string, unknown>>, required: boolean): FieldExplanation {
  const items = isRecord(schema.items) ? schema.items : undefined;
  const content = items ?? schema;
  const mapping = mappingOf(content);
  const properties = isRecord(mapping.properties) ? mapping.properties : {};
  const requiredNames = Array.isArray(mapping.required) ? mapping.required : [];
  const prefix = items === undefined ? path : `${path}[]`;
  return {
    path,
    type: typeName(schema),
    required,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(typeof schema.description === 'string' ? { description: schema.description } : {}),
    fields: Object.entries(properties).map(([name, property]) =>
      explain(
        prefix === '' ? name : `${prefix}.${name}`,
        isRecord(property) ? property : {},
        requiredNames.includes(name),
      ),
    ),
  };
}

/** The one choice that has fields, where there is a choice. */
function mappingOf(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const choices: readonly unknown[] = Array.isArray(schema.anyOf) ? schema.anyOf : [];
  const mappings = choices.filter(isRecord).filter(({ properties }) => isRecord(properties));
  return (mappings.length === 1 ? mappings[0] : undefined) ?? schema;
}

function typeName(schema: Readonly<Record<string, unknown>>): string {
  if (schema.const !== undefined) return String(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.join(' | ');
  if (Array.isArray(schema.anyOf))
    return schema.anyOf.map((option) => typeName(isRecord(option) ? option : {})).join(' | ');
  if (isRecord(schema.items)) return `list of ${typeName(schema.items)}`;
  if (isRecord(schema.additionalProperties)) return `map of ${typeName(schema.additionalProperties)}`;
  return typeof schema.type === 'string' ? schema.type : 'any';
}

function nameOf(field: FieldExplanation): string {
  return field.path.split('.').at(-1)?.replace('[]', '') ?? '';
}

function unknownField(kind: ResourceKind, parent: FieldExplanation, name: string): FabricError {
  const known = parent.fields.map(nameOf);
  const meant = nearestName(name, known);
  const place = parent.path === '' ? kind : `${kind}.${parent.path}`;
  let remedy = `known there: ${known.join(', ')}`;
  if (known.length === 0) remedy = `${place} is ${parent.type} and has no fields`;
  else if (meant !== undefined) remedy = `did you mean ${meant}?`;
  return new FabricError('explain.unknown-field', `${place} has no field "${name}"; ${remedy}`, {
    details: { kind, path: parent.path, field: name, known },
  });
}
