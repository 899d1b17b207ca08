import type { NftChain, NftRule } from '@slash32/shared';
import { type Direction, NAMES } from '../ir/names.ts';
import { ACCEPT, DROP, goto, inSet, is, notInSet, RETURN, rule, type Statement, vmap } from '../ir/rule.ts';
import type { TapMatch } from './tap-match.ts';

/**
 * A flow is judged at both of its ends that are here, the source's first. The base chain (see `generationChains`) jumps
 * to `source-end`, which returns if the flow passes there, and then goes to `destination-end`, which has the last word.
 *
 * An end is found by the flow's original direction: the source's end is where original packets come in and replies go
 * out. So a flow that has to be judged again is, from any of its packets.
 *
 * The kernel walks through all chains that an element may lead to before it commits one. So one map's chains must not
 * lead to the other map: they return.
 */
export function forwardChains(taps: TapMatch, withStateless: boolean): NftChain[] {
  const source = endRules('egress', 'iifname', 'oifname', taps, RETURN);
  const destination = endRules('ingress', 'oifname', 'iifname', taps, ACCEPT);
  return [
    ...(withStateless ? statelessChains() : []),
    { name: NAMES.noFlow, rules: noFlowRules(taps, withStateless) },
    { name: NAMES.end.egress, rules: [...source, rule('passed or not', [], goto(NAMES.sourceJudged))] },
    { name: NAMES.end.ingress, rules: [...destination, rule('no endpoint has this interface', [], DROP)] },
  ];
}

/**
 * `forth`: where the end is for packets of the original direction; `back`: for replies. `elsewhere`: what becomes of
 * packets that have no instance at this end. What the maps do not know is left to the rules that follow.
 */
function endRules(
  direction: Direction,
  forth: 'iifname' | 'oifname',
  back: 'iifname' | 'oifname',
  taps: TapMatch,
  elsewhere: Statement,
): NftRule[] {
  const original = is('ct direction', 'original');
  const reply = is('ct direction', 'reply');
  const map = NAMES.endpoints.flow[direction];
  return [
    rule('no instance at this end', [original, taps.isNot(forth)], elsewhere),
    rule('no instance at this end', [reply, taps.isNot(back)], elsewhere),
    // An ICMP error carries its flow's tuple but not its protocol: it must not be taken for the flow's packet.
    rule('error about a flow that has yet to be judged', [is('ct state', 'related')], DROP),
    rule('judge by the original packet', [original], vmap(forth, map)),
    rule('judge by the reply', [reply], vmap(back, map)),
  ];
}

/** Packets that belong to no flow are nobody's, but for those that were judged by themselves. */
function noFlowRules(taps: TapMatch, withStateless: boolean): NftRule[] {
  return (['iifname', 'oifname'] as const).map((field) => {
    const unjudged = withStateless ? [notInSet([field], NAMES.stateless)] : [];
    return rule('its flow cannot be told', [taps.is(field), ...unjudged], DROP);
  });
}

/**
 * Endpoints whose groups are stateless are judged by each packet, before any flow is known to have passed, in one base
 * chain per end: `accept` ends its own base chain only.
 */
function statelessChains(): NftChain[] {
  const { egress, ingress } = NAMES.endpoints.packet;
  return [
    {
      name: 'stateless-source',
      hook: { type: 'filter', hook: 'forward', priority: -2, policy: 'accept' },
      rules: [rule('source end, by packet', [], vmap('iifname', egress)), notYet('iifname')],
    },
    {
      name: 'stateless-destination',
      hook: { type: 'filter', hook: 'forward', priority: -1, policy: 'accept' },
      rules: [rule('destination end, by packet', [], vmap('oifname', ingress)), notYet('oifname')],
    },
  ];
}

/** Nothing comes back from an endpoint's chain, but while a transaction commits (see `PolicyList.verdicts`). */
function notYet(field: 'iifname' | 'oifname'): NftRule {
  return rule('its policy is being committed', [inSet([field], NAMES.stateless)], DROP);
}
