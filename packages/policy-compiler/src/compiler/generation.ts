import type { NftChain, NftRuleset } from '@slash32/shared';
import { type Direction, NAMES } from '../ir/names.ts';
import {
  ACCEPT,
  ALL_BITS,
  type CompiledRule,
  DROP,
  goto,
  is,
  jump,
  type Match,
  RETURN,
  rule,
  type Statement,
} from '../ir/rule.ts';
import { flowLogRules } from './drop-log.ts';
import type { ForwardOptions } from './forward-chains.ts';
import { INET_TABLE } from './tables.ts';

/**
 * What a connection mark remembers, so that an established flow ends in one lookup:
 *
 *     31      24   23   22   21                 0
 *    +----------+----+----+----------------------+
 *    | others'  | D  | S  |      generation      |
 *    +----------+----+----+----------------------+
 *
 * S: passed the egress of its source here; D: passed the ingress of its destination here; both under the policy of this
 * generation. An end that is elsewhere leaves its bit clear: should it come to this host, it will be judged. A change
 * that may take something away begins a new generation, so that all flows are judged again.
 */
const GENERATION_BITS = 0x00_3f_ff_ff;
const END_BIT: Readonly<Record<Direction, number>> = { egress: 0x00_40_00_00, ingress: 0x00_80_00_00 };
const OTHERS_BITS = 0xff_00_00_00;
const END: Readonly<Record<Direction, string>> = { egress: 'source', ingress: 'destination' };

/** 0 is "never passed". */
export const LAST_GENERATION = GENERATION_BITS;

export function nextGeneration(generation: number): number {
  return generation >= LAST_GENERATION ? 1 : generation + 1;
}

/**
 * The chains that hold the generation, so that a new one replaces few rules. A flow that passed both ends here needs the
 * first rule only; one whose other end is elsewhere, or that is new, is judged at one end or both.
 */
export function generationChains(
  generation: number,
  { withLog }: Pick<ForwardOptions, 'withLog'>,
): readonly NftChain[] {
  const { egress: source, ingress: destination } = END_BIT;
  const both = source | destination;
  return [
    {
      name: NAMES.forward,
      hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' },
      rules: [
        rule(`both ends passed in generation ${generation}`, [marked(generation, both)], ACCEPT),
        rule('no flow', [is('ct state', 'invalid', 'untracked')], goto(NAMES.noFlow)),
        rule(
          `source end not passed in generation ${generation}`,
          [{ ...marked(generation, source), negated: true }],
          jump(NAMES.end.egress),
        ),
        rule(`destination end passed in generation ${generation}`, [marked(generation, destination)], ACCEPT),
        rule('destination end', [], goto(NAMES.end.ingress)),
      ],
    },
    {
      name: NAMES.sourceJudged,
      rules: [
        rule(`source end passes in generation ${generation}`, [marked(generation, source)], RETURN),
        ...(withLog ? flowLogRules('egress', 'iifname', 'oifname') : []),
        rule('nothing allows it, or no endpoint has this interface', [], DROP),
      ],
    },
    { name: NAMES.passes.egress, rules: noteRules('egress', generation, RETURN) },
    { name: NAMES.passes.ingress, rules: noteRules('ingress', generation, ACCEPT) },
  ];
}

function noteRules(direction: Direction, generation: number, verdict: Statement): CompiledRule[] {
  const end = END_BIT[direction];
  const other = END_BIT[direction === 'egress' ? 'ingress' : 'egress'];
  return [
    rule(
      `both ends pass in generation ${generation}`,
      [marked(generation, other)],
      { kind: 'mark', keep: ALL_BITS, set: end },
      verdict,
    ),
    rule(
      `${END[direction]} end passes in generation ${generation}`,
      [],
      { kind: 'mark', keep: OTHERS_BITS, set: generation | end },
      verdict,
    ),
  ];
}

function marked(generation: number, ends: number): Extract<Match, { kind: 'mark' }> {
  return { kind: 'mark', mask: (GENERATION_BITS | ends) >>> 0, value: (generation | ends) >>> 0 };
}

/** The policy generation in a ruleset as compiled or read back; `undefined` if it has none, or not one only. */
export function generationOf(ruleset: NftRuleset): number | undefined {
  const chains = ruleset.get(INET_TABLE)?.chains;
  const comments = [NAMES.forward, NAMES.sourceJudged, ...Object.values(NAMES.passes)].map(
    (name) => chains?.get(name)?.rules[0]?.comment ?? '',
  );
  const found = new Set(comments.map((comment) => /generation (\d+) /.exec(comment)?.[1]));
  const [only] = found;
  const generation = found.size === 1 ? Number(only) : Number.NaN;
  return generation >= 1 && generation <= LAST_GENERATION ? generation : undefined;
}
