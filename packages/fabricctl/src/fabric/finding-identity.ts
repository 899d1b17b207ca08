import { keyOf, type Resource } from '@slash32/shared';

interface Identifiable {
  readonly code: string;
  readonly resource: string;
  readonly path?: string;
}

/** Equal for findings that say the same, whoever found them. */
export function findingIdentity({ code, resource, path }: Identifiable): string {
  return `${code} ${resource} ${path ?? ''}`;
}

/**
 * As {@link findingIdentity}, but an item of a list (`spec.rules[2]`) counts by what it says, not by its place, so that a
 * list in another order has the same findings. `resources`: those that the findings are about.
 */
export function findingIdentityByContent(resources: readonly Resource[]): (finding: Identifiable) => string {
  const byKey = new Map<string, Resource>(resources.map((resource) => [keyOf(resource), resource]));
  return ({ code, resource, path = '' }) => {
    const [, list = '', index, rest = ''] = /^spec\.(\w+)\[(\d+)\](.*)$/.exec(path) ?? [];
    const spec: object = byKey.get(resource)?.spec ?? {};
    const items: unknown = Object.entries(spec).find(([name]) => name === list)?.[1];
    if (index === undefined || !Array.isArray(items)) return findingIdentity({ code, resource, path });
    return findingIdentity({ code, resource, path: `spec.${list} ${JSON.stringify(items[Number(index)])} ${rest}` });
  };
}
