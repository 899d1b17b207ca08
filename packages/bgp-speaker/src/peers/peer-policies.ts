import {
  type BGPPeer,
  BUILT_IN_POLICIES,
  type ResourceFinding,
  type RoutePolicy,
  type RoutePolicyTerm,
  unknownPolicyFindings,
} from '@slash32/shared';
import { builtInTerms, type NamedPolicy } from '../rib/route-policy.ts';

type Direction = 'import' | 'export';

/** The policies that a peer names, looked up. */
export interface PeerPolicies {
  readonly importPolicies: readonly NamedPolicy[];
  readonly exportPolicies: readonly NamedPolicy[];
  readonly findings: readonly ResourceFinding[];
}

export interface KnownPolicies {
  /** By name. */
  readonly policies: ReadonlyMap<string, RoutePolicy>;
  /** RFC 8212 to the letter, for this session: the built-in policies are none. */
  readonly policyRequired: boolean;
}

/** What the built-in policies are where a policy is required: `bgp routes --why` shows the term's name. */
const REJECT_ALL: readonly RoutePolicyTerm[] = [{ name: 'ebgp-requires-policy', match: {}, action: 'reject' }];

/** A name without a RoutePolicy closes its direction (RFC 8212: no policy, no routes), with a finding. */
export function peerPolicies(peer: BGPPeer, { policies: known, policyRequired }: KnownPolicies): PeerPolicies {
  const lookUp = (direction: Direction): readonly NamedPolicy[] =>
    peer.spec[direction].map((name) => {
      const builtIn = builtInTerms(name, direction);
      if (builtIn !== undefined) return { name, terms: policyRequired ? REJECT_ALL : builtIn };
      return { name, terms: known.get(name)?.spec.terms ?? 'unknown' };
    });
  const importPolicies = lookUp('import');
  return {
    importPolicies,
    exportPolicies: lookUp('export'),
    findings: [
      ...unknownPolicyFindings(peer, known),
      ...(policyRequired ? [...requiredFindings(peer, 'import'), ...requiredFindings(peer, 'export')] : []),
      ...importPolicies.flatMap((policy, index) => metricFindings(peer, policy, index)),
    ],
  };
}

function requiredFindings(peer: BGPPeer, direction: Direction): readonly ResourceFinding[] {
  const index = peer.spec[direction].indexOf(BUILT_IN_POLICIES[direction]);
  if (index === -1) return [];
  const effect = direction === 'import' ? 'no route of it is used' : 'nothing is announced to it';
  return [
    {
      code: 'bgp-peer.policy-required',
      resource: `BGPPeer/${peer.metadata.name}`,
      path: `spec.${direction}[${index}]`,
      severity: 'warning',
      message: `the built-in ${BUILT_IN_POLICIES[direction]} counts as no policy while FabricConfiguration/default has ebgpRequiresPolicy, so ${effect}; name a RoutePolicy`,
    },
  ];
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
