import type { ResourceFinding } from '../control/daemon-status.ts';
import type { BGPPeer } from './bgp-peer.ts';
import { resourceKey } from './resource-key.ts';
import { BUILT_IN_POLICIES } from './route-policy.ts';

const EFFECT = { import: 'no route of it is used', export: 'nothing is announced to it' } as const;

/** Policies that a peer names and that do not exist; each closes its direction. `known`: names of RoutePolicies. */
export function unknownPolicyFindings(
  peer: BGPPeer,
  known: { has(name: string): boolean },
): readonly ResourceFinding[] {
  return (['import', 'export'] as const).flatMap((direction) =>
    peer.spec[direction].flatMap((name, index): readonly ResourceFinding[] => {
      if (name === BUILT_IN_POLICIES[direction] || known.has(name)) return [];
      return [
        {
          code: 'bgp-peer.unknown-policy',
          resource: resourceKey('BGPPeer', undefined, peer.metadata.name),
          path: `spec.${direction}[${index}]`,
          severity: 'error',
          message: `there is no RoutePolicy "${name}", so ${EFFECT[direction]}; create it, or name another`,
        },
      ];
    }),
  );
}
