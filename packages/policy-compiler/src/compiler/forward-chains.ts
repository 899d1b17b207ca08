import type { NftChain, NftRule } from '@slash32/shared';
import { type Direction, NAMES } from '../ir/names.ts';
import {
  ACCEPT,
  DROP,
  type Field,
  goto,
  inSet,
  is,
  jump,
  notInSet,
  RETURN,
  rule,
  type Statement,
  vmap,
} from '../ir/rule.ts';
import { flowLogRules, guardDrop, packetLogRule } from './drop-log.ts';
import { hostGuardChain, hostGuardRules } from './host-guard.ts';
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
export function forwardChains(taps: TapMatch, { withStateless, withLog }: ForwardOptions): NftChain[] {
  const source = endRules('egress', 'iifname', 'oifname', taps, RETURN, hostGuardRules());
  const destination = endRules('ingress', 'oifname', 'iifname', taps, ACCEPT);
  return [
    ...(withStateless ? statelessChains(withLog) : []),
    { name: NAMES.noFlow, rules: noFlowRules(taps, withStateless) },
    { name: NAMES.errorFrom.egress, rules: errorRules('saddr') },
    { name: NAMES.errorFrom.ingress, rules: errorRules('daddr') },
    hostGuardChain(guardDrop(withLog)),
    { name: NAMES.end.egress, rules: [...source, rule('passed or not', [], goto(NAMES.sourceJudged))] },
    {
      name: NAMES.end.ingress,
      rules: [
        ...destination,
        ...(withLog ? flowLogRules('ingress', 'oifname', 'iifname') : []),
        rule('nothing allows it, or no endpoint has this interface', [], DROP),
      ],
    },
  ];
}

export interface ForwardOptions {
  /** An endpoint is judged by packet. */
  readonly withStateless: boolean;
  /** An endpoint's drops are logged. */
  readonly withLog: boolean;
}

/**
 * `forth`: where the end is for packets of the original direction; `back`: for replies. `elsewhere`: what becomes of
 * packets that have no instance at this end; `guard`: what others are asked first. What the maps do not know is left to the rules that follow.
 */
function endRules(
  direction: Direction,
  forth: 'iifname' | 'oifname',
  back: 'iifname' | 'oifname',
  taps: TapMatch,
  elsewhere: Statement,
  guard: readonly NftRule[] = [],
): NftRule[] {
  const original = is('ct direction', 'original');
  const reply = is('ct direction', 'reply');
  const map = NAMES.endpoints.flow[direction];
  /** The end sends what comes in at its interface. */
  const sent = forth === 'iifname' ? original : reply;
  return [
    rule('no instance at this end', [original, taps.isNot(forth)], elsewhere),
    rule('no instance at this end', [reply, taps.isNot(back)], elsewhere),
    rule('ICMP error from this end', [is('ct state', 'related'), sent], jump(NAMES.errorFrom[direction])),
    ...guard,
    rule('judge by the original packet', [original], vmap(forth, map)),
    rule('judge by the reply', [reply], vmap(back, map)),
  ];
}

/**
 * An ICMP error is judged as its flow is, on the flow's tuple, and what passes is noted in the flow's mark. So the
 * interface must be an end's of that flow. Where the error goes to, it is: conntrack takes for an error about a flow only
 * what is sent to the flow's own address. Where it comes from, anybody may have made it up, to have another's flow
 * judged by rules of his own: hence only the owner of the flow's address on that side. `side`: of the flow's tuple.
 */
function errorRules(side: 'saddr' | 'daddr'): NftRule[] {
  const owner = (header: 'ip' | 'ip6'): Field[] => ['iifname', 'ether saddr', `ct original ${header} ${side}`];
  return [
    rule('of its own flow', [inSet(owner('ip'), NAMES.sources[4])], RETURN),
    rule('of its own flow', [inSet(owner('ip6'), NAMES.sources[6])], RETURN),
    rule('of its own flow', [inSet(owner('ip'), NAMES.pairs[4])], RETURN),
    rule('of its own flow', [inSet(owner('ip6'), NAMES.pairs[6])], RETURN),
    rule('no port security', [inSet(['iifname'], NAMES.unfiltered)], RETURN),
    rule('error about a flow of others that has yet to be judged', [], DROP),
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
function statelessChains(withLog: boolean): NftChain[] {
  const logged = (kind: Direction, field: 'iifname' | 'oifname'): NftRule[] =>
    withLog ? [packetLogRule(kind, field)] : [];
  const { egress, ingress } = NAMES.endpoints.packet;
  return [
    {
      name: 'stateless-source',
      hook: { type: 'filter', hook: 'forward', priority: -2, policy: 'accept' },
      rules: [
        rule('source end, by packet', [], vmap('iifname', egress)),
        ...logged('egress', 'iifname'),
        notPassed('iifname'),
      ],
    },
    {
      name: 'stateless-destination',
      hook: { type: 'filter', hook: 'forward', priority: -1, policy: 'accept' },
      rules: [
        rule('destination end, by packet', [], vmap('oifname', ingress)),
        ...logged('ingress', 'oifname'),
        notPassed('oifname'),
      ],
    },
  ];
}

/** What passes does not come back from an endpoint's chain (see `PolicyList.verdicts`). */
function notPassed(field: 'iifname' | 'oifname'): NftRule {
  return rule('nothing allows it, or its policy is being committed', [inSet([field], NAMES.stateless)], DROP);
}
