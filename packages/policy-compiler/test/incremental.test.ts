import type { NftRuleset } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyNftChanges, diffRulesets, FabricModel, HostPolicyCompiler } from '../src/index.ts';
import { apply, type Change, changeArbitrary, foundation } from './random-fabric.ts';

/** Remote groups with lookups of their own, or folded. */
const mostSingleArbitrary = fc.constantFrom(0, 1, 16);
const changesArbitrary = fc.array(changeArbitrary, { minLength: 1, maxLength: 40 });

function modelOf(changes: readonly Change[]): FabricModel {
  const model = new FabricModel();
  for (const resource of foundation()) model.put(resource);
  for (const change of changes) apply(model, change);
  return model;
}

/** As plain data, sorted; without the generation, which depends on history. */
function plain(ruleset: NftRuleset): unknown {
  return [...ruleset.values()].map(({ id, sets, chains }) => ({
    id,
    sets: [...sets.values()]
      .map((set) => ({ ...set, elements: [...set.elements].sort() }))
      .sort((left, right) => (left.name < right.name ? -1 : 1)),
    chains: [...chains.values()]
      .map(({ name, hook, rules }) => ({ name, hook, rules: rules.map(({ text, comment }) => `${text} # ${comment}`) }))
      .map((chain) => (/^(forward|source-judged|.*-passes)$/.test(chain.name) ? { ...chain, rules: [] } : chain))
      .sort((left, right) => (left.name < right.name ? -1 : 1)),
  }));
}

function stateOf(model: FabricModel): unknown {
  return {
    findings: model.findings(),
    instances: [...model.instances()].sort((left, right) => (left.name < right.name ? -1 : 1)),
    site: model.sitePrefixes(),
  };
}

describe('FabricModel', () => {
  test('depends on the present resources, not on their order', () => {
    fc.assert(
      fc.property(changesArbitrary, fc.infiniteStream(fc.nat()), (changes, random) => {
        const incremental = new FabricModel();
        const present = new Map<string, Change>();
        const all: Change[] = [...foundation().map((resource) => ({ resource })), ...changes];
        for (const change of all) {
          apply(incremental, change);
          incremental.findings(); // resolve in between, so that history could leave traces
          const { resource } = change;
          const key = change.key ?? (resource === undefined ? '' : keyText(resource));
          present.delete(key);
          if (resource !== undefined) present.set(key, change);
        }
        const shuffled = [...present.values()]
          .map((change) => ({ change, rank: random.next().value }))
          .sort((left, right) => left.rank - right.rank);
        const fromScratch = new FabricModel();
        for (const { change } of shuffled) apply(fromScratch, change);
        expect(stateOf(incremental)).toEqual(stateOf(fromScratch));
      }),
      { numRuns: 200 },
    );
  });
});

describe('HostPolicyCompiler', () => {
  test('updates add up to what compiling from scratch gives', () => {
    fc.assert(
      fc.property(changesArbitrary, fc.nat(3), mostSingleArbitrary, (changes, stride, mostSingleRemotes) => {
        const model = modelOf([]);
        const compiler = new HostPolicyCompiler(model, 'h1', { mostSingleRemotes });
        let kernel: NftRuleset = new Map();
        changes.forEach((change, index) => {
          apply(model, change);
          if (index % (stride + 1) !== 0) return;
          kernel = applyNftChanges(kernel, compiler.flush().changes);
          expect(compiler.flush().changes).toEqual([]);
          expect(plain(kernel)).toEqual(plain(compiler.ruleset()));
        });
        kernel = applyNftChanges(kernel, compiler.flush().changes);
        const fresh = new HostPolicyCompiler(modelOf(changes), 'h1', { mostSingleRemotes });
        fresh.reconcile(new Map());
        expect(plain(kernel)).toEqual(plain(fresh.ruleset()));
        expect(fresh.reconcile(kernel).changes).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('excluding and including endpoints adds up, too', () => {
    fc.assert(
      fc.property(
        changesArbitrary,
        fc.array(fc.constantFrom('t/i1', 't/i2', 'u/i1'), { maxLength: 6 }),
        (changes, toggles) => {
          const model = modelOf(changes);
          const compiler = new HostPolicyCompiler(model, 'h1');
          let kernel = applyNftChanges(new Map(), compiler.flush().changes);
          const before = plain(kernel);
          for (const name of toggles) {
            compiler.exclude(name);
            kernel = applyNftChanges(kernel, compiler.flush().changes);
            expect(compiler.isProgrammed(name)).toBe(false);
            expect(compiler.endpointObjects(name)).toBeUndefined();
          }
          for (const name of toggles) compiler.include(name);
          kernel = applyNftChanges(kernel, compiler.flush().changes);
          expect(plain(kernel)).toEqual(before);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('diffRulesets', () => {
  test('leads from any ruleset to any other, each step valid', () => {
    fc.assert(
      fc.property(changesArbitrary, changesArbitrary, fc.constantFrom('h1', 'h2'), (left, right, host) => {
        const [actual, desired] = [left, right].map((changes, index) => {
          // One folds remote groups where the other does not, as an agent of another version might.
          const compiler = new HostPolicyCompiler(modelOf(changes), host, { mostSingleRemotes: index });
          compiler.reconcile(new Map());
          return compiler.ruleset();
        });
        if (actual === undefined || desired === undefined) throw new TypeError('two rulesets');
        expect(plain(applyNftChanges(actual, diffRulesets(actual, desired)))).toEqual(plain(desired));
        expect(diffRulesets(desired, desired)).toEqual([]);
        expect(applyNftChanges(actual, diffRulesets(actual, new Map()))).toEqual(new Map());
      }),
      { numRuns: 100 },
    );
  });
});

function keyText(resource: NonNullable<Change['resource']>): string {
  const { metadata } = resource;
  return 'namespace' in metadata
    ? `${resource.kind}/${metadata.namespace}/${metadata.name}`
    : `${resource.kind}/${metadata.name}`;
}
