import type { NftChain, NftRule } from '@slash32/shared';
import { type Direction, NAMES } from '../ir/names.ts';
import { ACCEPT, DROP, inSet, is, jump, rule, vmap } from '../ir/rule.ts';
import type { TapMatch } from './tap-match.ts';

/**
 * A forwarded packet passes one base chain per end of its flow, so that a flow between two instances of this host is
 * judged at both. `accept` ends the own base chain only.
 *
 * An end is found by the flow's original direction: the source's end is where original packets come in and replies go
 * out. So a flow that has to be judged again is, from any of its packets.
 */
export function forwardChains(taps: TapMatch, withStateless: boolean): NftChain[] {
  const base = [
    endChain('forward-source', 0, 'egress', 'iifname', 'oifname', taps, withStateless),
    endChain('forward-destination', 1, 'ingress', 'oifname', 'iifname', taps, withStateless),
  ];
  return withStateless ? [...statelessChains(), ...base] : base;
}

/** `forth`: where the end is for packets of the original direction; `back`: for replies. */
function endChain(
  name: string,
  priority: number,
  direction: Direction,
  forth: 'iifname' | 'oifname',
  back: 'iifname' | 'oifname',
  taps: TapMatch,
  withStateless: boolean,
): NftChain {
  const original = is('ct direction', 'original');
  const reply = is('ct direction', 'reply');
  const map = NAMES.endpoints.flow[direction];
  const noFlow = is('ct state', 'invalid', 'untracked');
  return {
    name,
    hook: { type: 'filter', hook: 'forward', priority, policy: 'accept' },
    rules: [
      rule('passed before', [], jump(NAMES.judged[direction])),
      rule('no instance at this end', [original, taps.isNot(forth)], ACCEPT),
      rule('no instance at this end', [reply, taps.isNot(back)], ACCEPT),
      // An ICMP error carries its flow's tuple but not its protocol: it must not be taken for the flow's packet.
      rule('error about a flow that has yet to be judged', [is('ct state', 'related')], DROP),
      rule('judge by the original packet', [original], vmap(forth, map)),
      rule('judge by the reply', [reply], vmap(back, map)),
      ...(withStateless ? [rule('judged by packet', [noFlow, inSet([forth], NAMES.stateless)], ACCEPT)] : []),
      rule('no endpoint has this interface, or no flow', [taps.is(forth)], DROP),
      rule('no endpoint has this interface', [reply, taps.is(back)], DROP),
    ],
  };
}

/**
 * Endpoints whose groups are stateless are judged by each packet, before any flow is known to have passed. Here, too,
 * one base chain per end.
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
