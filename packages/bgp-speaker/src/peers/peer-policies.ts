import { type BGPPeer, type ResourceFinding, type RoutePolicy, unknownPolicyFindings } from '@slash32/shared';
import { builtInTerms, type NamedPolicy } from '../rib/route-policy.ts';

/** The policies that a peer names, looked up. */
export interface PeerPolicies {
  readonly importPolicies: readonly NamedPolicy[];
  readonly exportPolicies: readonly NamedPolicy[];
  readonly findings: readonly ResourceFinding[];
}

/** A name without a RoutePolicy closes its direction (RFC 8212: no policy, no routes), with a finding. */
export function peerPolicies(peer: BGPPeer, known: ReadonlyMap<string, RoutePolicy>): PeerPolicies {
  const lookUp = (direction: 'import' | 'export'): readonly NamedPolicy[] =>
    peer.spec[direction].map((name) => ({
      name,
      terms: builtInTerms(name, direction) ?? known.get(name)?.spec.terms ?? 'unknown',
    }));
  const importPolicies = lookUp('import');
  return {
    importPolicies,
    exportPolicies: lookUp('export'),
    findings: [
      ...unknownPolicyFindings(peer, known),
      ...importPolicies.flatMap((policy, index) => metricFindings(peer, policy, index)),
    ],
  };
}

function metricFindings(peer: BGPPeer, { name, terms }: NamedPolicy, index: number): readonly ResourceFinding[] {
  if (terms === 'unknown' || terms.every(({ match }) => match.metric === undefined)) return [];
  return [
    {
      code: 'bgp-peer.metric-on-import',
      resource: `BGPPeer/${peer.metadata.name}`,
      path: `spec.import[${index}]`,
      severity: 'warning',
      message: `RoutePolicy "${name}" has a term with match.metric, which no received route has; the term never matches`,
    },
  ];
}
