import type { NftChain } from '@slash32/shared';
import { NAMES } from '../ir/names.ts';
import { ACCEPT, DROP, goto, inSet, is, jump, rule, vmap } from '../ir/rule.ts';
import type { TapMatch } from './tap-match.ts';

/**
 * A forwarded packet passes one base chain per end of its flow, so that a flow between two instances of this host is
 * judged at both. `accept` ends the own base chain only.
 *
 * An end is found by the flow's original direction: the source's end is where original packets come in and replies go
 * out. So a flow that has to be judged again is, from any of its packets.
 *
 * `ct direction` matches neither untracked nor invalid packets; they end in the drops.
 */
export function forwardChains(taps: TapMatch, withStateless: boolean): NftChain[] {
  const { egress, ingress } = NAMES.endpoints.flow;
  const original = is('ct direction', 'original');
  const reply = is('ct direction', 'reply');
  // An ICMP error carries its flow's tuple but not its protocol: it must not be taken for the flow's packet.
  const strayErrors = [
    rule('error about a flow that has yet to be judged', [is('ct state', 'related'), taps.is('iifname')], DROP),
    rule('error about a flow that has yet to be judged', [is('ct state', 'related'), taps.is('oifname')], DROP),
  ];
  const noFlow = is('ct state', 'invalid', 'untracked');
  const stateless = withStateless ? statelessChains() : [];
  return [
    ...stateless,
    {
      name: 'forward-source',
      hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' },
      rules: [
        rule('judged before', [], jump(NAMES.current)),
        ...strayErrors,
        rule('source end', [original], vmap('iifname', egress)),
        rule('source end, replies', [reply], vmap('oifname', egress)),
        rule('no endpoint has this interface', [original, taps.is('iifname')], DROP),
        rule('no endpoint has this interface', [reply, taps.is('oifname')], DROP),
        ...(withStateless ? [rule('judged by packet', [noFlow, inSet(['iifname'], NAMES.stateless)], ACCEPT)] : []),
        rule('belongs to no flow', [noFlow, taps.is('iifname')], DROP),
      ],
    },
    {
      name: 'forward-destination',
      hook: { type: 'filter', hook: 'forward', priority: 1, policy: 'accept' },
      rules: [
        rule('judged before', [], jump(NAMES.current)),
        ...strayErrors,
        rule('destination end', [original], vmap('oifname', ingress)),
        rule('destination end, replies', [reply], vmap('iifname', ingress)),
        rule('no endpoint has this interface', [original, taps.is('oifname')], DROP),
        rule('no endpoint has this interface', [reply, taps.is('iifname')], DROP),
        rule('to elsewhere, passed at its source', [original, taps.is('iifname')], goto(NAMES.passed)),
        rule('to elsewhere, passed at its source', [reply, taps.is('oifname')], goto(NAMES.passed)),
        ...(withStateless
          ? [
              rule('judged by packet', [noFlow, inSet(['oifname'], NAMES.stateless)], ACCEPT),
              rule('judged by packet', [noFlow, inSet(['iifname'], NAMES.stateless), taps.isNot('oifname')], ACCEPT),
            ]
          : []),
        rule('belongs to no flow', [taps.is('iifname')], DROP),
        rule('belongs to no flow', [taps.is('oifname')], DROP),
      ],
    },
  ];
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
      rules: [rule('source end, by packet', [], vmap('iifname', egress))],
    },
    {
      name: 'stateless-destination',
      hook: { type: 'filter', hook: 'forward', priority: -1, policy: 'accept' },
      rules: [rule('destination end, by packet', [], vmap('oifname', ingress))],
    },
  ];
}
