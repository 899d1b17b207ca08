import { setImmediate } from 'node:timers/promises';
import type { RouteChange } from '@slash32/linux';
import { FabricError, type NftChange, type Resource, type ResourceKey } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { kernelState } from './kernel-state.ts';
import { programmedTaps } from './nothing-open.ts';
import { baseResources, instance, openGroup } from './resources.ts';

/** How many histories: `RANDOM_FAULTS_RUNS=2000` for a long run. A failure prints the seed. */
const RUNS = Number(process.env.RANDOM_FAULTS_RUNS ?? 60);

/** What befalls one call of nft. `answer-lost`: the kernel has it, and nobody says so. */
type NftFault = 'none' | 'refused' | 'timeout' | 'answer-lost' | 'killed' | 'slow';
/** When in a round a tap disappears: before the call of this table. */
type Moment = 'nft' | 'routes' | 'neighbours' | 'addresses';

type Step =
  | { readonly type: 'put'; readonly resources: readonly Resource[] }
  | { readonly type: 'delete'; readonly key: ResourceKey }
  | { readonly type: 'tap-goes'; readonly tap: string; readonly moment: Moment }
  | { readonly type: 'tap-comes'; readonly tap: string }
  | { readonly type: 'wait'; readonly ms: number };

const NUMBERS = [2, 3, 4, 5] as const;
/** Its network does not exist: closed in every state of the datastore. */
const CLOSED = { ...instance(9), spec: { ...instance(9).spec, network: 'missing' } };

