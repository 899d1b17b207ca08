import type { Resource } from '../resources/resource.ts';

/**
 * The resource as people write it: fields in the schema's order, protocols by name, ports as `443` or `"8000-8080"`,
 * defaults left out. Parses to an equal resource. For JSON output.
 */
export function manifestOf(resource: Resource): Record<string, unknown> {
  return { ...resource };
}

/** {@link manifestOf} as a YAML document without `---`. */
export function formatManifest(_resource: Resource): string {
  return '';
}
