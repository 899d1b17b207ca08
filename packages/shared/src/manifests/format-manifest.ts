import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { RESOURCE_SCHEMAS, type Resource } from '../resources/resource.ts';
import { formatPorts, formatProtocol, type SecurityGroupRule } from '../resources/security-group.ts';
import { isRecord } from './field-faults.ts';
import { childSchema, defaultOf, fieldNames } from './schema-walk.ts';

export interface ManifestFormat {
  /** `omit` (if left out): fields that have their default's value are left out. `keep`: they are written. */
  readonly defaults?: 'omit' | 'keep';
}

/**
 * The resource as people write it: fields in the schema's order, protocols by name, ports as `443` or `"8000-8080"`.
 * Reads back as an equal resource. For JSON output, too.
 */
export function manifestOf(resource: Resource, format: ManifestFormat = {}): Record<string, unknown> {
  const plain: unknown =
    resource.kind === 'SecurityGroup'
      ? { ...resource, spec: { ...resource.spec, rules: resource.spec.rules.map(ruleAsWritten) } }
      : resource;
  const manifest = orderFields(plain, RESOURCE_SCHEMAS[resource.kind], format.defaults === 'keep');
  return isRecord(manifest) ? manifest : {};
}

/** {@link manifestOf} as a YAML document without `---`. */
export function formatManifest(resource: Resource, format: ManifestFormat = {}): string {
  // YAML 1.1 readers take an unquoted 52:54:00:00:00:01 for a number in base 60.
  return stringify(manifestOf(resource, format), { lineWidth: 0, compat: 'yaml-1.1' });
}

function ruleAsWritten({ protocol, ports, ...rule }: SecurityGroupRule): Record<string, unknown> {
  return {
    ...rule,
    ...(protocol === undefined ? {} : { protocol: formatProtocol(protocol) }),
    ...(ports === undefined ? {} : { ports: formatPorts(ports) }),
  };
}

function orderFields(value: unknown, schema: unknown, keepDefaults: boolean): unknown {
  if (Array.isArray(value)) return value.map((entry) => orderFields(entry, childSchema(schema, 0), keepDefaults));
  if (!isRecord(value)) return value;
  const names = fieldNames(schema);
  if (names.length === 0) return { ...value };
  const ordered: Record<string, unknown> = {};
  for (const name of names) {
    const field = value[name];
    if (field === undefined) continue;
    const fieldSchema = childSchema(schema, name);
    const fallback = defaultOf(fieldSchema);
    if (!keepDefaults && fallback !== undefined && isDeepStrictEqual(field, fallback.value)) continue;
    ordered[name] = orderFields(field, fieldSchema, keepDefaults);
  }
  return ordered;
}
