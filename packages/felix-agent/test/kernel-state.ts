import type { NftRuleset } from '@slash32/shared';
import type { AgentHarness } from './agent-harness.ts';

/** Rulesets without what may differ between histories: the generation, and how boxes were dealt into layers. */
function endpointElements(ruleset: NftRuleset): unknown {
  return [...ruleset].map(([id, table]) => [
    id,
    [...table.sets.values()]
      .filter(({ elements }) => [...elements.keys()].some((key) => key.includes('"tap')))
      .map(({ name, elements }) => [name, [...elements].sort()])
      .sort(),
  ]);
}

/** What the harness's kernel and agent come to, in an order of its own, to be compared with another's. */
export async function kernelState(harness: AgentHarness): Promise<unknown> {
  const { network, nft } = harness.kernel;
  const tables = [...harness.agent.dataplane.compiler.ruleset().keys()];
  const taps = [...network.interfaces.values()].filter(({ up }) => up).map(({ name }) => name);
  return {
    routes: harness.routes(),
    neighbours: [...network.neighbours.keys()].sort(),
    addresses: [...network.addresses.keys()].sort(),
    states: harness.agent.dataplane
      .endpointStatuses()
      .map(({ instance: name, state }) => [name, state])
      .sort(),
    taps: taps.sort(),
    policy: endpointElements(await nft.list(tables)),
  };
}
