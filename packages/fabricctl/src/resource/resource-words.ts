import { FabricError, NAMESPACED_KINDS, RESOURCE_KINDS, type ResourceKind } from '@slash32/shared';
import { parseKind } from './kind-names.ts';

/** Resources as named on a command line. */
export interface ResourceWords {
  readonly kinds: readonly ResourceKind[];
  /** Empty: all of these kinds. `namespace` is absent for cluster-wide kinds. */
  readonly names: readonly { readonly namespace?: string; readonly name: string }[];
}

/**
 * Reads `KIND`, `KIND NAME…`, `KIND NAMESPACE/NAME…`, `KIND/NAME`, `KIND/NAMESPACE/NAME`, `KIND,KIND` and `all`.
 * Throws `FabricError` `usage.*`.
 */
export function parseResourceWords(kindText: string, nameTexts: readonly string[], namespace?: string): ResourceWords {
  const slash = kindText.indexOf('/');
  if (slash >= 0)
    return parseResourceWords(kindText.slice(0, slash), [kindText.slice(slash + 1), ...nameTexts], namespace);
  const kinds = kindText.toLowerCase() === 'all' ? RESOURCE_KINDS : [...new Set(kindText.split(',').map(parseKind))];
  const [kind] = kinds;
  if (nameTexts.length > 0 && (kind === undefined || kinds.length > 1)) {
    throw new FabricError('usage.kinds', `"${kindText}" names several kinds; names go with one kind only`);
  }
  return { kinds, names: nameTexts.map((text) => parseName(kind, text, namespace)) };
}

function parseName(
  kind: ResourceKind | undefined,
  text: string,
  namespace: string | undefined,
): { readonly namespace?: string; readonly name: string } {
  if (kind === undefined || !NAMESPACED_KINDS.has(kind)) {
    if (!text.includes('/')) return { name: text };
    throw new FabricError(
      'usage.name',
      `"${text}" names a namespace, but a ${kind} belongs to no tenant; give its name alone`,
    );
  }
  const [first = '', second, ...rest] = text.split('/');
  if (rest.length > 0) throw new FabricError('usage.name', `"${text}" is not NAME or NAMESPACE/NAME`);
  if (second === undefined) return { namespace: namespace ?? 'default', name: first };
  if (namespace !== undefined && namespace !== first) {
    throw new FabricError('usage.name', `"${text}" and -n ${namespace} contradict each other; leave one out`);
  }
  return { namespace: first, name: second };
}
