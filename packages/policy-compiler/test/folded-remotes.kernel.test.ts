import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { everyKindOfRule } from './every-kind-of-rule.ts';
import { instanceAt, KernelSite } from './kernel-site.ts';
import { groupArbitrary } from './random-fabric.ts';

let site: KernelSite;

beforeAll(async () => {
  site = await KernelSite.start({ mostSingleRemotes: 0 });
});

afterAll(() => {
  site[Symbol.dispose]();
});

test.each([11, 12, 13])('with remote groups folded, real packets fare as the evaluator says, %i', async (seed) => {
  site.update(...fc.sample(groupArbitrary, { seed, numRuns: 8 }));
  const probes = await site.probeEverything();
  expect(site.outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
});

test('with remote groups folded, every kind of rule', async () => {
  site.update(...everyKindOfRule(), instanceAt(0, '198.51.100.0/24', '2001:db8:ffff::/48'));
  const sets = [...(site.compiler.ruleset().get('inet slash32')?.sets.keys() ?? [])];
  expect(sets).toContain('ingress4/t/g2/groups/udp');
  expect(sets.filter((name) => name.startsWith('members'))).toEqual([]);
  const probes = await site.probeEverything();
  expect(site.outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
  expect(probes.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThan(20);
});
