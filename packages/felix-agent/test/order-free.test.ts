import { keyOf, type Resource, type ResourceKey } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { kernelState } from './kernel-state.ts';
import { baseResources, instance, openGroup } from './resources.ts';

type Step =
  | { readonly type: 'put'; readonly resources: readonly Resource[] }
  | { readonly type: 'delete'; readonly key: ResourceKey }
  | { readonly type: 'link'; readonly tap: string; readonly state: 'up' | 'down' | 'gone' }
  | { readonly type: 'interfere'; readonly with: 'routes' | 'neighbours' | 'nft' }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'restart' };

const numbers = fc.constantFrom(2, 3, 4);
const groups = fc.constantFrom(['open'], ['other'], ['open', 'other'], []);
const someResource: fc.Arbitrary<Resource> = fc.oneof(
  fc
    .record({
      number: numbers,
      tap: numbers,
      host: fc.constantFrom('compute-a1', 'compute-b1'),
      securityGroups: groups,
    })
    .map(({ number, tap, ...options }) => instance(number, { ...options, interface: `tap${tap}` })),
  fc.constantFrom([7], [22], [7, 8080]).map((ports) => openGroup('other', ports)),
  fc.constantFrom(...baseResources()),
);
const someStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(someResource, { minLength: 1, maxLength: 3 })
      .map((resources): Step => ({ type: 'put', resources })),
  },
  { weight: 2, arbitrary: someResource.map((resource): Step => ({ type: 'delete', key: keyOf(resource) })) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        tap: numbers.map((number) => `tap${number}`),
        state: fc.constantFrom('up' as const, 'down' as const, 'gone' as const),
      })
      .map((link): Step => ({ type: 'link', ...link })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('routes' as const, 'neighbours' as const, 'nft' as const)
      .map((what): Step => ({ type: 'interfere', with: what })),
  },
  { weight: 1, arbitrary: fc.constantFrom(1, 300, 2_000).map((ms): Step => ({ type: 'wait', ms })) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'restart' }) },
);

async function take(harness: AgentHarness, step: Step): Promise<void> {
  const { network, nft } = harness.kernel;
  switch (step.type) {
    case 'put':
      harness.datastore.putAll(step.resources);
      break;
    case 'delete':
      await harness.datastore.delete(step.key);
      break;
    case 'link':
      if (step.state === 'gone') network.removeInterface(step.tap);
      else network.putInterface(step.tap, { up: step.state === 'up' });
      break;
    case 'interfere':
      if (step.with === 'routes') for (const key of [...network.routes.keys()]) network.deleteRoute(key);
      else if (step.with === 'neighbours')
        for (const key of [...network.neighbours.keys()]) network.deleteNeighbour(key);
      else nft.flushForeign();
      break;
    case 'wait':
      await harness.advance(step.ms);
      break;
    case 'restart':
      await harness.restart();
      break;
    default:
      step satisfies never;
  }
}

describe('any history', () => {
  it('ends in the same kernel state as a first start with the same resources and interfaces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { minLength: 1, maxLength: 12 }), async (steps) => {
        await using harness = await AgentHarness.start(baseResources(), { taps: ['tap2', 'tap3'] });
        for (const step of steps) await take(harness, step);
        await harness.settle();
        await harness.advance(2_000);
        const { entries } = await harness.datastore.list();

        await using fresh = await AgentHarness.start(
          entries.map(({ resource }) => resource),
          {
            prepare: (network) => {
              for (const { name, up } of harness.kernel.network.interfaces.values()) {
                if (name !== 'lo') network.putInterface(name, { up });
              }
            },
          },
        );
        await fresh.advance(2_000);
        // A link that was taken down on purpose stays down; the fresh agent, which cannot know, has brought it up.
        const wasTakenDown = harness.agent.dataplane
          .endpointStatuses()
          .some(({ reason }) => reason?.includes('taken down') === true);
        fc.pre(!wasTakenDown);
        expect(await kernelState(harness)).toEqual(await kernelState(fresh));
        expect(await harness.restart()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
