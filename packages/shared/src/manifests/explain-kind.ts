import type { ResourceKind } from '../resources/resource.ts';

/** A field of a kind, for `fabricctl explain`. */
export interface FieldExplanation {
  /** From the resource: `spec.rules[].ports`; '' for the kind itself. */
  readonly path: string;
  /** `string`, `integer`, `boolean`, `object`, `list of object`, `one of a, b`, … */
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly description?: string;
  /** Of objects, and of the objects in a list. */
  readonly fields: readonly FieldExplanation[];
}

/** `path` as `spec.rules.ports`; list brackets may be left out. Throws `FabricError` `explain.unknown-field`. */
export function explainKind(_kind: ResourceKind, path = ''): FieldExplanation {
  return { path, type: 'object', required: true, fields: [] };
}

/** JSON Schema (draft 2020-12) of a kind's manifests, for editors. */
export function jsonSchemaOf(_kind: ResourceKind): Record<string, unknown> {
  return {};
}
