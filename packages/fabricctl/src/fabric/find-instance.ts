import { FabricError, type Instance } from '@slash32/shared';

/**
 * The instance that `text` names: `NAMESPACE/NAME`, or `NAME` in `namespace`, or else the only one of that name in any
 * tenant. Throws `FabricError` `instance.not-found` or `instance.ambiguous`, which name the candidates.
 */
export function findInstance(instances: readonly Instance[], text: string, namespace: string | undefined): Instance {
  const wanted = text.replace(/^(instances?|inst|vm)\/(?=[^/]+(\/[^/]+)?$)/i, '');
  if (wanted.includes('/')) {
    const exact = instances.find((instance) => instanceName(instance) === wanted);
    if (exact !== undefined) return exact;
    throw notFound(instances, wanted, wanted.slice(wanted.indexOf('/') + 1));
  }
  const named = instances.filter(({ metadata }) => metadata.name === wanted);
  const here = named.find(({ metadata }) => metadata.namespace === (namespace ?? 'default'));
  if (here !== undefined) return here;
  const [only, ...others] = named;
  if (only === undefined || namespace !== undefined)
    throw notFound(instances, `${namespace ?? 'default'}/${wanted}`, wanted);
  if (others.length === 0) return only;
  throw new FabricError(
    'instance.ambiguous',
    `"${wanted}" is ${named.map(instanceName).join(' and ')}; say which, as NAMESPACE/NAME or with -n NAMESPACE`,
    { details: { candidates: named.map(instanceName) } },
  );
}

export function instanceName({ metadata }: Instance): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function notFound(instances: readonly Instance[], wanted: string, name: string): FabricError {
  const elsewhere = instances.filter(({ metadata }) => metadata.name === name).map(instanceName);
  const hint =
    elsewhere.length > 0 ? `there is ${elsewhere.join(', ')}` : '`fabricctl get instances -A` lists those there are';
  return new FabricError('instance.not-found', `there is no Instance ${wanted}; ${hint}`, {
    details: { instance: wanted },
  });
}
