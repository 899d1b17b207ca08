import { HostPolicyCompiler } from '@slash32/policy-compiler';
import { keyOf, parseManifests, type Resource } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { modelOf } from '../src/fabric/fabric-model.ts';
import { kernelChanges } from '../src/fabric/kernel-changes.ts';
import { type PlannedFabric, planFabric } from '../src/fabric/planned-fabric.ts';
import { OPEN_DB, OTHERS, SAME_WEB, SHOP } from './shop-manifests.ts';

const resourcesIn = (text: string): readonly Resource[] =>
  parseManifests({ file: 'test.yaml', text }).manifests.map(({ resource }) => resource);

const PRESENT = resourcesIn(SHOP['groups.yaml'] + SHOP['machines.yaml']);

/** Changes of single resources, each of which concerns other hosts. */
const PLANS: readonly (readonly [what: string, plan: PlannedFabric])[] = [
  ...PRESENT.map((resource) => [`deleting ${keyOf(resource)}`, planFabric(PRESENT, [resource], true)] as const),
  ['opening the database', planFabric(PRESENT, resourcesIn(OPEN_DB), false)],
  ['other words', planFabric(PRESENT, resourcesIn(SAME_WEB), false)],
  ['others', planFabric(PRESENT, resourcesIn(OTHERS['others.yaml']), false)],
  ['nothing', planFabric(PRESENT, PRESENT, false)],
  ['a move', planFabric(PRESENT, moved('web-1', 'h2'), false)],
  [
    'another site',
    planFabric(
      PRESENT,
      resourcesIn(SHOP['groups.yaml'].replace('siteCidrs: [10.0.0.0/8]', 'siteCidrs: [10.0.0.0/9]')),
      false,
    ),
  ],
];

function moved(name: string, host: string): readonly Resource[] {
  return PRESENT.flatMap((resource) =>
    resource.kind === 'Instance' && resource.metadata.name === name
      ? [{ ...resource, spec: { ...resource.spec, host } }]
      : [],
  );
}

/** By compiling for every host there is. */
function changedHosts({ before, after, put, deleted }: PlannedFabric): readonly string[] {
  const names = new Set([...before, ...after].flatMap((some) => (some.kind === 'Host' ? [some.metadata.name] : [])));
  return [...names].sort().filter((host) => {
    const model = modelOf(before);
    using compiler = new HostPolicyCompiler(model, host);
    compiler.reconcile(new Map());
    for (const key of deleted) model.delete(key);
    for (const resource of put) model.put(resource);
    return compiler.flush().changes.length > 0;
  });
}

describe('kernelChanges', () => {
  it.each(PLANS)('finds the hosts that %s changes', (_what, plan) => {
    expect(kernelChanges(plan).map(({ host }) => host)).toEqual(changedHosts(plan));
  });

  it('tells what is added and deleted, and how much', () => {
    const [h1] = kernelChanges(
      planFabric(
        PRESENT,
        PRESENT.filter(({ kind }) => kind === 'Instance'),
        true,
      ),
    );
    expect(h1).toMatchObject({ host: 'h1', revokes: true });
    const actions = new Set(h1?.changes.map(({ action, object }) => `${action} ${object}`));
    expect(actions).toEqual(new Set(['change chain', 'delete elements', 'delete set', 'delete chain']));
    for (const { object, count } of h1?.changes ?? []) if (object === 'elements') expect(count).toBeGreaterThan(0);
  });
});

describe('planFabric', () => {
  it('keeps when a resource was created, as apply does', () => {
    const createdAt = '2026-01-01T00:00:00.000Z';
    const [first, ...others] = PRESENT;
    if (first === undefined) throw new TypeError('there are no resources');
    const old = { ...first, metadata: { ...first.metadata, creationTimestamp: createdAt } } as Resource;
    const { after, put } = planFabric([old, ...others], [first], false);
    expect(put).toMatchObject([{ metadata: { creationTimestamp: createdAt } }]);
    expect(after).toHaveLength(PRESENT.length);
    expect(after[0]).toBe(put[0]);
  });

  it('deletes only what is there', () => {
    const { after, deleted } = planFabric(
      PRESENT,
      resourcesIn(OTHERS['others.yaml'] + OPEN_DB.replace(/^/, '---\n')),
      true,
    );
    expect(deleted).toEqual(['SecurityGroup/shop/db']);
    expect(after).toHaveLength(PRESENT.length - 1);
  });
});
