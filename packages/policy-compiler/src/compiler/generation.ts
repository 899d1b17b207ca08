import type { NftChain, NftRuleset } from '@slash32/shared';
import { NAMES } from '../ir/names.ts';
import { ACCEPT, rule } from '../ir/rule.ts';
import { INET_TABLE } from './tables.ts';

/** The generation has the low 24 bits of the connection mark; 0 is "never passed". */
export const LAST_GENERATION = 0xff_ff_ff;

export function nextGeneration(generation: number): number {
  return generation >= LAST_GENERATION ? 1 : generation + 1;
}

/** The two chains that hold the generation. */
export function generationChains(generation: number): readonly NftChain[] {
  return [
    {
      name: NAMES.current,
      rules: [rule(`flow passed under generation ${generation}`, [{ kind: 'generation', generation }], ACCEPT)],
    },
    {
      name: NAMES.passed,
      rules: [rule(`mark flow with generation ${generation}`, [], { kind: 'mark-generation', generation }, ACCEPT)],
    },
  ];
}

/** The policy generation in a ruleset as compiled or read back; `undefined` if it has none. */
export function generationOf(ruleset: NftRuleset): number | undefined {
  const chains = ruleset.get(INET_TABLE)?.chains;
  // The two must agree, or flows marked by one would not be known to the other.
  const [matched, marked] = [NAMES.current, NAMES.passed].map((name) => {
    const text = /generation (\d+)/.exec(chains?.get(name)?.rules[0]?.comment ?? '')?.[1];
    return text === undefined ? undefined : Number(text);
  });
  if (matched === undefined || matched !== marked || matched < 1 || matched > LAST_GENERATION) return undefined;
  return matched;
}