const number = fc.constantFrom(...NUMBERS);
const tap = number.map((some) => `tap${some}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(
        fc.oneof(
          fc
            .record({ some: number, securityGroups: fc.constantFrom(['open'], ['other'], ['open', 'other']) })
            .map(({ some, securityGroups }): Resource => instance(some, { securityGroups })),
          fc.constantFrom([7], [22], [7, 8080]).map((ports): Resource => openGroup('other', ports)),
        ),
        { minLength: 1, maxLength: 3 },
      )
      .map((resources): Step => ({ type: 'put', resources })),
  },
  { weight: 1, arbitrary: number.map((some): Step => ({ type: 'delete', key: `Instance/default/vm${some}` })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ tap, moment: fc.constantFrom<Moment>('nft', 'routes', 'neighbours', 'addresses') })
      .map((gone): Step => ({ type: 'tap-goes', ...gone })),
  },
  { weight: 2, arbitrary: tap.map((some): Step => ({ type: 'tap-comes', tap: some })) },
  { weight: 2, arbitrary: fc.constantFrom(1, 300, 2_000, 20_000).map((ms): Step => ({ type: 'wait', ms })) },
);

/** Histories that once ended in a route before its policy, and in an endpoint that stayed closed for good. */
const ONCE_BROKEN: [[Step, NftFault[]][]][] = [
  [
    [
      [{ type: 'put', resources: [instance(2, { securityGroups: ['other'] })] }, ['answer-lost', 'timeout', 'timeout']],
      [{ type: 'put', resources: [openGroup('other')] }, ['timeout', 'timeout']],
    ],
  ],
  [[[{ type: 'put', resources: [instance(2, { securityGroups: [] })] }, ['refused', 'killed']]]],
];

/** Lets a harness's kernel fail as told, and looks at each call whether a route comes before its policy. */
class FaultyKernel {
  /** Of the next calls of nft, first come, first served; then none. */
  readonly faults: NftFault[] = [];
  readonly tooEarly: string[] = [];
  #going: { readonly tap: string; readonly moment: Moment } | undefined;
  readonly #harness: AgentHarness;

  constructor(harness: AgentHarness) {
    this.#harness = harness;
    const { nft, routes, neighbours, addresses } = harness.kernel;
    const applyNft = nft.apply.bind(nft);
    nft.apply = async (changes) => {
      this.#arrive('nft');
      return this.#applyNft(changes, applyNft);
    };
    const applyRoutes = routes.apply.bind(routes);
    routes.apply = async (changes) => {
      this.#arrive('routes');
      await this.#lookAt(changes);
      return applyRoutes(changes);
    };
    for (const [moment, table] of [
      ['neighbours', neighbours],
      ['addresses', addresses],
    ] as const) {
      const apply = table.apply.bind(table) as (changes: readonly never[]) => Promise<never>;
      table.apply = async (changes: readonly unknown[]) => {
        this.#arrive(moment);
        return apply(changes as readonly never[]);
      };
    }
  }

  /** The tap goes when a round gets to this moment, or at `heal`. */
  removeAt(tapName: string, moment: Moment): void {
    this.#going = { tap: tapName, moment };
  }

  heal(): void {
    this.faults.length = 0;
    this.#going = undefined;
  }

  #arrive(moment: Moment): void {
    if (this.#going?.moment !== moment) return;
    this.#harness.kernel.network.removeInterface(this.#going.tap);
    this.#going = undefined;
  }

  async #applyNft<Result>(
    changes: readonly NftChange[],
    apply: (changes: readonly NftChange[]) => Promise<Result>,
  ): Promise<Result> {
    const fault = this.faults.shift() ?? 'none';
    switch (fault) {
      case 'none':
        return apply(changes);
      case 'slow':
        for (let turn = 0; turn < 10; turn += 1) await setImmediate();
        return apply(changes);
      case 'refused':
        throw new FabricError('nft.rejected', 'nft refuses: Cannot allocate memory', {
          details: { stderr: 'Cannot allocate memory' },
        });
      case 'killed':
        throw new FabricError('nft.unavailable', 'nft was ended by SIGKILL');
      case 'timeout':
        throw new FabricError('nft.timeout', 'nft did not answer');
      case 'answer-lost':
        await apply(changes);
        throw new FabricError('nft.timeout', 'nft did not answer');
      default:
        return fault satisfies never;
    }
  }

  /** A route must not be added to a tap that the policy in force does not know. */
  async #lookAt(changes: readonly RouteChange[]): Promise<void> {
    const known = programmedTaps(await this.#harness.kernel.nft.list(['inet slash32']));
    for (const { op, route } of changes) {
      const device = route.nextHops[0]?.device;
      if (op === 'replace' && route.protocol === 133 && device !== undefined && !known.has(device)) {
        this.tooEarly.push(`${route.prefix} ${device}`);
      }
    }
  }
}

async function take(harness: AgentHarness, kernel: FaultyKernel, some: Step): Promise<void> {
  switch (some.type) {
    case 'put':
      return harness.put(...some.resources);
    case 'delete':
      await harness.datastore.delete(some.key);
      return harness.settle();
    case 'tap-goes':
      return kernel.removeAt(some.tap, some.moment);
    case 'tap-comes':
      harness.kernel.network.putInterface(some.tap);
      return harness.settle();
    case 'wait':
      return harness.advance(some.ms);
    default:
      return some satisfies never;
  }
}

async function tapsInKernel(harness: AgentHarness): Promise<ReadonlySet<string>> {
  return programmedTaps(await harness.kernel.nft.list(['inet slash32', 'arp slash32']));
}

describe('nft that fails at random, and taps that go in the middle of a round', () => {
  it('open nothing, put no route before its policy, and leave no trace once it is over', async () => {
    const nftFault = fc.constantFrom<NftFault>('none', 'refused', 'timeout', 'answer-lost', 'killed', 'slow');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.array(nftFault, { maxLength: 3 })), { minLength: 1, maxLength: 15 }),
        async (history) => {
          const taps = [...NUMBERS, 9].map((some) => `tap${some}`);
          await using harness = await AgentHarness.start([...baseResources(), CLOSED, instance(2), instance(3)], {
            taps,
          });
          const kernel = new FaultyKernel(harness);
          for (const [some, faults] of history) {
            kernel.faults.push(...faults);
            await take(harness, kernel, some);
            expect(kernel.tooEarly).toEqual([]);
            expect(await tapsInKernel(harness)).not.toContain('tap9');
          }
          kernel.heal();
          for (const name of taps) harness.kernel.network.putInterface(name);
          await harness.settle();
          await harness.advance(90_000);
          await harness.advance(5_000);
          expect(kernel.tooEarly).toEqual([]);

          const { entries } = await harness.datastore.list();
          await using fresh = await AgentHarness.start(
            entries.map(({ resource }) => resource),
            { taps },
          );
          await fresh.advance(2_000);
          expect(await kernelState(harness)).toEqual(await kernelState(fresh));
          expect(harness.agent.health().ready).toBe(true);
          expect(await harness.restart()).toEqual([]);
        },
      ),
      { numRuns: RUNS, examples: ONCE_BROKEN },
    );
  });
});
