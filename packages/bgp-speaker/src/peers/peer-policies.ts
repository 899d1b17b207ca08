import type { BGPPeer, ResourceFinding, RoutePolicy } from '@slash32/shared';
import { builtInTerms, type NamedPolicy } from '../rib/route-policy.ts';

/** The policies that a peer names, looked up. */
export interface PeerPolicies {
  readonly importPolicies: readonly NamedPolicy[];
  readonly exportPolicies: readonly NamedPolicy[];
  readonly findings: readonly ResourceFinding[];
}

const EFFECT = { import: 'no route of it is used', export: 'nothing is announced to it' } as const;

/** A name without a RoutePolicy closes its direction (RFC 8212: no policy, no routes), with a finding. */
export function peerPolicies(peer: BGPPeer, known: ReadonlyMap<string, RoutePolicy>): PeerPolicies {
  const findings: ResourceFinding[] = [];
  const lookUp = (direction: 'import' | 'export'): readonly NamedPolicy[] =>
    peer.spec[direction].map((name, index) => {
      const terms = builtInTerms(name, direction) ?? known.get(name)?.spec.terms;
      const resource = `BGPPeer/${peer.metadata.name}`;
      const path = `spec.${direction}[${index}]`;
      if (terms === undefined) {
        findings.push({
          code: 'bgp-peer.unknown-policy',
          resource,
          path,
          severity: 'error',
          message: `there is no RoutePolicy "${name}", so ${EFFECT[direction]}; create it, or name another`,
        });
        return { name, terms: 'unknown' };
      }
      if (direction === 'import' && terms.some(({ match }) => match.metric !== undefined)) {
        findings.push({
          code: 'bgp-peer.metric-on-import',
          resource,
          path,
          severity: 'warning',
          message: `RoutePolicy "${name}" has a term with match.metric, which no received route has; the term never matches`,
        });
      }
      return { name, terms };
    });
  const importPolicies = lookUp('import');
  return { importPolicies, exportPolicies: lookUp('export'), findings };
}
