import type { NftChain } from '@slash32/shared';
import { NAMES } from '../ir/names.ts';
import { inSet, is, jump, rule, type Statement } from '../ir/rule.ts';
import { CONTROL_PORTS, TUNNEL_PROTOCOLS } from '../model/fabric-protocols.ts';

/**
 * No instance speaks the protocols of the fabric to hosts, whatever its groups say: a host would take it for a router or
 * for another host. Its own host it does not reach at all (`to-host`); the others are destinations like any other, so
 * flows to them are looked at once, when they are judged at the source's end.
 */
export function hostGuardRules(): NftChain['rules'] {
  return ([4, 6] as const).map((family) =>
    rule(
      'to a host of the fabric',
      [inSet([`ct original ${family === 4 ? 'ip' : 'ip6'} daddr`], NAMES.hosts[family])],
      jump(NAMES.toFabricHost),
    ),
  );
}

/** `drop`: how it does that. */
export function hostGuardChain(drop: Statement): NftChain {
  const families = ['ipv4', 'ipv6'] as const;
  return {
    name: NAMES.toFabricHost,
    rules: [
      rule('tunnels', [is('ct original protocol', ...TUNNEL_PROTOCOLS.map(String))], drop),
      ...families.flatMap((family) =>
        [...CONTROL_PORTS].map(([protocol, ports]) =>
          rule(
            'control and tunnel protocols',
            [
              is('meta nfproto', family),
              is('ct original protocol', String(protocol)),
              is('ct original proto-dst', ...ports.map(String)),
            ],
            drop,
          ),
        ),
      ),
    ],
  };
}
